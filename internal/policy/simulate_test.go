package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

var someDay = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// What a simulation predicts is what the new policy decides: each past decision
// alone, taken again, differs just as it says.
func TestSimulationPredictsWhatHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		oldModel, newModel := drawModel(t), drawModel(t)
		old, new := load(t, oldModel), load(t, newModel)
		past := Past{
			At: someDay, Kind: rapid.SampledFrom([]string{"next", "outcome", "propose", "validate"}).Draw(t, "kind"),
			Subject: drawSubject(t), Record: drawRecord(t),
			Asked: rapid.SliceOfNDistinct(rapid.SampledFrom(catalog.Names()), 0, 4, rapid.ID).Draw(t, "asked"),
		}
		s := Simulate(old, new)
		s.Add(past)
		said := map[string]bool{}
		for _, e := range s.Forecast().Effects {
			for _, target := range e.Targets {
				said[fmt.Sprint(e.Kind, " ", target)] = true
			}
			if unfilled(e.Text("en") + e.Text("fr")) {
				t.Fatalf("unfilled: %s", e.Text("en"))
			}
		}
		for _, want := range otherwise(oldModel, newModel, past) {
			if !said[want] {
				t.Fatalf("%s is not predicted: %v", want, said)
			}
			delete(said, want)
		}
		if len(said) > 0 {
			t.Fatalf("predicted and not so: %v", said)
		}
	})
}

// otherwise is what differs, by the naive evaluator.
func otherwise(old, new model, past Past) (out []string) {
	q := questions[past.Kind]
	allows := func(m model, a Action, target Target) bool { return m.allows(past.Subject, a, target, past.Record) }
	verb := OnObject(q.object)
	switch {
	case allows(old, q.action, verb) && !allows(new, q.action, verb):
		return []string{fmt.Sprint(Refused, " ", verb)}
	case !allows(old, q.action, verb):
		return nil
	}
	asked := past.Asked
	if past.Kind == "next" {
		asked = catalog.Names()
	}
	for _, name := range asked {
		field := OnField(name)
		if past.Kind == "next" {
			before, after := allows(old, Read, field), allows(new, Read, field)
			if after && !before {
				out = append(out, fmt.Sprint(Shown, " ", field))
			}
			if before && !after {
				out = append(out, fmt.Sprint(Hidden, " ", field))
			}
			continue
		}
		fate := func(m model) string {
			switch {
			case allows(m, Write, field):
				return "written"
			case allows(m, Propose, field):
				return "proposed"
			}
			return "lost"
		}
		if fate(old) != fate(new) {
			out = append(out, fmt.Sprint(fate(new), " ", field))
		}
	}
	return out
}

func TestForecastReads(t *testing.T) {
	t.Parallel()
	old := plateau(t)
	new, err := Load("new.yaml", []byte(strings.NewReplacer(
		"read: [class public, class personal, prospect.status, prospect.next_action, prospect.comment], write: [prospect.status, prospect.next_action, prospect.comment], propose: [prospect.lead_status]",
		"read: [class public, prospect.phone, prospect.score], write: [prospect.lead_status], propose: [prospect.status]",
		"{on: appointment, scope: campaign, actions: [read, write]}", "{on: appointment, scope: campaign, actions: [read]}",
	).Replace(string(old.Text()))), catalog)
	if err != nil {
		t.Fatal(err)
	}
	s := Simulate(old, new)
	for i := range 5 {
		who := bridge.PersonID([]string{"alice", "bruno"}[i%2])
		caller := Subject{Person: who, Team: "p1", Connection: "phoning.console", Profile: "caller"}
		boss := Subject{Person: "samir", Team: "p1", Connection: "phoning.console", Profile: "supervisor"}
		record := Record{Owner: who, Assignee: who, Handed: true, CampaignTeam: "p1"}
		at, mark := someDay.Add(time.Duration(i)*time.Hour), fmt.Sprintf("%032x", i)
		s.Add(Past{At: at, Kind: "next", Subject: caller, Record: record, Mark: mark})
		s.Add(Past{At: at, Kind: "outcome", Subject: caller, Record: record, Mark: mark, Asked: []bridge.FieldName{"prospect.status", "prospect.lead_status", "prospect.comment"}})
		s.Add(Past{At: at, Kind: "validate", Subject: boss, Record: record, Mark: mark})
		s.Add(Past{At: at, Kind: "amend", Subject: caller, Record: record, Mark: mark})
	}
	f := s.Forecast()
	if f.Decisions != 15 || f.Apart != 5 {
		t.Errorf("%d decided, %d apart", f.Decisions, f.Apart)
	}
	golden.File(t, "testdata/forecast.golden", f.Text("en")+"\n"+f.Text("fr"))
	if same := Simulate(old, old); same.Forecast().Text("en") != "0 decisions were decided again: not one would have been otherwise.\n" {
		t.Errorf("nothing reads %q", same.Forecast().Text("en"))
	}
}
