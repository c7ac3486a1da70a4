package desk

import (
	"context"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// refuse lets the CRM refuse the open writes of a kind in its words, and take the
// others.
func (f *floor) refuse(kind bridge.WriteKind, words string) (refused []outbox.Entry) {
	f.t.Helper()
	for _, e := range f.entries() {
		if e.State.Final() {
			continue
		}
		err := f.store.Commit(context.Background(), func(tx *store.Tx) error {
			if _, _, err := outbox.Take(tx, crm, 100, f.clock()); err != nil {
				return err
			}
			grant, err := outbox.Claim(tx, outbox.Ask{Connection: crm, Writer: "w", Entries: []string{e.ID}}, outbox.Terms{Timeout: time.Minute, Most: 1}, f.clock())
			if err != nil {
				return err
			}
			done := outbox.Result{Entry: e.ID, State: connector.Stored, Begun: true}
			if e.Write.Kind == kind {
				done.State, done.Kind, done.Reason = connector.Failed, fault.Rejected, words
			}
			if e, err = outbox.Settle(tx, grant.Fence, done, f.clock(), true, nil); err != nil {
				return err
			}
			return f.desk.Settled(tx, e)
		})
		if err != nil {
			f.t.Fatal(err)
		}
		if e.Write.Kind == kind {
			refused = append(refused, e)
		}
	}
	return refused
}

// A person who gives up a write gives up what hung on it: no proposal waits for
// a write that will never come.
func TestAGivenUpWriteEndsItsProposal(t *testing.T) {
	t.Parallel()
	hot := map[bridge.FieldName]any{"prospect.lead_status": "hot"}
	for _, c := range []struct {
		name string
		call bridge.CallEvent
		gone bridge.WriteKind // what the CRM refused and somebody gave up
		want bridge.ProposalState
	}{
		{"an appointment", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, bridge.WriteMeeting, bridge.Cancelled},
		{"a change of fields", bridge.CallEvent{EventID: "e", Disposition: "in_discussion", Fields: hot}, bridge.WriteFields, bridge.Cancelled},
		{"an appointment whose fields got there", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00"), Fields: hot}, bridge.WriteMeeting, bridge.Cancelled},
		{"fields whose appointment got there", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00"), Fields: hot}, bridge.WriteFields, bridge.Synced},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFloor(t)
			f.pull(map[string]string{"1": "01 99 00 00 01"})
			h := f.mustNext("alice")
			r := f.mustRecord("alice", c.call, h.Lead.ID)
			f.write()
			f.mustDecide("sam", r.Proposal, Ruling{Verb: Validate})
			for _, e := range f.refuse(c.gone, "no") {
				if _, err := f.desk.DiscardWrite(context.Background(), as("sam"), e.ID, "the CRM is right"); err != nil {
					t.Fatal(err)
				}
			}
			p := f.proposal(r.Proposal)
			if p.State != c.want || p.Reason != "the CRM is right" {
				t.Errorf("the proposal is %s (%q), want %s", p.State, p.Reason, c.want)
			}
			if l := f.lead(h.Lead.ID); l.State == bridge.LeadPending {
				t.Error("its lead is pending")
			}
		})
	}
}

func TestAMoveThatWasGivenUpIsDecidedAgain(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Validate})
	f.write()
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T11:00"}})
	f.mustDecide("sue", r.Proposal, Ruling{Verb: Validate})
	for _, e := range f.refuse(bridge.WriteMove, "no") {
		if _, err := f.desk.DiscardWrite(context.Background(), as("sam"), e.ID, "not then"); err != nil {
			t.Fatal(err)
		}
	}
	if p := f.proposal(r.Proposal); p.State != bridge.Rescheduled || p.Reason != "not then" {
		t.Errorf("the proposal is %s (%q)", p.State, p.Reason)
	}
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Cancel, Reason: "enough"})
}

// The CRM's value was kept: the proposed one will not come.
func TestAProposalWhoseConflictTheCRMWins(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "in_discussion", Fields: map[bridge.FieldName]any{"prospect.lead_status": "hot"}}, h.Lead.ID)
	f.write()
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Validate})
	var id string
	err := f.store.Commit(context.Background(), func(tx *store.Tx) error {
		taken, _, err := outbox.Take(tx, crm, 100, f.clock())
		if err != nil {
			return err
		}
		id = taken[0].ID
		grant, err := outbox.Claim(tx, outbox.Ask{Connection: crm, Writer: "w", Entries: []string{id}}, outbox.Terms{Timeout: time.Minute, Most: 1}, f.clock())
		if err != nil {
			return err
		}
		_, err = outbox.Settle(tx, grant.Fence, outbox.Result{
			Entry: id, State: connector.Stored, Conflict: []connector.Conflict{{Field: "prospect.lead_status", Found: "cold"}}, Begun: true,
		}, f.clock(), true, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.desk.Resolve(context.Background(), as("sam"), id, KeepCRM); err != nil {
		t.Fatal(err)
	}
	if p := f.proposal(r.Proposal); p.State != bridge.Cancelled || !strings.Contains(p.Reason, "CRM's value") {
		t.Errorf("the proposal is %s (%q)", p.State, p.Reason)
	}
}

func (f *floor) proposal(id bridge.ProposalID) (p bridge.Proposal) {
	f.t.Helper()
	err := f.store.View(func(tx *store.Tx) (err error) { p, _, err = proposals.Get(tx, string(id)); return err })
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}
