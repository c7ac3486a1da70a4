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

var someDay = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// What a simulation predicts is what the new policy decides: each past decision
// alone, taken again, differs just as it says.
func TestSimulationPredictsWhatHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		oldModel, newModel := drawModel(t), drawModel(t)
		old, new := load(t, oldModel), load(t, newModel)
		past := drawPast(t, "")
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
	for _, may := range hurdles(past) {
		if !may(old) {
			return nil
		}
	}
	for i, may := range hurdles(past) {
		if !may(new) {
			return []string{fmt.Sprint(Refused, " ", objectsOf(past.Kind)[i])}
		}
	}
	if past.Kind == "next" {
		return looks(old, new, past)
	}
	differ := func(target Target, fate func(m model) string) {
		if fate(old) != fate(new) {
			out = append(out, fmt.Sprint(fate(new), " ", target))
		}
	}
	for _, name := range past.Asked {
		differ(OnField(name), func(m model) string { return fateOf(m, past, name) })
	}
	for _, name := range past.Follows {
		if !slices.Contains(past.Asked, name) {
			differ(OnField(name), func(m model) string {
				if fateOf(m, past, name) == "written" {
					return "written"
				}
				return "lost"
			})
		}
	}
	if past.Meeting {
		differ(OnObject(bridge.Appointment), func(m model) string {
			if mayMeet(m, past) {
				return "proposed"
			}
			return "lost"
		})
	}
	return out
}

func looks(old, new model, past Past) (out []string) {
	for _, name := range catalog.Names() {
		before := old.allows(past.Subject, Read, OnField(name), past.Record)
		after := new.allows(past.Subject, Read, OnField(name), past.Record)
		if after && !before {
			out = append(out, fmt.Sprint(Shown, " ", OnField(name)))
		}
		if before && !after {
			out = append(out, fmt.Sprint(Hidden, " ", OnField(name)))
		}
	}
	path := Path{past.Subject.Connection, past.Subject.Profile}
	was, is := old.roles[old.profiles[path]].shows, new.roles[new.profiles[path]].shows
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(was, is)))) {
		before, after := slices.Contains(was, name), slices.Contains(is, name)
		switch x, y := old.context[name], new.context[name]; {
		case after && !before:
			out = append(out, fmt.Sprint(Shown, " context.", name))
		case before && !after:
			out = append(out, fmt.Sprint(Hidden, " context.", name))
		case x.typ != y.typ || x.expr != y.expr:
			out = append(out, fmt.Sprint(Derived, " context.", name))
		}
	}
	return out
}

func fateOf(m model, past Past, name bridge.FieldName) string {
	switch {
	case m.allows(past.Subject, Write, OnField(name), past.Record):
		return "written"
	case m.allows(past.Subject, Propose, OnField(name), past.Record):
		return "proposed"
	}
	return "lost"
}

func mayMeet(m model, past Past) bool {
	r := past.Record
	r.Owner = past.Subject.Person
	return m.allows(past.Subject, Propose, OnObject(bridge.Appointment), r) || m.allows(past.Subject, Write, OnObject(bridge.Appointment), r)
}

// hurdles are the rights that a command hangs on, as the package's documentation
// tells them; objectsOf says on what.
func hurdles(past Past) []func(model) bool {
	own := past.Record
	own.Owner = past.Subject.Person
	on := func(a Action, o bridge.Object, r Record) func(model) bool {
		return func(m model) bool { return m.allows(past.Subject, a, OnObject(o), r) }
	}
	see := on(Read, bridge.ProspectObj, past.Record)
	switch past.Kind {
	case "outcome":
		return []func(model) bool{on(Create, bridge.Activity, own)}
	case "amend":
		if past.Verb == Write {
			return []func(model) bool{on(Write, bridge.Activity, past.Record)}
		}
		return []func(model) bool{on(Create, bridge.Activity, own)}
	case "propose":
		return []func(model) bool{see, func(m model) bool { return mayMeet(m, past) }}
	case "validate":
		return []func(model) bool{on(Write, bridge.Appointment, past.Record)}
	case "correct":
		return []func(model) bool{see, on(Write, bridge.CampaignObj, past.Record)}
	}
	r, s := past.Record, past.Subject
	call := Record{Owner: s.Person, Handed: true, Team: r.CampaignTeam, CampaignTeam: r.CampaignTeam, Principal: r.Principal}
	queue := Record{Team: r.CampaignTeam, CampaignTeam: r.CampaignTeam, Principal: r.Principal}
	if mine := r.Assignee == s.Person && s.Person != ""; mine {
		queue.Assignee = s.Person
	} else if r.CampaignTeam == "" || r.CampaignTeam == s.Team {
		queue.Handed = true
	}
	return []func(model) bool{on(Create, bridge.Activity, call), on(Read, bridge.ProspectObj, queue), see}
}

func objectsOf(kind string) []bridge.Object {
	return map[string][]bridge.Object{
		"next": {bridge.Activity, bridge.ProspectObj, bridge.ProspectObj}, "outcome": {bridge.Activity}, "amend": {bridge.Activity},
		"propose": {bridge.ProspectObj, bridge.Appointment}, "validate": {bridge.Appointment}, "correct": {bridge.ProspectObj, bridge.CampaignObj},
	}[kind]
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
	if same := Simulate(old, old); !strings.HasPrefix(same.Forecast().Text("en"), "No decision was decided again.\n\nNot compared here: cards and lists") {
		t.Errorf("nothing reads %q", same.Forecast().Text("en"))
	}
}

// One is not many, in either language.
func TestAForecastCounts(t *testing.T) {
	for _, c := range []struct {
		decisions, ways int
		en, fr          string
	}{
		{0, 0, "No decision was decided again.", "Aucune décision n'a été reprise."},
		{1, 0, "One decision was decided again: it would have been the same.", "Une décision a été reprise : elle n'aurait pas été autre."},
		{1, 1, "One decision was decided again; it would have been otherwise, in one way.", "Une décision a été reprise ; elle aurait été autre, d'une façon."},
		{2, 1, "2 decisions were decided again; some would have been otherwise, in one way.", "2 décisions ont été reprises ; certaines auraient été autres, d'une façon."},
		{7, 3, "7 decisions were decided again; some would have been otherwise, in 3 ways.", "7 décisions ont été reprises ; certaines auraient été autres, de 3 façons."},
	} {
		f := Forecast{Decisions: c.decisions, Effects: make([]Effect, c.ways)}
		for lang, want := range map[string]string{"en": c.en, "fr": c.fr} {
			if got, _, _ := strings.Cut(f.Text(lang), "\n"); got != want {
				t.Errorf("%d decisions, %d ways: %q, want %q", c.decisions, c.ways, got, want)
			}
		}
	}
}
