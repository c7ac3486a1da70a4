package desk

import (
	"context"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
)

// What keeps a prospect beyond its term, one thing at a time.
func TestWhatKeepsAProspect(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	over := func(f *floor) { f.endCampaigns(); f.pass(2 * term) }
	meeting := func(f *floor) bridge.ProposalID {
		at := f.clock().AddDate(0, 0, 10)
		return f.mustRecord("alice", bridge.CallEvent{
			EventID: "meet", Disposition: "appointment_set",
			Next: &bridge.Next{Kind: bridge.NextAppointment, At: at.Format(time.RFC3339), With: "vera"},
		}, leadID("1")).Proposal
	}
	decide := func(f *floor, id bridge.ProposalID, r Ruling) {
		if _, err := f.desk.Decide(ctx, as("sue"), id, r); err != nil {
			f.t.Fatal(err)
		}
	}
	tests := map[string]struct {
		arrange func(f *floor)
		stays   bool
	}{
		"nothing":              {func(f *floor) { over(f) }, false},
		"its campaign runs":    {func(f *floor) { f.pass(2 * term) }, true},
		"it has just ended":    {func(f *floor) { f.pass(2 * term); f.endCampaigns() }, true},
		"on somebody's line":   {func(f *floor) { f.mustNext("alice"); over(f) }, true},
		"the lease is over":    {func(f *floor) { f.mustNext("alice"); over(f); _, _ = f.desk.ExpireLeases(ctx) }, false},
		"on a platform's list": {func(f *floor) { _, _, _ = f.desk.ToPush(ctx, spring, dial, "", 9); over(f) }, true},
		"left the selection":   {func(f *floor) { _ = f.desk.Unread(ctx, spring, only()); f.pass(2 * term) }, false},
		"an open write": {func(f *floor) {
			f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer"}, f.mustNext("alice").Lead.ID)
			over(f)
		}, true},
		"a call that the CRM has": {func(f *floor) {
			f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer"}, f.mustNext("alice").Lead.ID)
			f.confirmAll(f.t)
			over(f)
		}, false},
		"a call that came today and says it was long ago": {func(f *floor) {
			f.mustNext("alice")
			over(f)
			f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer", OccurredAt: f.clock().AddDate(-9, 0, 0)}, leadID("1"))
			f.confirmAll(f.t)
		}, true},
		"a proposal that waits": {func(f *floor) { f.mustNext("alice"); meeting(f); f.confirmAll(f.t); over(f) }, true},
		"a rejected one": {func(f *floor) {
			f.mustNext("alice")
			decide(f, meeting(f), Ruling{Verb: Reject, Reason: "no"})
			f.confirmAll(f.t)
			over(f)
		}, false},
		"an objection stays, they do not": {func(f *floor) {
			f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "opt_out"}, f.mustNext("alice").Lead.ID)
			f.confirmAll(f.t)
			over(f)
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFloor(t)
			f.pull(map[string]string{"1": "01 99 00 00 01"})
			tt.arrange(f)
			before := len(f.indexed(objected.Raw))
			f.prune(f.t)
			if got := f.indexed(prospects.Raw)[ref("1").Key()]; got != tt.stays {
				t.Errorf("stays: %v, want %v", got, tt.stays)
			}
			if got := len(f.indexed(objected.Raw)); got != before {
				t.Errorf("%d oppositions, want %d", got, before)
			}
		})
	}
}

// A person who objected and is gone comes back from the CRM: they still are not
// called.
func TestAnObjectionOutlivesItsProspect(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "opt_out"}, f.mustNext("alice").Lead.ID)
	rules := f.desk.Rules()
	f.confirmAll(f.t)
	f.endCampaigns()
	f.pass(2 * term)
	f.prune(f.t)
	if len(f.all()) > 0 {
		t.Fatal("they are still there")
	}
	f.desk.Swap(f.desk.Rules(), rules)
	f.pull(map[string]string{"1": "01 99 00 00 11", "2": "01 99 00 00 01"})
	if h, err := f.next("alice"); h != nil {
		t.Errorf("handed out: %v, %v", h.Lead.Prospect, err)
	}
	said, err := f.desk.Objections(as("sam"), Objection{Number: "01 99 00 00 01"})
	if err != nil || len(said) != 1 || said[0].Scope != calling.ScopeNumber {
		t.Errorf("the number's: %v, %v", said, err)
	}
}

// An appointment can be cancelled in the CRM long after its write was prunable.
func TestAnAppointmentsWriteStaysWithIt(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	id := f.mustRecord("alice", bridge.CallEvent{
		EventID: "meet", Disposition: "appointment_set",
		Next: &bridge.Next{Kind: bridge.NextAppointment, At: f.clock().AddDate(1, 0, 0).Format(time.RFC3339), With: "vera"},
	}, f.mustNext("alice").Lead.ID).Proposal
	if _, err := f.desk.Decide(context.Background(), as("sue"), id, Ruling{Verb: Validate}); err != nil {
		t.Fatal(err)
	}
	f.confirmAll(f.t)
	f.pass(2 * term)
	f.prune(f.t)
	if left := f.entries(); len(left) != 1 || left[0].Write.Kind != bridge.WriteMeeting {
		t.Errorf("writes that are left: %v, want the appointment's", kinds(left))
	}
	if _, err := f.desk.Decide(context.Background(), as("sue"), id, Ruling{Verb: Cancel, Reason: "ill"}); err != nil {
		t.Fatal(err)
	}
	if got := kinds(f.entries()); len(got) != 2 || got[1] != bridge.WriteCancel {
		t.Errorf("the CRM is told %v", got)
	}
}
