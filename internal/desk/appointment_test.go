package desk

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
)

func appointment(at string) *bridge.Next {
	return &bridge.Next{Kind: bridge.NextAppointment, At: at, With: "vera"}
}

func TestOnlyValidatedAppointmentsLeave(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
	if r.Proposal == "" || slices.Contains(kinds(f.entries()), bridge.WriteMeeting) {
		t.Fatalf("proposal %q, writes %v", r.Proposal, kinds(f.entries()))
	}
	decide := func(who bridge.PersonID, id bridge.ProposalID, v Ruling) error {
		_, err := f.desk.Decide(context.Background(), as(who), id, v)
		return err
	}
	var no *Denied
	if err := decide("alice", r.Proposal, Ruling{Verb: Validate}); !errors.As(err, &no) {
		t.Errorf("the caller validates: %v", err)
	}
	if err := decide("sam", r.Proposal, Ruling{Verb: Validate}); err != nil {
		t.Fatal(err)
	}
	entries := f.entries()
	last := entries[len(entries)-1].Write
	if last.Kind != bridge.WriteMeeting || last.Meeting.ValidatedBy != "sam" || last.Meeting.CRMUser != "u-vera" ||
		!last.Meeting.Slot.UTC.Equal(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)) || last.Meeting.Slot.Local != "2026-12-01T10:00:00" {
		t.Errorf("the write: %+v %+v", last, last.Meeting)
	}
	var clash *Clash
	if err := decide("sue", r.Proposal, Ruling{Verb: Validate}); !errors.As(err, &clash) {
		t.Errorf("validated twice: %v", err)
	}

	// Sue proposes one that overlaps: another must validate it, and cannot
	// before it is moved.
	h = f.mustNext("sue")
	r = f.mustRecord("sue", bridge.CallEvent{EventID: "f", Disposition: "appointment_set", Next: appointment("2026-12-01T10:30")}, h.Lead.ID)
	if err := decide("sue", r.Proposal, Ruling{Verb: Validate}); !errors.As(err, &no) {
		t.Errorf("her own: %v", err)
	}
	if err := decide("sam", r.Proposal, Ruling{Verb: Validate}); !errors.As(err, &clash) {
		t.Errorf("overlapping: %v", err)
	}
	if err := decide("sam", r.Proposal, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T11:00"}}); err != nil {
		t.Fatal(err)
	}
	if err := decide("sam", r.Proposal, Ruling{Verb: Validate}); err != nil {
		t.Errorf("moved: %v", err)
	}
	// Moved after validation: the CRM hears of it once it is validated again.
	f.write()
	before := len(f.entries())
	if err := decide("sam", r.Proposal, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-02T11:00"}}); err != nil {
		t.Fatal(err)
	}
	if len(f.entries()) != before {
		t.Error("an unvalidated move is on its way to the CRM")
	}
	if err := decide("sam", r.Proposal, Ruling{Verb: Validate}); err != nil {
		t.Fatal(err)
	}
	f.write()
	if err := decide("sam", r.Proposal, Ruling{Verb: Cancel, Reason: "ill"}); err != nil {
		t.Fatal(err)
	}
	if got := kinds(f.entries()[before:]); !slices.Equal(got, []bridge.WriteKind{bridge.WriteMove, bridge.WriteCancel}) {
		t.Errorf("after moving and cancelling: %v", got)
	}
}

func TestAnHourThatDoesNotExist(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	_, err := f.record("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Campaign: spring, ProspectID: "1",
		Next: appointment("2027-03-28T02:30")}, "")
	var invalid *Invalid
	if !errors.As(err, &invalid) {
		t.Errorf("02:30 on the day the clocks go forward: %v", err)
	}
}

func TestAnAppointmentWithoutATimeIsFlagged(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Campaign: spring, ProspectID: "1"}, "")
	if !slices.Contains(r.Flags, FlagNoTime) || r.Proposal != "" {
		t.Errorf("flags %v, proposal %q", r.Flags, r.Proposal)
	}
}
