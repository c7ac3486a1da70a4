package desk

import (
	"context"
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
)

// A note that comes minutes later says nothing about the lead: what a
// supervisor decided meanwhile stands.
func TestALateNoteDoesNotReopenADecision(t *testing.T) {
	t.Parallel()
	for _, verb := range []Verb{Validate, Reject} {
		f := newFloor(t)
		f.pull(map[string]string{"1": "01 99 00 00 01"})
		h := f.mustNext("alice")
		r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
		if _, err := f.desk.Decide(context.Background(), as("sam"), r.Proposal, Ruling{Verb: verb, Reason: "too far"}); err != nil {
			t.Fatal(err)
		}
		want := f.lead(h.Lead.ID).State
		f.pass(time.Minute)
		f.mustRecord("alice", bridge.CallEvent{EventID: "note", Amends: "e", Note: "ring at the back door"}, "")
		if got := f.lead(h.Lead.ID).State; got != want {
			t.Errorf("%s, then a late note: the lead is %s, was %s", verb, got, want)
		}
	}
}

// An opposition that was lifted is not said again by a note to the call it came
// from, and the CRM is told once.
func TestALateNoteDoesNotRepeatAnOpposition(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "opt_out", Campaign: spring, ProspectID: "1"}, "")
	for _, o := range []Objection{{Number: "01 99 00 00 01", Motive: "mistaken"}, {Person: new(ref("1")), Motive: "mistaken"}} {
		if err := f.desk.Lift(context.Background(), as("sam"), o); err != nil {
			t.Fatal(err)
		}
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "note", Amends: "e", Note: "was angry"}, "")
	err := f.desk.look(bridge.Actor{Operator: true}, func(c *command) error {
		l, err := c.lead(leadID("1"))
		if c.opposed(l) {
			t.Error("a late note opposed again what a supervisor lifted")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	told := slices.DeleteFunc(kinds(f.entries()), func(k bridge.WriteKind) bool { return k != bridge.WriteOpposition })
	if len(told) != 1 {
		t.Errorf("the CRM is told %d times", len(told))
	}
}

// A test call leaves no trace in the CRM; nor does a note to it, which would
// look for a call there that never comes.
func TestAnAmendedTestCallStaysOutOfTheCRM(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "test", Campaign: spring, ProspectID: "1"}, "")
	f.mustRecord("alice", bridge.CallEvent{EventID: "n", Amends: "e", Note: "only a test"}, "")
	if got := f.entries(); len(got) != 0 {
		t.Fatalf("writes: %v", kinds(got))
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "no", Amends: "e", Disposition: "no_answer"}, "")
	f.mustRecord("alice", bridge.CallEvent{EventID: "n2", Amends: "e", Note: "it was none"}, "")
	var logs []*bridge.CallLog
	for _, e := range f.entries() {
		if e.Write.Kind == bridge.WriteActivity {
			logs = append(logs, e.Write.Call)
		}
	}
	if len(logs) != 2 || logs[0].Revises != "" || logs[1].Revises == "" {
		t.Errorf("the call that turned out to be none: %+v", logs)
	}
}

func TestAnAmendmentCanBeAmended(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "in_discussion", Fields: map[bridge.FieldName]any{"prospect.comment": "new"}}, h.Lead.ID)
	f.mustRecord("alice", bridge.CallEvent{EventID: "n", Amends: "e", Note: "one"}, "")
	f.mustRecord("alice", bridge.CallEvent{EventID: "m", Amends: "n", Note: "two"}, "")
	v, err := f.desk.Lead(as("sam"), h.Lead.ID)
	if err != nil || len(v.Outcomes) != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	o := v.Outcomes[0]
	if o.Note != "two" || o.Revision != 2 || !slices.Equal(o.Admitted, []bridge.FieldName{"prospect.comment", "prospect.status"}) {
		t.Errorf("%+v", o)
	}
}

// What follows from a disposition follows from the newest call: neither a call
// reported late nor a note to an older one sets the prospect's status back.
func TestAnOlderCallDoesNotSetTheStatusBack(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	status := func() (last bridge.Value) {
		for _, e := range f.entries() {
			for _, c := range e.Write.Fields {
				last = c.Value
			}
		}
		return last
	}
	take := func(e bridge.CallEvent) {
		t.Helper()
		e.Campaign, e.ProspectID = spring, "1"
		actor := bridge.Actor{Person: people["alice"], Connection: dialler}
		if _, err := f.desk.Record(context.Background(), actor, Call{Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	f.push()
	start := f.clock()
	take(bridge.CallEvent{EventID: "1", Disposition: "no_answer", OccurredAt: start})
	f.pass(time.Hour)
	take(bridge.CallEvent{EventID: "3", Disposition: "qualified", OccurredAt: f.clock()})
	take(bridge.CallEvent{EventID: "2", Disposition: "busy", OccurredAt: start.Add(time.Minute)})
	take(bridge.CallEvent{EventID: "n", Amends: "1", Note: "rang long", OccurredAt: f.clock()})
	if got := status(); got != "qualified" {
		t.Errorf("the status is %q", got)
	}
}

// Platforms repeat the whole call when something is added to it.
func TestAnAmendmentThatRepeatsTheAppointmentMakesNoSecond(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
	f.mustRecord("alice", bridge.CallEvent{EventID: "f", Amends: "e", Disposition: "appointment_set", Note: "x", Next: appointment("2026-12-01T10:00")}, "")
	f.mustRecord("alice", bridge.CallEvent{EventID: "g", Amends: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T11:00")}, "")
	found, _, err := f.desk.Proposals(as("sam"), "", Page{})
	if err != nil || len(found) != 1 || found[0].Meeting.Slot.Local != "2026-12-01T11:00:00" {
		t.Errorf("%+v, %v", found, err)
	}
}
