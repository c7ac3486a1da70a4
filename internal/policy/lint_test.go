package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/policy/presets"
	"passerelle/test/golden"
)

// someone comes through the console under a profile.
func someone(id, profile string) bridge.Person {
	return bridge.Person{
		ID: bridge.PersonID(id), Active: true,
		Phoning: map[bridge.ConnectionName]bridge.Login{"phoning.console": {Name: id, Profile: bridge.Profile(profile)}},
	}
}

// team is a person for each profile of the console.
func team(profiles ...string) []bridge.Person {
	var out []bridge.Person
	for i, profile := range profiles {
		out = append(out, someone(fmt.Sprintf("p%d", i), profile))
	}
	return out
}

func TestLint(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	users := &Users{People: append(team("supervisor", "r1", "r2", "r3", "r5"), someone("Alice", "alice"), someone("rob", "caller"))}
	users.People[1].Phoning["phoning.dialler"] = bridge.Login{Name: "bob", Profile: "agent"}
	var got strings.Builder
	seen := map[Check]bool{}
	for _, file := range []string{"lint.yaml", "lintwindow.yaml"} {
		p, err := Load(file, readFile(t, "testdata/"+file), bridge.Standard())
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"en", "fr"} {
			for _, a := range append(p.Lint(file, lang, users), p.LintWindows(file, lang, now, users.People)...) {
				fmt.Fprintf(&got, "%s %s\n", a.Check, a)
				seen[a.Check] = true
			}
		}
	}
	golden.File(t, "testdata/lint.golden", got.String())
	for check := range advices {
		if !seen[check] {
			t.Errorf("nothing here is %s", check)
		}
	}
}

