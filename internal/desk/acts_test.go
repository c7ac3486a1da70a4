package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

func (f *floor) undo(who bridge.PersonID, act string) Moved {
	f.t.Helper()
	out, err := f.desk.Undo(context.Background(), as(who), act)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// What was reassigned goes back, and only what is still as it was left: not what
// is on a line, nor what somebody has given to another since.
func TestUndoAReassignment(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	many(f, 2*atOnce+4)
	done, err := f.desk.Reassign(ctx, as("sam"), Choice{Campaign: spring}, "bob", "holiday")
	if err != nil || done.Act == "" || f.with("bob") != 2*atOnce+4 {
		t.Fatalf("%+v, %v", done, err)
	}
	f.pass(time.Second)
	taken := f.mustNext("bob").Lead.ID
	if _, err := f.desk.Reassign(ctx, as("sue"), Choice{IDs: []bridge.LeadID{leadID("7")}}, "alice", "hers"); err != nil && leadID("7") != taken {
		t.Fatal(err)
	}
	all, err := f.desk.Acts(as("sue"))
	if err != nil || len(all) != 2 || all[1].ID != done.Act || all[1].By != "sam" || all[1].To != "bob" || all[1].Leads != 2*atOnce+4 || all[1].Motive != "holiday" {
		t.Fatalf("%+v, %v", all, err)
	}
	if hers, err := f.desk.Acts(as("alice")); err != nil || len(hers) != 0 {
		t.Errorf("a caller sees %v, %v", hers, err)
	}
	if no, err := f.desk.Undo(ctx, as("alice"), done.Act); err != nil || no.Moved != 0 || no.Skipped[0].Why != StaysDenied {
		t.Errorf("a caller takes %d back, %v", no.Moved, err)
	}
	back := f.undo("sue", done.Act)
	if back.Moved != 2*atOnce+2 || f.with("") != 2*atOnce+2 || f.with("bob") != 1 || f.with("alice") != 1 {
		t.Errorf("%d are back, the pool has %d", back.Moved, f.with(""))
	}
	var why []Why
	for _, s := range back.Skipped {
		why = append(why, s.Why)
	}
	if slices.Sort(why); !slices.Equal(why, []Why{StaysChanged, StaysOnLine}) {
		t.Errorf("those that stay: %+v", back.Skipped)
	}
	var clash *Clash
	if _, err := f.desk.Undo(ctx, as("sue"), done.Act); !errors.As(err, &clash) {
		t.Errorf("undone twice: %v", err)
	}
	if f.lines("undo reassign") != 3 {
		t.Errorf("the ledger has %d lines of it", f.lines("undo reassign"))
	}
}

// A closed lead waits again; one whose proposal has been decided on meanwhile
// stays closed.
func TestUndoAClosing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03"})
	var asked []Receipt
	for i := range 2 {
		h := f.mustNext("alice")
		asked = append(asked, f.mustRecord("alice", bridge.CallEvent{EventID: fmt.Sprint(i), Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID))
	}
	done, err := f.desk.Close(ctx, as("sam"), Choice{Campaign: spring}, "over")
	if err != nil || done.Moved != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := f.desk.Decide(ctx, as("sam"), asked[0].Proposal, Ruling{Verb: Validate}); err != nil {
		t.Fatal(err)
	}
	back := f.undo("sam", done.Act)
	if back.Moved != 2 || len(back.Skipped) != 1 || back.Skipped[0].Lead != asked[0].Lead || back.Skipped[0].Why != StaysChanged {
		t.Errorf("%+v", back)
	}
	if a, b := f.lead(asked[0].Lead).State, f.lead(asked[1].Lead).State; a != bridge.LeadClosed || b != bridge.LeadPending {
		t.Errorf("%s and %s", a, b)
	}
	if h := f.mustNext("bob"); h.Lead.ID == asked[0].Lead || h.Lead.ID == asked[1].Lead {
		t.Error("what waits for a decision is handed out")
	}
}

// A corrected status gets the value that it had, unless somebody has changed it
// since.
func TestUndoACorrection(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"}, map[bridge.FieldName]bridge.Value{bridge.FieldStatus: "callback"})
	status := func() bridge.Value {
		var last bridge.Value
		for _, e := range f.entries() {
			for _, field := range e.Write.Fields {
				last = field.Value
			}
		}
		return last
	}
	correct := func(event, to string) Receipt {
		t.Helper()
		r, err := f.desk.Correct(ctx, as("sam"), leadID("1"), event, to, "mistyped")
		if err != nil || r.Act == "" {
			t.Fatalf("%+v, %v", r, err)
		}
		return r
	}
	first := correct("1", "qualified")
	if back := f.undo("sue", first.Act); back.Moved != 1 || status() != "callback" {
		t.Errorf("%+v, the status is %q", back, status())
	}
	second := correct("2", "customer")
	correct("3", "qualified")
	if back := f.undo("sam", second.Act); back.Moved != 0 || back.Skipped[0].Why != StaysChanged || status() != "qualified" {
		t.Errorf("%+v, the status is %q", back, status())
	}
}

// After a day nothing is undone, and nothing is kept for it.
func TestActsAreDropped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	many(f, 3*atOnce)
	done, err := f.desk.Reassign(ctx, as("sam"), Choice{Campaign: spring}, "bob", "holiday")
	if err != nil {
		t.Fatal(err)
	}
	f.pass(undoWithin)
	var gone *NotFound
	if _, err := f.desk.Undo(ctx, as("sam"), done.Act); !errors.As(err, &gone) {
		t.Errorf("undone after a day: %v", err)
	}
	kept := func() (n int) {
		_ = f.store.View(func(tx *store.Tx) error { n, _ = actSteps.Count(tx, done.Act); return nil })
		return n
	}
	for i := range 4 {
		to := []string{"alice", "bob"}[i%2]
		if _, err := f.desk.Reassign(ctx, as("sam"), Choice{IDs: []bridge.LeadID{leadID("1")}}, to, "hers"); err != nil {
			t.Fatal(err)
		}
	}
	if kept() != 0 {
		t.Errorf("%d leads of it are kept", kept())
	}
}

