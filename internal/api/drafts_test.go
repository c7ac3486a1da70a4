package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/governance"
)

// What differs beside rights stands in fields of its own, not in the text alone.
func TestDiffTellsAllThatDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Office = governance.New(governance.Options{Store: o.Store, Desk: o.Desk, Now: o.Now})
	})
	w.conform()
	w.follow(strings.Replace(plateau, "{on: policy, scope: all, actions: [read]}", "{on: policy, scope: all, actions: [read, propose]}", 1))
	rules := w.desk.Rules().Policy
	if _, err := governance.Seed(t.Context(), w.store, rules.Text(), rules.Hash(), w.clock()); err != nil {
		t.Fatal(err)
	}
	draft := strings.Replace(string(rules.Text()), "  director:\n", "    statistics: team\n    requires: second_factor\n    window: {networks: [192.0.2.0/24]}\n  director:\n", 1) +
		"limits: [{role: supervisor, command: reassign, per_hour: 200}]\ncrm_rights: {crm.main: key}\n"
	body, err := json.Marshal(map[string]any{"text": draft, "motive": "narrower"})
	if err != nil {
		t.Fatal(err)
	}
	var proposed struct{ Policy string }
	w.ask("stan", "POST /v1/policy/drafts", string(body)).want(200).into(&proposed)
	var got delta
	w.ask("stan", "GET /v1/policy/diff?to="+proposed.Policy, "").want(200).into(&got)
	got.Text = ""
	want := delta{
		Moves: []profileMove{}, Changes: []rightChange{}, Cards: []cardChange{}, Ranks: []rankChange{}, Sharing: []shareChange{}, Territories: []string{},
		Windows:    []windowChange{{Role: "supervisor", Networks: []string{"0.0.0.0/0", "::/0"}, Keeps: []string{"192.0.2.0/24"}}},
		Limits:     []limitChange{{Role: "supervisor", Command: "reassign", To: 200}},
		Statistics: []statisticsChange{{Role: "supervisor", To: "team", Gains: true}},
		Strengths:  []strengthChange{{Role: "supervisor", To: "second_factor"}},
		Bounds:     []boundChange{{Connection: crm, New: "key"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(windowChange{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var none delta
	w.ask("stan", "GET /v1/policy/diff", "").want(200).into(&none)
	if none.Windows == nil || none.Limits == nil || none.Statistics == nil || none.Strengths == nil || none.Bounds == nil {
		t.Errorf("nothing is null where a list is empty: %+v", none)
	}
}
