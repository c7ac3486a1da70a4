package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

func drawPast(t *rapid.T, label string) Past {
	out := Past{
		At: someDay, Kind: rapid.SampledFrom([]string{"next", "outcome", "amend", "propose", "validate", "correct"}).Draw(t, label+"kind"),
		Subject: drawSubject(t), Record: drawRecord(t),
		Asked:   rapid.SliceOfNDistinct(rapid.SampledFrom(catalog.Names()), 0, 4, rapid.ID).Draw(t, label+"asked"),
		Follows: rapid.SliceOfNDistinct(rapid.SampledFrom(catalog.Names()), 0, 1, rapid.ID).Draw(t, label+"follows"),
		Meeting: rapid.Bool().Draw(t, label+"meeting"),
		Verb:    rapid.SampledFrom([]Action{Create, Write}).Draw(t, label+"verb"),
	}
	if out.Kind == "next" {
		out.Asked, out.Follows, out.Meeting = nil, nil, false
	}
	return out
}

// Without all that a suggestion offers, everything that was done would have been
// done all the same; without one thing more, something would not.
func TestASuggestionTakesNothingThatWasUsed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		h := HabitsUnder(p)
		var past []Past
		for i := range rapid.IntRange(0, 6).Draw(t, "decisions") {
			past = append(past, drawPast(t, fmt.Sprint(i)))
			h.Add(past[i])
		}
		s := h.Suggest("policy.yaml")
		lean := m
		for _, o := range s.Offers {
			lean = lean.less(o)
		}
		if f := again(p, load(t, lean), past); len(f.Effects) > 0 {
			t.Fatalf("without what is offered:\n%s\n%v\n%s", f.Text("en"), s.Offers, m.text())
		}
		for _, o := range s.Sparing {
			if unfilled(o.Text("en") + o.Text("fr")) {
				t.Fatalf("unfilled: %s", o.Text("en"))
			}
			if f := again(p, load(t, lean.less(o)), past); o.Refused == 0 || len(f.Effects) == 0 {
				t.Fatalf("%s is kept, and was used %d times\n%s", o.Text("en"), o.Refused, m.text())
			}
		}
	})
}

func again(old, new *Policy, past []Past) Forecast {
	s := Simulate(old, new)
	for _, p := range past {
		s.Add(p)
	}
	return s.Forecast()
}

// less is the model without what is offered.
func (m model) less(o Offer) model {
	out := m
	out.roles = map[string]*modelRole{}
	for name, role := range m.roles {
		copied := *role
		copied.grants = nil
		for _, g := range role.grants {
			if name+"/"+g.name == o.Rule {
				g = g.less(o.Items)
			}
			if len(g.actions)+len(g.lists) > 0 {
				copied.grants = append(copied.grants, g)
			}
		}
		out.roles[name] = &copied
	}
	return out
}

func (g modelGrant) less(items []string) modelGrant {
	lists := map[Action][]string{}
	g.actions = slices.Clone(g.actions)
	for action, fields := range g.lists {
		if len(fields) > 0 {
			lists[action] = slices.Clone(fields)
		}
	}
	for _, item := range items {
		list, name, _ := strings.Cut(item, ": ")
		if list == "actions" {
			at := slices.Index(g.actions, Action(name))
			g.actions = slices.Delete(g.actions, at, at+1)
			continue
		}
		at := slices.Index(lists[Action(list)], name)
		lists[Action(list)] = slices.Delete(lists[Action(list)], at, at+1)
		if len(lists[Action(list)]) == 0 {
			delete(lists, Action(list))
		}
	}
	g.lists = lists
	return g
}

func TestSuggestionReads(t *testing.T) {
	t.Parallel()
	p := plateau(t)
	h := HabitsUnder(p)
	caller := Subject{Person: "alice", Team: "p1", Connection: "phoning.console", Profile: "caller"}
	boss := Subject{Person: "samir", Team: "p1", Connection: "phoning.console", Profile: "supervisor"}
	mine := Record{Owner: "alice", Assignee: "alice", Handed: true, CampaignTeam: "p1"}
	for i := range 3 {
		at := someDay.Add(time.Duration(i) * time.Hour)
		h.Add(Past{At: at, Kind: "next", Subject: caller, Record: mine})
		h.Add(Past{At: at, Kind: "outcome", Subject: caller, Record: mine, Asked: []bridge.FieldName{"prospect.comment"}})
	}
	h.Add(Past{At: someDay, Kind: "validate", Subject: boss, Record: mine})
	h.Did(Deed{At: someDay, Who: "samir", Role: "supervisor", Action: Write, Object: bridge.CampaignObj})
	h.Did(Deed{At: someDay, Who: "operator", Action: Write, Object: bridge.CampaignObj})
	s := h.Suggest("policy.yaml")
	s.Since, s.Until, s.Active = someDay.AddDate(0, 0, -30), someDay.AddDate(0, 0, 1), someDay.AddDate(0, 0, -3)
	nothing := HabitsUnder(p).Suggest("policy.yaml")
	nothing.Since, nothing.Until = s.Since, s.Until
	golden.File(t, "testdata/suggest.golden", s.Text("en")+"\n"+s.Text("fr")+"\n"+nothing.Text("en")+"\n"+nothing.Text("fr"))
}
