package desk

import (
	"errors"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// leaves lets somebody leave, as who looks after people does.
func (f *floor) leaves(who bridge.PersonID) {
	f.t.Helper()
	err := f.store.Commit(f.t.Context(), func(tx *store.Tx) error { return f.desk.Leave(tx, bridge.Actor{Operator: true}, who) })
	if err != nil {
		f.t.Fatal(err)
	}
	old := f.desk.Rules()
	fresh := *old
	fresh.Person = func(id bridge.PersonID) (bridge.Person, bool) {
		p, known := old.Person(id)
		p.Active = p.Active && id != who
		return p, known
	}
	if !f.desk.Swap(old, &fresh) {
		f.t.Fatal("the rules were swapped meanwhile")
	}
}

// The lead on the line of somebody who leaves goes back at once, what they had
// typed is gone, their other leads go where the handover says, and what they did
// stays theirs.
func TestALeaversLeads(t *testing.T) {
	t.Parallel()
	ctx, operator := t.Context(), bridge.Actor{Operator: true}
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03"})
	done := f.mustNext("alice").Lead.ID
	f.mustRecord("alice", bridge.CallEvent{EventID: "e1", Disposition: "not_interested"}, done)
	open := f.mustNext("alice").Lead.ID
	if _, err := f.desk.KeepDraft(ctx, as("alice"), open, map[string]string{"note": "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.desk.Reassign(ctx, as("sam"), Choice{Campaign: spring, State: bridge.LeadWaiting}, "alice", "hers"); err != nil {
		t.Fatal(err)
	}
	before := f.lead(done)
	if _, err := f.desk.HandOverLeft(ctx, operator, "alice", Pool, "left"); !errors.As(err, new(*Denied)) {
		t.Errorf("the leads of somebody who is here: %v", err)
	}

	f.leaves("alice")
	if l := f.lead(open); l.Lease != nil || l.State != bridge.LeadWaiting || f.draftsOf(open) != 0 {
		t.Errorf("still on her line: %+v", l)
	}
	if _, err := f.desk.HandOverLeft(ctx, as("bob"), "alice", "bob", "left"); !errors.As(err, new(*Denied)) {
		t.Errorf("a caller hands over: %v", err)
	}
	if _, err := f.desk.HandOverLeft(ctx, operator, "alice", "alice", "left"); !errors.As(err, new(*Invalid)) {
		t.Errorf("to herself: %v", err)
	}
	moved, err := f.desk.HandOverLeft(ctx, operator, "alice", "bob", "left")
	if err != nil || moved.Moved == 0 || len(moved.Skipped) > 0 {
		t.Fatalf("%+v, %v", moved, err)
	}
	hers := 0
	for _, l := range f.all() {
		if l.Assignee == "alice" && l.State == bridge.LeadWaiting {
			hers++
		}
	}
	if hers > 0 {
		t.Errorf("%d are still hers", hers)
	}
	if after := f.lead(done); after.State != before.State || after.Assignee != before.Assignee {
		t.Errorf("what she did was %+v, is %+v", before, after)
	}
	for _, e := range f.entries() {
		if e.Write.Author != "alice" {
			t.Errorf("a write of hers is %s's", e.Write.Author)
		}
	}
}