// TestLintWithoutUsers asks the text alone.
func TestLintWithoutUsers(t *testing.T) {
	t.Parallel()
	const policyGrant = "{on: policy, scope: all, actions: [%s]}"
	for _, c := range []struct {
		name, text string
		want       []Check
	}{
		{"two roles share the policy", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+"]}, b: {grants: ["+policyGrant+"]}}\nprofiles: {phoning.console: {a: a, b: b}}", "propose", "write"), nil},
		{"nobody activates", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+"]}}\nprofiles: {phoning.console: {a: a}}", "propose"), []Check{Unchangeable}},
		{"nobody has the role that does", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+"]}, b: {grants: [{on: script, scope: all, actions: [read]}]}}\nprofiles: {phoning.console: {b: b}}", "propose, write"), []Check{Unchangeable, UnusedRole}},
		{"a campaign's supervisor is no caller", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: campaign, scope: all, actions: [write]}, {on: activity, scope: all, actions: [create, delete]}, {on: prospect, scope: all, read: [class public], write: [prospect.status]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), nil},
		{"a caller does not delete", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: activity, scope: all, actions: [create, delete]}, {on: prospect, scope: all, read: [class public], write: [prospect.status]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), []Check{CallerDeletes}},
		{"unless that is denied", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: activity, scope: all, actions: [create, delete]}, {on: prospect, scope: all, read: [class public], write: [prospect.status]}], deny: [{on: activity, actions: [delete]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), nil},
		{"whose a prospect is, nobody reads", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: prospect, scope: own, read: [class public]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), []Check{UnseenOwner}},
		{"a role without a profile reads it", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: prospect, scope: own, read: [class public]}]}, b: {grants: [{on: prospect, scope: all, read: [prospect.owner]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), []Check{UnseenOwner, UnusedRole}},
		{"another role reads it", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: prospect, scope: own, read: [class public]}]}, b: {grants: [{on: prospect, scope: all, read: [prospect.owner]}]}}\nprofiles: {phoning.console: {a: a, b: b}}", "propose, write"), nil},
		{"an activity is its author's", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: activity, scope: own, actions: [read]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), nil},
		{"the mark of who is not to be called, nobody reads", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: activity, scope: own, actions: [create]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), []Check{UnseenOpposition}},
		{"fields are validated too", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: prospect, scope: all, propose: [prospect.lead_status]}, {on: appointment, scope: all, actions: [write]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), []Check{SelfValidation}},
		{"who writes a field needs no validation", fmt.Sprintf("roles: {a: {grants: ["+policyGrant+", {on: prospect, scope: all, write: [prospect.lead_status], propose: [prospect.lead_status]}, {on: appointment, scope: all, actions: [write]}]}}\nprofiles: {phoning.console: {a: a}}", "propose, write"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := Load("policy.yaml", []byte("version: 1\n"+c.text), bridge.Standard())
			if err != nil {
				t.Fatal(err)
			}
			var got []Check
			for _, a := range p.Lint("policy.yaml", "en", nil) {
				got = append(got, a.Check)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChangeable(t *testing.T) {
	t.Parallel()
	const text = "version: 1\nroles:\n  both: {grants: [{on: policy, scope: all, actions: [propose, write]}]}\n  half: {grants: [{on: policy, scope: all, actions: [propose]}]}\nprofiles: {phoning.console: {both: both, half: half}}\n"
	p, err := Load("policy.yaml", []byte(text), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	gone := team("both", "both")
	gone[1].Active = false
	for _, c := range []struct {
		name   string
		people []bridge.Person
		want   bool
	}{
		{"nobody", nil, false},
		{"one who may do both", team("both"), false},
		{"two who may", team("both", "both"), true},
		{"one who may propose and one who may do both", team("half", "both"), true},
		{"two who may propose", team("half", "half"), false},
		{"one of the two has left", gone, false},
	} {
		if got := p.Changeable(c.people); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// An exception that may last longer than rights go without a review is told more
// strongly, from the first day that is too far off by the clock of its window.
func TestExceptionsThatLast(t *testing.T) {
	t.Parallel()
	const text = "version: 1\nroles: {a: {grants: [{on: prospect, scope: own, actions: [read]}]}}\nprofiles: {phoning.console: {a: a}}\n" +
		"window: {zone: Europe/Paris, networks: [10.0.0.0/8], exceptions: [{person: p0, until: %s, motive: from home, networks: [192.0.2.0/24]}]}\n"
	noon, night := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		until  string
		now    time.Time
		people []bridge.Person
		want   Check
	}{
		{"2026-11-21", noon, team("a"), ExpiredException},
		{"2026-11-22", noon, team("a"), LiveException},
		{"2026-11-22", night, team("a"), ExpiredException}, // the next day has begun in Paris
		{"2027-02-20", noon, team("a"), LiveException},
		{"2027-02-21", noon, team("a"), LongException},
		{"2027-02-21", night, team("a"), LiveException},
		{"9999-12-31", noon, team("a"), LongException},
		{"9999-12-31", noon, nil, LongException}, // whoever the people are
		{"9999-12-31", noon, []bridge.Person{}, UnknownException},
	} {
		p := loadText(t, fmt.Appendf(nil, text, c.until))
		got := p.LintWindows("policy.yaml", "en", c.now, c.people)
		if len(got) != 1 || got[0].Check != c.want || got[0].Line != 4 {
			t.Errorf("until %s at %s: %v, want %s", c.until, c.now, got, c.want)
		}
	}
}

// An exception that lets its person in no further than the window of each role
// that they have is told as what it is: of no use.
func TestExceptionsThatAddNothing(t *testing.T) {
	t.Parallel()
	const text = `version: 1
window:
  zone: Europe/Paris
  %s
  exceptions: [{person: p0, until: 2026-12-24, motive: from home, %s}]
roles:
  a: {grants: [{on: prospect, scope: own, actions: [read]}]}
  b: {grants: [{on: prospect, scope: own, actions: [read]}], window: {networks: [10.1.0.0/16]}}
profiles: {phoning.console: {a: a}, phoning.other: {b: b}}
`
	both := team("a")
	both[0].Phoning["phoning.other"] = bridge.Login{Name: "p0", Profile: "b"}
	for _, c := range []struct {
		window, exception string
		people            []bridge.Person
		want              Check
	}{
		{"", `hours: {sun: ["10:00-18:00"]}`, team("a"), IdleException},
		{`hours: {mon-sun: ["09:00-19:00"]}`, `hours: {sun: ["10:00-18:00"]}`, team("a"), IdleException},
		{`hours: {mon-sun: ["09:00-17:00"]}`, `hours: {sun: ["10:00-18:00"]}`, team("a"), LiveException},
		{`hours: {mon-sun: ["09:00-19:00"]}`, `networks: [192.0.2.0/24]`, team("a"), IdleException},
		{"networks: [192.0.0.0/16]", `networks: [192.0.2.0/24]`, team("a"), IdleException},
		{"networks: [192.0.0.0/16]", `networks: [192.0.2.0/24]`, both, LiveException},
		{"networks: [192.0.0.0/16]", `networks: [192.0.2.0/24]`, nil, LiveException}, // of some role they may have
		{"networks: [192.0.2.0/25]", `networks: [192.0.2.0/24]`, team("a"), LiveException},
	} {
		p := loadText(t, fmt.Appendf(nil, text, c.window, c.exception))
		got := p.LintWindows("policy.yaml", "en", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), c.people)
		if len(got) != 1 || got[0].Check != c.want {
			t.Errorf("%s, %s: %v, want %s", c.window, c.exception, got, c.want)
		}
	}
}

func TestChangeableFrom(t *testing.T) {
	t.Parallel()
	const text = `version: 1
roles:
  everywhere: {grants: [{on: policy, scope: all, actions: [propose, write]}]}
  office: {window: {networks: [10.0.0.0/8]}, grants: [{on: policy, scope: all, actions: [propose, write]}]}
  hours: {window: {zone: Europe/Paris, hours: {mon: ["08:00-09:00"]}}, grants: [{on: policy, scope: all, actions: [propose, write]}]}
window:
  exceptions:
    - {person: p0, until: 2026-12-31, motive: from home, networks: [127.0.0.1/32]}
    - {person: p1, until: 2027-01-05, motive: at the weekend, networks: [127.0.0.1/32], hours: {sat: ["09:00-12:00"]}}
profiles: {phoning.console: {everywhere: everywhere, office: office, hours: hours}}
`
	p, err := Load("policy.yaml", []byte(text), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	office := netip.MustParseAddr("10.1.2.3")
	before, after := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	sunday := time.Date(2027, 1, 3, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		people []bridge.Person
		visit  Visit
		want   bool
	}{
		{"everybody, anywhere", team("everywhere", "everywhere"), Visit{after, HubSocket}, true},
		{"two of the office, from there", team("office", "office"), Visit{after, office}, true},
		{"two of the office, from the socket", team("office", "office"), Visit{after, HubSocket}, false},
		{"one of the office and one who is let in", team("office", "everywhere"), Visit{after, HubSocket}, false},
		{"one has an exception", team("office", "everywhere"), Visit{before, HubSocket}, true},
		{"another hour comes", team("hours", "hours"), Visit{after, HubSocket}, true},
		{"the hours of an exception come", team("everywhere", "office"), Visit{after, HubSocket}, true},
		{"they come no more before its last day is over", team("everywhere", "office"), Visit{sunday, HubSocket}, false},
	} {
		if got := p.ChangeableFrom(c.people, c.visit); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestLintOfWindowsThatShutOut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, windows string
		people        []bridge.Person
		want          []string
	}{
		{"from one network only", "window: {networks: [10.0.0.0/8]}", team("director", "director"), []string{"window"}},
		{"without a config", "window: {networks: [10.0.0.0/8]}", nil, []string{"window"}},
		{"the hub's own address too", "window: {networks: [10.0.0.0/8, 127.0.0.1/32]}", team("director", "director"), nil},
		{"the hub's own address too, without a config", "window: {networks: [10.0.0.0/8, 127.0.0.0/8]}", nil, nil},
		{"at other hours", "window: {zone: Europe/Paris, hours: {mon-fri: [\"08:00-20:00\"]}}", team("director", "director"), nil},
		{"nobody could anyway", "window: {networks: [10.0.0.0/8]}", team("director"), nil},
	} {
		text := "version: 1\nroles: {director: {grants: [{on: policy, scope: all, actions: [propose, write]}]}}\nprofiles: {phoning.console: {director: director}}\n" + c.windows
		p, err := Load("policy.yaml", []byte(text), bridge.Standard())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range p.LintWindows("policy.yaml", "en", now, c.people) {
			if a.Check == ShutOut {
				got = append(got, a.Path)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestLintOfPresets(t *testing.T) {
	t.Parallel()
	for _, name := range presets.Names() {
		text, _ := presets.Text(name)
		p, err := Load(name+".yaml", text, bridge.Standard())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range p.Lint(name+".yaml", "en", nil) {
			t.Error(a)
		}
	}
}

// TestLintIsRightAboutGrants takes away what lint says gives nothing: nothing
// changes. And each grant that is left gives something.
func TestLintIsRightAboutGrants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		idle := map[string]bool{}
		for _, a := range p.Lint("policy.yaml", "en", nil) {
			if a.Check == EmptyGrant || a.Check == DeniedGrant || a.Check == CoveredGrant {
				idle[p.ruleAt(a.Pos)] = true
			}
		}
		lean := m.without(func(rule string) bool { return idle[rule] })
		p = load(t, lean)
		if delta := Diff(load(t, m), p); len(delta.Changes) > 0 {
			t.Fatalf("without %v: %v\n%s", idle, delta.Changes, m.text())
		}
		for name, role := range lean.roles {
			for _, g := range role.grants {
				rule := name + "/" + g.name
				less := load(t, lean.without(func(r string) bool { return r == rule }))
				if delta := Diff(p, less); len(delta.Changes) == 0 {
					t.Fatalf("%s gives nothing, and lint does not say so\n%s", rule, lean.text())
				}
			}
		}
	})
}

// ruleAt is the name of the rule that stands there.
func (p *Policy) ruleAt(at Pos) string {
	for _, ro := range p.roles {
		for _, r := range ro.rules {
			if r.pos == at {
				return r.name
			}
		}
	}
	return ""
}

// without is the model less some of its grants.
func (m model) without(gone func(rule string) bool) model {
	out := m
	out.roles = map[string]*modelRole{}
	for name, role := range m.roles {
		less := *role
		less.grants = slices.DeleteFunc(slices.Clone(role.grants), func(g modelGrant) bool { return gone(name + "/" + g.name) })
		out.roles[name] = &less
	}
	return out
}