// Whoever is forgotten is forgotten in what can be undone.
func TestAnActForgetsALead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	many(f, 2)
	done, err := f.desk.Close(ctx, as("sam"), Choice{Campaign: spring}, "over")
	if err != nil {
		t.Fatal(err)
	}
	err = f.desk.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		_, err := c.erase(ref("1"), nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if back := f.undo("sam", done.Act); back.Moved != 1 || len(back.Skipped) != 0 {
		t.Errorf("%+v", back)
	}
}

// Whatever supervisors do to whatever leads, undone in the reverse order it is as
// it was before.
func TestUndoingIsTheReverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		f := newFloor(t)
		const n = 6
		many(f, n)
		for i := range rapid.IntRange(0, 2).Draw(rt, "calls") {
			f.mustRecord("alice", bridge.CallEvent{EventID: fmt.Sprint(i), Disposition: "not_interested"}, f.mustNext("alice").Lead.ID)
		}
		if rapid.Bool().Draw(rt, "somebody is on the line") {
			f.mustNext("bob")
		}
		state := func() (out []string) {
			for i := range n {
				l := f.lead(leadID(fmt.Sprint(i)))
				out = append(out, fmt.Sprint(l.State, l.Assignee, l.Lease != nil))
			}
			return out
		}
		before := state()
		var done []string
		for range rapid.IntRange(1, 6).Draw(rt, "acts") {
			var choice Choice
			for i := range n {
				if rapid.Bool().Draw(rt, "this one") {
					choice.IDs = append(choice.IDs, leadID(fmt.Sprint(i)))
				}
			}
			if choice.empty() {
				choice.Campaign = spring
			}
			act := func() (Moved, error) { return f.desk.Close(ctx, as("sam"), choice, "over") }
			if to := rapid.SampledFrom([]string{"alice", "bob", Pool, ""}).Draw(rt, "to"); to != "" {
				act = func() (Moved, error) { return f.desk.Reassign(ctx, as("sue"), choice, to, "why") }
			}
			moved, err := act()
			if err != nil {
				rt.Fatal(err)
			}
			if moved.Act != "" {
				done = append(done, moved.Act)
			}
			f.pass(time.Second)
		}
		for _, act := range slices.Backward(done) {
			if back := f.undo("sam", act); len(back.Skipped) > 0 {
				rt.Errorf("left alone: %+v", back.Skipped)
			}
		}
		if after := state(); !slices.Equal(before, after) {
			rt.Errorf("before %v, after %v", before, after)
		}
	})
}
