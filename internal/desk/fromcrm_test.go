package desk

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// meets brings an appointment with vera all the way into the CRM.
func (f *floor) meets(event, at string) bridge.Proposal {
	f.t.Helper()
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: event, Disposition: "appointment_set", Next: appointment(at)}, h.Lead.ID)
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Validate})
	f.write()
	f.pass(time.Second)
	standing, err := f.desk.Standing(crm, 1)
	if err != nil || len(standing) != 1 || standing[0].ID != r.Proposal {
		f.t.Fatalf("the newest that stands: %+v, %v", standing, err)
	}
	return standing[0]
}

func (f *floor) follow(seen ...Seen) int {
	f.t.Helper()
	n, err := f.desk.FollowCRM(context.Background(), seen)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// held is an appointment as it was made.
func held(p bridge.Proposal) connector.Held {
	return connector.Held{Present: true, Slot: bridge.Slot{UTC: p.Meeting.Slot.UTC, Minutes: p.Meeting.Slot.Minutes}, CRMUser: p.Meeting.CRMUser}
}

// What people do to an appointment in the CRM stands: the proposal follows, with
// a flag and a line in the ledger, and nothing is written back.
func TestAProposalFollowsTheCRM(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		do    func(h *connector.Held)
		state bridge.ProposalState
		local string
		who   bridge.PersonID
		flags []string
	}{
		{"nothing", func(*connector.Held) {}, bridge.Synced, "2026-12-01T10:00:00", "vera", nil},
		{"it does not tell how long nor whose", func(h *connector.Held) { h.Slot.Minutes, h.CRMUser = 0, "" }, bridge.Synced, "2026-12-01T10:00:00", "vera", nil},
		{"it does not tell when", func(h *connector.Held) { h.Slot = bridge.Slot{} }, bridge.Synced, "2026-12-01T10:00:00", "vera", nil},
		{"moved over the change of the clocks", func(h *connector.Held) { h.Slot.UTC = time.Date(2027, 4, 1, 8, 0, 0, 0, time.UTC) }, bridge.Synced, "2027-04-01T10:00:00", "vera", []string{FlagMoved}},
		{"longer", func(h *connector.Held) { h.Slot.Minutes += 15 }, bridge.Synced, "2026-12-01T10:00:00", "vera", []string{FlagMoved}},
		{"given away", func(h *connector.Held) { h.CRMUser = "u-sam" }, bridge.Synced, "2026-12-01T10:00:00", "sam", []string{FlagReassigned}},
		{"given to a stranger", func(h *connector.Held) { h.CRMUser = "u-nobody" }, bridge.Synced, "2026-12-01T10:00:00", "", []string{FlagReassigned}},
		{"moved and given", func(h *connector.Held) { h.Slot.UTC = h.Slot.UTC.Add(time.Hour); h.CRMUser = "u-sam" }, bridge.Synced, "2026-12-01T11:00:00", "sam", []string{FlagMoved, FlagReassigned}},
		{"cancelled", func(h *connector.Held) { h.Cancelled = true }, bridge.Cancelled, "2026-12-01T10:00:00", "vera", []string{FlagCancelled}},
		{"out of sight", func(h *connector.Held) { *h = connector.Held{Unseen: true} }, bridge.Synced, "2026-12-01T10:00:00", "vera", nil},
		{"deleted", func(h *connector.Held) { *h = connector.Held{} }, bridge.Cancelled, "2026-12-01T10:00:00", "vera", []string{FlagDeleted}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFloor(t)
			f.knowsUsers()
			f.pull(map[string]string{"1": "01 99 00 00 01"})
			p := f.meets("e", "2026-12-01T10:00")
			writes := len(f.entries())
			h := held(p)
			tc.do(&h)
			if n := f.follow(Seen{p, h}); n != min(1, len(tc.flags)) {
				t.Errorf("%d changed", n)
			}
			got := f.proposal(p.ID)
			if got.State != tc.state || got.Meeting.Slot.Local != tc.local || got.Meeting.Salesperson != tc.who || !slices.Equal(got.Flags, tc.flags) {
				t.Errorf("%s at %s with %q, flagged %v", got.State, got.Meeting.Slot.Local, got.Meeting.Salesperson, got.Flags)
			}
			if len(f.entries()) != writes {
				t.Error("something was written back")
			}
			if d := cmp.Diff(tc.flags, f.ledgerKinds(FlagMoved, FlagReassigned, FlagCancelled, FlagDeleted)); d != "" {
				t.Errorf("the ledger (-want +got):\n%s", d)
			}
			if again := f.follow(Seen{got, h}); again != 0 {
				t.Error("the same is taken over twice")
			}
		})
	}
}

