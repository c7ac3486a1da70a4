package desk

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// seller is somebody of field sales, with a way in of their own.
func seller(id bridge.PersonID) bridge.Actor {
	p := people[id]
	p.ID, p.Active = id, true
	p.Phoning = map[bridge.ConnectionName]bridge.Login{console: {Name: string(id), Profile: "seller"}}
	return bridge.Actor{Person: p, Connection: console}
}

// sells adds the sellers' role to the floor's policy.
func (f *floor) sells(grant string) {
	f.t.Helper()
	f.under(
		"profiles:\n", "  seller:\n    grants:\n      - "+grant+"\nprofiles:\n",
		"supervisor: supervisor}", "supervisor: supervisor, seller: seller}",
	)
}

func (f *floor) visits(actor bridge.Actor) []Visit {
	f.t.Helper()
	from := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	found, err := f.desk.Visits(actor, from, from.AddDate(0, 6, 0))
	if err != nil {
		f.t.Fatal(err)
	}
	return found
}

// An appointment is its salesperson's to read once a supervisor has let it
// through, nobody else's, and never theirs to decide on.
func TestASalespersonFindsTheirAppointments(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.sells("{on: appointment, scope: own, actions: [read, write]}\n      - {on: activity, scope: own, actions: [read]}")
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	call := bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Note: "rings at noon", Next: appointment("2026-12-01T10:00")}
	id := f.mustRecord("alice", call, h.Lead.ID).Proposal
	vera := seller("vera")
	if found := f.visits(vera); len(found) != 0 {
		t.Errorf("before it is validated: %+v", found)
	}
	if waiting, _, err := f.desk.Proposals(vera, "", Page{}); err != nil || len(waiting) != 0 {
		t.Errorf("among the proposals: %+v, %v", waiting, err)
	}
	var no *Denied
	if _, err := f.desk.Decide(context.Background(), vera, id, Ruling{Verb: Validate}); !errors.As(err, &no) {
		t.Errorf("she decides on what is for her: %v", err)
	}
	f.mustDecide("sam", id, Ruling{Verb: Validate})
	found := f.visits(vera)
	if len(found) != 1 || found[0].ID != id || found[0].Meeting.Note != "rings at noon" || found[0].Slot.Local != "2026-12-01T10:00:00" {
		t.Fatalf("validated: %+v", found)
	}
	if one, err := f.desk.Visit(vera, id); err != nil || one.Meeting.Note != "rings at noon" {
		t.Errorf("alone: %+v, %v", one, err)
	}
	if _, err := f.desk.Decide(context.Background(), vera, id, Ruling{Verb: Cancel, Reason: "x"}); !errors.As(err, &no) {
		t.Errorf("she cancels what is for her: %v", err)
	}
	var none *NotFound
	if _, err := f.desk.Visit(seller("xavier"), id); !errors.As(err, &none) || len(f.visits(seller("xavier"))) != 0 {
		t.Errorf("another salesperson: %v", err)
	}
	if _, err := f.desk.Visits(as("alice"), f.clock(), f.clock().AddDate(1, 0, 0)); err != nil {
		t.Errorf("a caller, who may read what is their own, has none for them: %v", err)
	}
	f.under()
	if _, err := f.desk.Visits(vera, f.clock(), f.clock().AddDate(1, 0, 0)); !errors.As(err, &no) {
		t.Errorf("without a role: %v", err)
	}
}

// What the role may not read of an appointment is not there.
func TestASalespersonReadsTheFieldsOfTheirRole(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.sells("{on: appointment, scope: own, read: [appointment.subject]}")
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	next := appointment("2026-12-01T10:00")
	next.Subject, next.Place = "demo", "somewhere"
	id := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Note: "secret", Next: next}, h.Lead.ID).Proposal
	f.mustDecide("sam", id, Ruling{Verb: Validate})
	found := f.visits(seller("vera"))
	if len(found) != 1 || found[0].Meeting.Subject != "demo" || found[0].Meeting.Note != "" || found[0].Meeting.Place != "" {
		t.Errorf("%+v", found[0].Meeting)
	}
}

// A visit follows what is decided and what people do in the CRM; each change
// raises its revision.
func TestVisitsFollowWhatIsDecided(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.knowsUsers()
	f.sells("{on: appointment, scope: own, actions: [read]}")
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	p := f.meets("e", "2026-12-01T10:00")
	vera := seller("vera")
	is := func(what, local string, state bridge.ProposalState, revision int, flags ...string) {
		t.Helper()
		found := f.visits(vera)
		if len(found) != 1 || found[0].Slot.Local != local || found[0].State != state || found[0].Revision != revision || !slices.Equal(found[0].Flags, flags) {
			t.Fatalf("%s: %+v", what, found)
		}
	}
	is("made", "2026-12-01T10:00:00", bridge.Synced, 0)
	h := held(p)
	h.Slot.UTC = h.Slot.UTC.Add(time.Hour)
	f.follow(Seen{p, h})
	is("moved in the CRM", "2026-12-01T11:00:00", bridge.Synced, 1, FlagMoved)
	f.mustDecide("sam", p.ID, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-02T09:00"}})
	is("another time waits", "2026-12-01T11:00:00", bridge.Rescheduled, 2, FlagMoved)
	f.mustDecide("sam", p.ID, Ruling{Verb: Validate})
	is("moved", "2026-12-02T09:00:00", bridge.Validated, 2, FlagMoved)
	f.write()
	standing, err := f.desk.Standing(crm, 1)
	if err != nil || len(standing) != 1 {
		t.Fatal(err)
	}
	f.follow(Seen{standing[0], connector.Held{Present: true, Cancelled: true}})
	is("cancelled in the CRM", "2026-12-02T09:00:00", bridge.Cancelled, 3, FlagMoved, FlagCancelled)
	all, err := f.desk.Appointments(as("sam"), f.clock(), f.clock().AddDate(0, 1, 0))
	if err != nil || len(all) != 1 || all[0].State != bridge.Cancelled {
		t.Errorf("the supervisor's calendar: %+v, %v", all, err)
	}
}
