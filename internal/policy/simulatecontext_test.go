package policy

import (
	"slices"
	"testing"

	"passerelle/internal/bridge"
)

// What a card says of fields that it does not hold is compared like what it
// holds, where the CRM has what it is derived from.
func TestSimulationComparesContext(t *testing.T) {
	t.Parallel()
	under := func(expr, shows string) *Policy {
		t.Helper()
		p, err := Load("p.yaml", []byte(`version: 1
context:
  big: {type: bool, en: Big, fr: Gros, expr: "`+expr+`"}
roles:
  caller:
    grants: [{on: prospect, scope: all, read: [class public]}, {on: activity, scope: all, actions: [create]}]
    context: [`+shows+`]
profiles: {phoning.console: {agent: caller}}
`), catalog)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	margin := map[bridge.FieldName]bool{"account.margin": true}
	for name, c := range map[string]struct {
		old, new *Policy
		kind     string
		mapped   map[bridge.FieldName]bool
		want     []EffectKind
	}{
		"gained":            {under("account.margin > 1", ""), under("account.margin > 1", "big"), "next", margin, []EffectKind{Shown}},
		"gained, on a card": {under("account.margin > 1", ""), under("account.margin > 1", "big"), "view", nil, []EffectKind{Shown}},
		"gained, in a list": {under("account.margin > 1", ""), under("account.margin > 1", "big"), "list", margin, nil},
		"lost":              {under("account.margin > 1", "big"), under("account.margin > 1", ""), "next", margin, []EffectKind{Hidden}},
		"otherwise":         {under("account.margin > 1", "big"), under("account.margin > 2", "big"), "next", margin, []EffectKind{Derived}},
		"the same":          {under("account.margin > 1", "big"), under("account.margin > 1", "big"), "next", margin, nil},
		"the CRM lacks it":  {under("account.margin > 1", ""), under("account.margin > 1", "big"), "next", map[bridge.FieldName]bool{}, nil},
		"and it may":        {under("(account.margin ?? 0) > 1", ""), under("(account.margin ?? 0) > 1", "big"), "next", map[bridge.FieldName]bool{}, []EffectKind{Shown}},
		"of every policy":   {under("account.margin > 1", ""), under("account.margin > 1", "attempts"), "next", margin, []EffectKind{Shown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Simulate(c.old, c.new)
			s.Add(Past{Kind: c.kind, Mapped: c.mapped, Subject: Subject{Person: "alice", Connection: "phoning.console", Profile: "agent"}, Record: Record{Assignee: "alice", Handed: true}})
			var got []EffectKind
			for _, e := range s.Forecast().Effects {
				got = append(got, e.Kind)
				if e.Targets[0] != "context.big" && e.Targets[0] != "context.attempts" {
					t.Errorf("it is on %v", e.Targets)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, not %v", got, c.want)
			}
		})
	}
}
