package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const tested = `version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: assigned, read: [class public, prospect.phone]}
      - {on: appointment, scope: own, actions: [propose]}
    deny:
      - {on: prospect, fields: [class financial]}
profiles: {phoning.console: {agent: caller}}
tests:
  - name: whom they call
    as: caller
    record: [assigned]
    can: [read prospect.phone, read prospect]
    cannot: [read class financial of prospect, write prospect.phone, delete prospect]
  - as: phoning.console/agent
    cannot: [read prospect.phone, propose appointment]
`

func TestCasesThatHold(t *testing.T) {
	t.Parallel()
	p, err := Load("policy.yaml", []byte(tested), catalog)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Test(); err != nil {
		t.Error(err)
	}
	financial := 0
	for _, name := range catalog.Names() {
		if def, _ := catalog.Def(name); def.Class == "financial" && name.Object() == "prospect" {
			financial++
		}
	}
	if want := 6 + financial; p.Cases() != want || financial == 0 {
		t.Errorf("%d claims, want %d", p.Cases(), want)
	}
}

func TestCasesThatDoNotHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new, says string }{
		{"granted and should not be", "cannot: [read class", "cannot: [read prospect.phone, read class",
			"policy.yaml:15:14 tests[0].cannot[0]: whom they call does not hold: role caller may read prospect.phone (caller/prospect/assigned, line 5); to make it hold, give role caller the deny {on: prospect, fields: [prospect.phone], actions: [read]}"},
		{"denied", "can: [read", "can: [read " + financialField(t) + ", read", "tests[0].can[0]: whom they call does not hold: role caller is denied to read"},
		{"another scope", "record: [assigned]", "record: [own, team]", "only of records assigned to them, and this record is not (caller/prospect/assigned, line 5); to make it hold, give role caller the grant {on: prospect, scope: own, read: [prospect.phone]}"},
		{"about nothing", "cannot: [read class", "cannot: [read class structural of script, read class", "tests[0].cannot[0]: whom they call does not hold: script has no field of class structural"},
		{"without a name", "cannot: [read prospect.phone, propose", "can: [write prospect.phone]\n    cannot: [read prospect.phone, propose", "test 2 does not hold: no grant lets role caller write prospect.phone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(tested, c.old, c.new, 1)
			p, err := Load("policy.yaml", []byte(text), catalog)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Test(); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v\ndoes not say %s", err, c.says)
			}
		})
	}
}

func financialField(t *testing.T) string {
	t.Helper()
	for _, name := range catalog.Names() {
		if def, _ := catalog.Def(name); def.Class == "financial" && name.Object() == "prospect" {
			return string(name)
		}
	}
	t.Fatal("the test's catalogue has no financial field of a prospect")
	return ""
}

// A case says of a policy what the policy decides.
func TestCasesAgreeWithDecisions(t *testing.T) {
	t.Parallel()
	p := plateau(t)
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.SampledFrom(p.Roles()).Draw(t, "role")
		scope := rapid.SampledFrom(Scopes()).Draw(t, "scope")
		action := rapid.SampledFrom(Actions()).Draw(t, "action")
		field := rapid.SampledFrom(catalog.Names()).Draw(t, "field")
		target := string(field)
		if action == Delete || rapid.Bool().Draw(t, "whole object") {
			target = string(field.Object())
		}
		text := string(p.Text()) + "\ntests: [{as: " + string(role) + ", record: [" + string(scope) + "], can: [" + string(action) + " " + target + "]}]\n"
		with, err := Load("plateau.yaml", []byte(text), catalog)
		if err != nil {
			t.Fatal(err)
		}
		bit := with.cases[0].claims[0].bit
		allowed := with.role(role).rows[(scope.bit()|inAll)&^inAll][action.index()].has(bit)
		if holds := with.Test() == nil; holds != allowed {
			t.Fatalf("%s %s as %s in %s: decided %v, the case says %v", action, target, role, scope, allowed, holds)
		}
	})
}

const windowed = `version: 1
window:
  zone: Europe/Paris
  hours:
    mon-fri: [08:00-20:00]
  exceptions:
    - {person: alice, until: 2026-11-29, motive: Sunday work, hours: {sun: ["08:00-20:00"]}}
roles:
  caller:
    window: {networks: [10.0.0.0/8]}
    grants: [{on: prospect, scope: assigned, read: [prospect.phone]}]
profiles: {}
tests:
  - {name: it, as: caller, record: [assigned], %s}
`

// A case at a time is that of the access window, too.
func TestCasesAtATime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, says string }{
		{`at: "2026-11-23T10:00", can: [read prospect.phone]`, ""},
		{`at: "2026-11-23T10:00", from: 10.1.2.3, can: [read prospect.phone]`, ""},
		{`at: "2026-11-23T10:00", from: 192.0.2.1, cannot: [read prospect.phone]`, ""},
		{`at: "2026-11-29T10:00", cannot: [read prospect.phone]`, ""},
		{`at: "2026-11-29T10:00", person: alice, can: [read prospect.phone], cannot: [write prospect.phone]`, ""},
		{`at: "2026-12-06T10:00", person: alice, cannot: [read prospect.phone]`, ""},
		{`can: [read prospect.phone]`, ""},
		{`at: "2026-11-29T10:00", can: [read prospect.phone]`, `tests[0].can[0]: it does not hold: outside the access hours of role caller (mon-fri 08:00-20:00, Europe/Paris); come back at 2026-11-30 08:00 CET; for an exception until a date, ask whoever keeps the policy (window, line 10); to make it hold, add the exception {person: somebody, until: 2026-11-29, motive: …, hours: {sun: ["10:00-11:00"]}} to window`},
		{`at: "2026-11-29T10:00", can: [write prospect.phone]`, `no grant lets role caller write prospect.phone; to make it hold, add prospect.phone to the write list of grant caller/prospect/assigned (policy.yaml:11:14); and add the exception {person: somebody`},
		{`at: "2026-11-29T10:00", person: alice, cannot: [read prospect.phone]`, `to make it hold, give role caller the deny`},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			err := loadText(t, fmt.Appendf(nil, windowed, c.text)).Test()
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}
