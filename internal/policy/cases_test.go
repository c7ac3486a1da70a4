package policy

import (
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