// knowsUsers gives everybody a user id in the CRM.
func (f *floor) knowsUsers() {
	rules := *f.desk.Rules()
	person := rules.Person
	rules.Person = func(id bridge.PersonID) (bridge.Person, bool) {
		p, ok := person(id)
		p.CRM = map[bridge.ConnectionName]string{crm: "u-" + string(id)}
		return p, ok
	}
	rules.ByCRM = func(_ bridge.ConnectionName, user string) (bridge.PersonID, bool) {
		if user == "u-nobody" {
			return "", false
		}
		return bridge.PersonID(user[2:]), true
	}
	f.desk.Swap(f.desk.Rules(), &rules)
}

func (f *floor) ledgerKinds(of ...string) (out []string) {
	f.t.Helper()
	if err := f.store.View(func(tx *store.Tx) error {
		lines, err := ledger.Lines(tx, 1, 100)
		for _, l := range lines {
			if slices.Contains(of, l.Kind) {
				out = append(out, l.Kind)
			}
		}
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	return out
}

// What the bridge has done since it asked is newer than the answer.
func TestAnOldAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.knowsUsers()
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	p := f.meets("e", "2026-12-01T10:00")
	gone := Seen{p, connector.Held{}}
	f.mustDecide("sam", p.ID, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T15:00"}})
	if n := f.follow(gone); n != 0 || f.proposal(p.ID).State != bridge.Rescheduled {
		t.Error("an answer from before the new time undid it")
	}
	f.mustDecide("sue", p.ID, Ruling{Verb: Validate})
	f.write()
	if n := f.follow(gone); n != 0 || f.proposal(p.ID).State != bridge.Synced {
		t.Error("an answer from before the move undid it")
	}
}

// A slot that people have moved away from is free; one that they have moved to is
// taken, even if that overlaps.
func TestTheCalendarFollowsTheCRM(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.knowsUsers()
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03", "4": "01 99 00 00 04"})
	first, second := f.meets("e", "2026-12-01T10:00"), f.meets("f", "2026-12-01T14:00")
	h := held(first)
	h.Slot.UTC = second.Meeting.Slot.UTC
	f.follow(Seen{first, h})
	third := f.meets("g", "2026-12-01T10:00")
	f.follow(Seen{third, connector.Held{Present: true, Cancelled: true}})
	fourth := f.mustRecord("alice", bridge.CallEvent{EventID: "h", Disposition: "appointment_set", Next: appointment("2026-12-01T14:30")}, f.mustNext("alice").Lead.ID)
	var clash *Clash
	if _, err := f.decide("sam", fourth.Proposal, Ruling{Verb: Validate}); !errors.As(err, &clash) {
		t.Errorf("a slot that people have moved to is given away: %v", err)
	}
	moved := f.mustDecide("sam", fourth.Proposal, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T10:30"}})
	f.mustDecide("sue", moved.ID, Ruling{Verb: Validate})
}

// A moved appointment can still be rescheduled and cancelled by supervisors, and
// the CRM hears of it.
func TestAMovedAppointmentIsStillOurs(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.knowsUsers()
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	p := f.meets("e", "2026-12-01T10:00")
	h := held(p)
	h.Slot.UTC = h.Slot.UTC.Add(time.Hour)
	f.follow(Seen{p, h})
	f.mustDecide("sam", p.ID, Ruling{Verb: Cancel, Reason: "ill"})
	last := f.entries()[len(f.entries())-1]
	if last.Write.Kind != bridge.WriteCancel || last.State != outbox.Pending || last.Write.Meeting.Slot.Local != "2026-12-01T11:00:00" {
		t.Errorf("%+v", last.Write)
	}
}

func TestBusyIsFlagged(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, f.mustNext("alice").Lead.ID)
	flag := func(busy bool) []string {
		t.Helper()
		asked, err := f.desk.Waiting(10)
		if err != nil || len(asked) != 1 || asked[0].ID != r.Proposal {
			t.Fatalf("waiting: %+v, %v", asked, err)
		}
		if err := f.desk.FlagTaken(t.Context(), asked[0], busy); err != nil {
			t.Fatal(err)
		}
		return f.proposal(r.Proposal).Flags
	}
	if got := flag(true); !slices.Equal(got, []string{FlagBusy}) {
		t.Errorf("flags %v", got)
	}
	if got := flag(false); len(got) != 0 {
		t.Errorf("free again, but flagged %v", got)
	}
	old := f.proposal(r.Proposal)
	flag(true)
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T15:00"}})
	if got := f.proposal(r.Proposal).Flags; len(got) != 0 {
		t.Errorf("another time, but flagged %v", got)
	}
	if err := f.desk.FlagTaken(t.Context(), old, true); err != nil || len(f.proposal(r.Proposal).Flags) != 0 {
		t.Errorf("an answer about the former time flags the new one: %v", err)
	}
	flag(true)
	f.mustDecide("sue", r.Proposal, Ruling{Verb: Validate}) // it is the supervisor's to decide
}
