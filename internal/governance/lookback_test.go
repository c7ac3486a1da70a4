package governance

import (
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/policy"
)

// ranked lets a director correct what their callers own, by rank alone.
const ranked = `version: 1
roles:
  director:
    grants:
      - {on: prospect, scope: own, read: [class public, prospect.owner], write: [prospect.status, prospect.comment]}
      - {on: campaign, scope: all, actions: [write]}
      - {on: activity, scope: all, actions: [create, delete]}
      - {on: policy, scope: all, actions: [propose, write]}
  caller: {under: director, grants: [{on: prospect, scope: own, read: [class public]}]}
profiles: {phoning.console: {director: director, caller: caller}}
`

const (
	crm    = bridge.ConnectionName("crm.main")
	spring = bridge.CampaignID("spring")
)

// working is a world with a lead that alice owns, on which dora corrects a status
// and records and lifts an opposition.
func working(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, []byte(ranked))
	old := w.desk.Rules()
	rules := *old
	rules.Campaigns = map[bridge.CampaignID]bridge.Campaign{spring: {ID: spring, CRM: crm, Team: "floor", Rules: "always"}}
	rules.Mapped = map[bridge.ConnectionName]map[bridge.FieldName]bool{crm: {"prospect.status": true, "prospect.owner": true}}
	rules.ByCRM = func(_ bridge.ConnectionName, user string) (bridge.PersonID, bool) { return bridge.PersonID(user), true }
	if !w.desk.Swap(old, &rules) {
		t.Fatal("somebody else changed the rules")
	}
	who := bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: "1"}
	page := connector.Page{Prospects: []bridge.Prospect{{Ref: who, ReadAt: time.Now(), Fields: map[bridge.FieldName]bridge.Value{
		"prospect.name": "N", "prospect.status": "new", "prospect.owner": "alice",
	}}}}
	if err := w.desk.TakeIn(t.Context(), spring, page, bridge.Standard().Names()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Correct(t.Context(), as("dora"), desk.LeadOf(spring, who), "e", "reached", "it was wrong"); err != nil {
		t.Fatal(err)
	}
	said := desk.Objection{Person: &who, Motive: "by mail"}
	if err := w.desk.Oppose(t.Context(), as("dora"), said); err != nil {
		t.Fatal(err)
	}
	return w
}

// A draft is judged for the people there are: what rank opens under it too.
func TestASimulationKnowsWhoStandsBelowWhom(t *testing.T) {
	t.Parallel()
	w := working(t)
	f, err := w.office.Simulate([]byte(ranked+"# the same again\n"), time.Time{})
	if err != nil || f.Decisions != 2 || f.Apart != 0 || len(f.Effects) > 0 {
		t.Errorf("under the same rules: %v\n%s", err, f.Text("en"))
	}
}

// What the ledger alone knows of is decided again too.
func TestASimulationKnowsOfOppositions(t *testing.T) {
	t.Parallel()
	w := working(t)
	draft := strings.Replace(ranked, "actions: [create, delete]", "actions: [delete]", 1)
	f, err := w.office.Simulate([]byte(draft), time.Time{})
	if err != nil || f.Decisions != 2 || f.Apart != 0 || len(f.Effects) != 1 {
		t.Fatalf("%v\n%s", err, f.Text("en"))
	}
	e := f.Effects[0]
	if e.Kind != policy.Refused || e.Role != "director" || e.Action != policy.Create || e.Targets[0] != "activity" || e.People != 1 || e.Examples[0].Person != "dora" || e.Examples[0].Record == "" {
		t.Errorf("%+v", e)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	w := working(t)
	offered := func(text string) map[string]bool {
		t.Helper()
		s, err := w.office.Suggest("policy.yaml", []byte(text), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Done != 2 || s.Active.IsZero() != (text != "") || s.Until.IsZero() {
			t.Errorf("%+v", s)
		}
		out := map[string]bool{}
		for _, o := range s.Offers {
			for _, item := range o.Items {
				out[item] = true
			}
		}
		return out
	}
	got := offered("")
	if len(got) != 2 || !got["write: prospect.comment"] || !got["actions: delete"] {
		t.Errorf("offered %v", got)
	}
	said := desk.Objection{Person: &bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: "1"}, Motive: "they changed their mind"}
	if err := w.desk.Lift(t.Context(), as("dora"), said); err != nil {
		t.Fatal(err)
	}
	s, err := w.office.Suggest("policy.yaml", nil, time.Time{})
	if err != nil || s.Done != 3 || len(s.Offers) != 1 {
		t.Errorf("after the lift: %v %+v", err, s.Offers)
	}
}

func TestSuggestGoesBackAsFarAsDecisionsAreKept(t *testing.T) {
	t.Parallel()
	w := working(t)
	w.office.opts.Kept = func(now time.Time) time.Time { return now.Add(time.Hour) }
	s, err := w.office.Suggest("policy.yaml", nil, time.Time{})
	if err != nil || s.Done != 0 || !s.Since.After(time.Now()) {
		t.Errorf("%v: %d done since %s", err, s.Done, s.Since)
	}
	if _, err := w.office.Suggest("p.yaml", []byte("version: 1"), time.Time{}); err == nil {
		t.Error("what is no policy is judged")
	}
}

// What the ledger alone knows of is told since a moment, with the right it hung on.
func TestDeeds(t *testing.T) {
	t.Parallel()
	w := working(t)
	var did []policy.Deed
	if err := w.desk.Deeds(time.Time{}, func(d policy.Deed) { did = append(did, d) }); err != nil {
		t.Fatal(err)
	}
	if len(did) != 1 || did[0].Role != "director" || did[0].Action != policy.Create || did[0].Object != bridge.Activity {
		t.Errorf("%+v", did)
	}
	if err := w.desk.Deeds(time.Now().Add(time.Hour), func(d policy.Deed) { t.Errorf("%+v is not of the future", d) }); err != nil {
		t.Fatal(err)
	}
}
