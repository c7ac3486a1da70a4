package policy

import "passerelle/internal/bridge"

// Scope says which records a grant is about, seen from the person.
type Scope string

// The scopes, from the narrowest to the widest.
const (
	Own       Scope = "own"       // they own or authored it
	Assigned  Scope = "assigned"  // it is assigned, or now handed, to them
	Team      Scope = "team"      // it belongs to their team
	Territory Scope = "territory" // it lies in their territory
	Campaign  Scope = "campaign"  // it is in a campaign that their team runs
	Principal Scope = "principal" // it is for the principal they work for
	All       Scope = "all"

	// Subordinates is what those below the role own: what rank reaches. No grant
	// has it; matrix and diff tell of it.
	Subordinates Scope = "subordinates"
)

// Scopes lists them all, from the narrowest to the widest.
func Scopes() []Scope {
	return []Scope{Own, Assigned, Team, Territory, Campaign, Principal, All}
}

// reaches are the scopes and what rank adds to them.
func reaches() []Scope { return append(Scopes(), Subordinates) }

// scopeSet is the set of scopes a record is in: bit i is reaches()[i].
type scopeSet uint8

const (
	inOwn scopeSet = 1 << iota
	inAssigned
	inTeam
	inTerritory
	inCampaign
	inPrincipal
	inAll
	onSubordinates // of no record: only to tell
)

// scopeRows is the number of sets that differ in more than inAll, which is
// always there.
const scopeRows = int(inAll)

// bit is the scope's own set, empty if there is no such scope.
func (s Scope) bit() scopeSet {
	switch s {
	case Own:
		return inOwn
	case Assigned:
		return inAssigned
	case Team:
		return inTeam
	case Territory:
		return inTerritory
	case Campaign:
		return inCampaign
	case Principal:
		return inPrincipal
	case All:
		return inAll
	case Subordinates:
		return onSubordinates
	}
	return 0
}

// Subject is who wants something: a person as they come through one connection,
// or, without a Person, whoever works a platform's list under a profile.
type Subject struct {
	Person     bridge.PersonID       `json:"person,omitempty"`
	Team       string                `json:"team,omitempty"`
	Territory  string                `json:"territory,omitempty"`
	Principal  string                `json:"principal,omitempty"`
	Connection bridge.ConnectionName `json:"connection"`
	Profile    bridge.Profile        `json:"profile"`
}

// SubjectOf is the subject of a command. An operator, somebody inactive and
// somebody without a login on the connection have no profile, so no right.
func SubjectOf(a bridge.Actor) Subject {
	if a.Operator || !a.Person.Active {
		return Subject{Connection: a.Connection}
	}
	return Subject{
		Person: a.Person.ID, Team: a.Person.Team, Territory: a.Person.Territory, Principal: a.Person.Principal,
		Connection: a.Connection, Profile: a.Profile(),
	}
}

// SubjectOfFeed is whoever works a platform's list of a campaign: what the
// cards pushed there are made for. Push with [Record.Handed] set.
func SubjectOfFeed(c bridge.Campaign, feed bridge.PlatformList) Subject {
	return Subject{Team: c.Team, Principal: c.Principal, Connection: feed.Connection, Profile: feed.Profile}
}

// Record is what scopes are decided by: the attributes of one record. An empty
// attribute is unknown or nobody's and puts the record in no scope. The fields
// of other objects that travel with it (the account of a prospect) are decided
// in the scope of this record.
type Record struct {
	Owner        bridge.PersonID `json:"owner,omitempty"`         // of an activity or a proposal: its author; of an appointment that a salesperson reads who it is for: them
	Assignee     bridge.PersonID `json:"assignee,omitempty"`      // of the lead
	Handed       bool            `json:"handed,omitempty"`        // it is leased, being handed or pushed to the subject: counts as assigned to them
	Team         string          `json:"team,omitempty"`          // it belongs to
	CampaignTeam string          `json:"campaign_team,omitempty"` // that runs its campaign
	Territory    string          `json:"territory,omitempty"`
	Principal    string          `json:"principal,omitempty"`
	// CRM is whose record it is. A decision's record does not keep it: its key says.
	CRM bridge.ConnectionName `json:"-"`
}

// scopesOf is the set of scopes that hold for the subject on the record.
func scopesOf(s *Subject, r *Record) scopeSet {
	set := inAll
	if r.Owner != "" && r.Owner == s.Person {
		set |= inOwn
	}
	if r.Handed || r.Assignee != "" && r.Assignee == s.Person {
		set |= inAssigned
	}
	if r.Team != "" && r.Team == s.Team {
		set |= inTeam
	}
	if r.Territory != "" && r.Territory == s.Territory {
		set |= inTerritory
	}
	if r.CampaignTeam != "" && r.CampaignTeam == s.Team {
		set |= inCampaign
	}
	if r.Principal != "" && r.Principal == s.Principal {
		set |= inPrincipal
	}
	return set
}

// narrowest is the narrowest scope of the set.
func (set scopeSet) narrowest() Scope {
	for _, s := range Scopes() {
		if set&s.bit() != 0 {
			return s
		}
	}
	return All
}
