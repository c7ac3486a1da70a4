package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

// house is a small company: every role has the same grants, on what is its own.
const house = `version: 1
roles:
  direction: {grants: [{on: account, scope: own, read: [class public], write: [account.name], actions: [write, delete]}, {on: contact, scope: own, actions: [read]}]}
  supervisor:
    under: direction
    grants:
      - {on: account, scope: own, read: [class public], write: [account.name], actions: [write, delete]}
      - {on: contact, scope: own, actions: [read]}
      - {on: activity, scope: own, actions: [read]}
    deny: [{on: account, fields: [account.sector]}]
  caller: {under: supervisor, grants: [{on: account, scope: own, read: [class public], write: [account.name], actions: [write, delete]}]}
  marketing: {grants: [{on: account, scope: own, read: [class public], write: [account.name], actions: [write, delete]}]}
  auditor: {under: direction, grants: [{on: account, scope: own, actions: [read]}]}
  trainee: {under: auditor, grants: []}
profiles:
  phoning.console: {d: direction, s: supervisor, c: caller, m: marketing, a: auditor, t: trainee}
`

// staffed are people named after their profiles.
var staffed = Staff{
	"d": {{"phoning.console", "d"}}, "s": {{"phoning.console", "s"}}, "c": {{"phoning.console", "c"}}, "m": {{"phoning.console", "m"}},
	"both": {{"phoning.console", "c"}, {"phoning.console", "m"}}, "t": {{"phoning.console", "t"}}, "stranger": {{"phoning.console", "x"}},
}

func housePolicy(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Load("house.yaml", []byte(text), catalog)
	if err != nil {
		t.Fatal(err)
	}
	return p.With(staffed)
}

func on(profile bridge.Profile) Subject {
	return Subject{Person: bridge.PersonID(profile), Connection: "phoning.console", Profile: profile}
}

