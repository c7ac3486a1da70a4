package demo

// member is somebody who holds a token.
type member struct {
	id    string
	title string // what they are, for those a visitor plays; "" for those who work by themselves
	does  string
}

// The people a visitor tries the three commands as.
const (
	visitorCaller     = "camille"
	visitorSupervisor = "sophie"
)

// robotSupervisor decides on what robotCallers propose.
const robotSupervisor = "samir"

var robotCallers = []string{"alice", "bruno", "chloe", "david"}

// salespeople are those with whom appointments are made.
var salespeople = []string{"claire", "hugo"}

// cast is everybody whom passerelle.yaml gives a token.
var cast = []member{
	{visitorCaller, "caller", "works leads, sees neither money nor what is confidential"},
	{visitorSupervisor, "supervisor", "validates, reassigns, corrects"},
	{"claire", "field sales", "sees her own portfolio and its history"},
	{"maud", "marketing", "segments, scores, opt-in; no call reports"},
	{"denis", "direction", "sees margins and confidential notes, reads the ledger"},
	{"nadia", "DPO", "oppositions, policy and ledger"},
	{id: "alice"}, {id: "bruno"}, {id: "chloe"}, {id: "david"}, {id: robotSupervisor},
}

// campaignID is the campaign of passerelle.yaml.
const campaignID = "prospection"