// The four accesses of an organisation, cell by cell: what the owner, somebody
// above and somebody beside may do with a caller's account.
func TestTheAccessesOfAnOrganisation(t *testing.T) {
	t.Parallel()
	for access, want := range map[Access]string{
		AccessPrivate: "c: read write delete | s: read write | d: read write | m:",
		AccessRead:    "c: read write delete | s: read write | d: read write | m: read",
		AccessWrite:   "c: read write delete | s: read write | d: read write | m: read write",
		AccessFull:    "c: read write delete | s: read write delete | d: read write delete | m: read write delete",
	} {
		t.Run(string(access), func(t *testing.T) {
			t.Parallel()
			p := housePolicy(t, house+"defaults: {account: "+string(access)+"}\n")
			var rows []string
			for _, who := range []bridge.Profile{"c", "s", "d", "m"} {
				row := string(who) + ":"
				for _, action := range []Action{Read, Write, Delete} {
					if p.Allows(on(who), action, bridge.Account, Record{Owner: "c"}) {
						row += " " + string(action)
					}
				}
				rows = append(rows, row)
			}
			if diff := cmp.Diff(want, strings.Join(rows, " | ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsOpened(t *testing.T) {
	t.Parallel()
	const share = "sharing: [{name: lent, on: account, from: %s, to: %s, access: read}]\n"
	noRank := strings.Replace(house, "under: direction\n", "under: direction\n    superiors: false\n", 1)
	for _, c := range []struct {
		name   string
		text   string
		who    Subject
		action Action
		target Target
		record Record
		by     OpenedBy // "": refused
	}{
		{"a superior", house, on("s"), Read, OnField("account.name"), Record{Owner: "c"}, ByRank},
		{"the superior's superior", house, on("d"), Write, OnField("account.name"), Record{Owner: "c"}, ByRank},
		{"not the other way", house, on("c"), Read, OnObject(bridge.Account), Record{Owner: "s"}, ""},
		{"nor beside", house, on("m"), Read, OnObject(bridge.Account), Record{Owner: "c"}, ""},
		{"rank adds no field", house, on("s"), Read, OnField("account.revenue"), Record{Owner: "c"}, ""},
		{"a deny wins over rank", house, on("s"), Read, OnField("account.sector"), Record{Owner: "c"}, ""},
		{"nothing is deleted by rank", house, on("d"), Delete, OnObject(bridge.Account), Record{Owner: "c"}, ""},
		{"an activity by rank", house, on("s"), Read, OnObject(bridge.Activity), Record{Owner: "c"}, ByRank},
		{"a profile that says no", noRank, on("s"), Read, OnObject(bridge.Account), Record{Owner: "c"}, ""},
		{"and those above it still", noRank, on("d"), Read, OnObject(bridge.Account), Record{Owner: "c"}, ByRank},
		{"an owner with a role elsewhere", house, on("s"), Read, OnObject(bridge.Account), Record{Owner: "both"}, ""},
		{"an owner whom no profile maps", house, on("d"), Read, OnObject(bridge.Account), Record{Owner: "stranger"}, ""},
		{"an owner whom nobody knows", house, on("d"), Read, OnObject(bridge.Account), Record{Owner: "ghost"}, ""},
		{"nobody's", house, on("d"), Read, OnObject(bridge.Account), Record{}, ""},
		{"contacts follow accounts", house + "defaults: {account: read}\n", on("s"), Read, OnObject(bridge.Contact), Record{}, ByDefault},
		{"shared by a role", house + fmt.Sprintf(share, "{role: caller}", "{role: marketing}"), on("m"), Read, OnObject(bridge.Account), Record{Owner: "c"}, BySharing},
		{"shared to read only", house + fmt.Sprintf(share, "{role: caller}", "{role: marketing}"), on("m"), Write, OnObject(bridge.Account), Record{Owner: "c"}, ""},
		{"shared by the role alone", house + fmt.Sprintf(share, "{role: supervisor}", "{role: marketing}"), on("m"), Read, OnObject(bridge.Account), Record{Owner: "c"}, ""},
		{"shared by a role and those below", house + fmt.Sprintf(share, "{role: direction, subordinates: true}", "{role: marketing}"), on("m"), Read, OnObject(bridge.Account), Record{Owner: "c"}, BySharing},
		{"shared to a role and those below", house + fmt.Sprintf(share, "{role: marketing}", "{role: direction, subordinates: true}"), on("c"), Read, OnObject(bridge.Account), Record{Owner: "m"}, BySharing},
		{"shared by a team", house + fmt.Sprintf(share, "{team: red}", "{role: marketing}"), on("m"), Read, OnObject(bridge.Account), Record{Team: "red"}, BySharing},
		{"shared to a team", house + fmt.Sprintf(share, "{role: caller}", "{team: red}"), Subject{Team: "red", Connection: "phoning.console", Profile: "m"}, Read, OnObject(bridge.Account), Record{Owner: "c"}, BySharing},
		{"teammates", house + "teammates: {account: read}\n", Subject{Team: "red", Connection: "phoning.console", Profile: "m"}, Read, OnObject(bridge.Account), Record{Owner: "c", Team: "red"}, ByTeammates},
		{"not teammates", house + "teammates: {account: read}\n", Subject{Team: "red", Connection: "phoning.console", Profile: "m"}, Read, OnObject(bridge.Account), Record{Owner: "c", Team: "blue"}, ""},
		{"a role without a grant on it", house + "defaults: {account: full}\n", on("t"), Read, OnObject(bridge.Account), Record{Owner: "c"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := housePolicy(t, c.text).Explain(c.who, c.action, c.target, c.record)
			if e.Allowed != (c.by != "") || e.Opened.By != c.by {
				t.Errorf("allowed %v, opened by %q, want %q: %s", e.Allowed, e.Opened.By, c.by, e.Text("en"))
			}
		})
	}
}

// To map a profile changes the roles of those who own, as well.
func TestMappingAProfileCountsItsOwnPeople(t *testing.T) {
	t.Parallel()
	p := housePolicy(t, house+"sharing: [{on: account, from: {role: marketing}, to: {role: marketing}, access: read}]\n")
	e := p.Explain(on("x"), Read, OnField("account.name"), Record{Owner: "stranger"})
	if len(e.Remedy) != 1 || e.Remedy[0].Role != "marketing" {
		t.Errorf("%s", e.Text("en"))
	}
}

func TestWhatIsOpenedReads(t *testing.T) {
	t.Parallel()
	p := housePolicy(t, house+"defaults: {account: read}\nteammates: {account: read-write}\nsharing: [{name: lent, on: prospect, from: {role: caller}, to: {team: red}, access: read}]\n")
	q := housePolicy(t, strings.Replace(house, "caller: {under: supervisor", "caller: {under: marketing", 1)+"sharing: [{on: account, from: {role: direction, subordinates: true}, to: {role: marketing}, access: read-write}]\n")
	var out strings.Builder
	for _, lang := range []string{"en", "fr"} {
		for _, s := range []Subject{on("m"), {Person: "m", Team: "red", Connection: "phoning.console", Profile: "m"}} {
			out.WriteString(p.Explain(s, Write, OnField("account.name"), Record{Owner: "c", Team: "red"}).Text(lang) + "\n")
			out.WriteString(p.Explain(s, Read, OnField("account.name"), Record{Owner: "c", Team: "red"}).Text(lang) + "\n")
		}
		out.WriteString(p.Explain(on("d"), Write, OnField("account.name"), Record{Owner: "c"}).Text(lang) + "\n")
		out.WriteString(q.Explain(on("m"), Write, OnField("account.name"), Record{Owner: "s"}).Text(lang) + "\n\n")
		out.WriteString(Diff(p, q).Text(lang) + "\n")
	}
	golden.File(t, "testdata/opened.golden", out.String())
}

func TestCasesOfWhatIsOpened(t *testing.T) {
	t.Parallel()
	p := housePolicy(t, house+`teammates: {account: read}
tests:
  - {as: supervisor, owner: caller, can: [read account, write account.name], cannot: [delete account, read account.sector]}
  - {as: caller, owner: supervisor, cannot: [read account]}
  - {as: marketing, owner: caller, team: red, member: red, can: [read account], cannot: [write account]}
  - {as: marketing, owner: caller, team: red, member: blue, cannot: [read account]}
  - {name: wrong, as: direction, owner: caller, cannot: [read account]}
`)
	err := p.Test()
	want := "wrong does not hold: role direction may read account (direction/account/own, line 3), opened by caller/under, line 11; to make it hold"
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestThePolicyItselfKeepsItsStaff(t *testing.T) {
	t.Parallel()
	p := housePolicy(t, house)
	alone := p.With(nil)
	if alone.Allows(on("s"), Read, bridge.Account, Record{Owner: "c"}) || !p.Allows(on("s"), Read, bridge.Account, Record{Owner: "c"}) {
		t.Error("one policy's staff decides for the other")
	}
	staff := StaffOf([]bridge.Person{{ID: "gone", Phoning: map[bridge.ConnectionName]bridge.Login{"phoning.console": {Profile: "c"}}}, {}})
	if diff := cmp.Diff(Staff{"gone": {{"phoning.console", "c"}}}, staff); diff != "" {
		t.Errorf("staff (-want +got):\n%s", diff)
	}
}
