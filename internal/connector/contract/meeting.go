package contract

import (
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// appointment makes one, moves it and cancels it, losing an answer at each
// step. What was done before stays visible: the confirming read may come late.
func (h Harness) appointment(t *testing.T) {
	if !h.takes(t, bridge.WriteMeeting) {
		return
	}
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		w := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[0])
		o.once(t, w, 3)
		o.effects(t, w, 1)
	})
	t.Run("with nothing but its time", h.bareMeeting)
	for name, at := range map[string]time.Time{
		"the hour that comes twice": backAt.Add(-45 * time.Minute), "the hour that came twice": backAt.Add(15 * time.Minute),
		"until the hour that comes twice": backAt.Add(-80 * time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.twice(t, at)
		})
	}
	for name, before := range map[string]bool{"answers lost": false, "requests lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.meetingLife(t, before)
		})
	}
}

func (h Harness) meetingLife(t *testing.T, before bool) {
	o := h.open(t)
	made := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[0])
	o.sees(t, false, made)
	h.lost(t, o, made, before)
	o.stands(t, made, made.Meeting.Slot.UTC)
	o.effects(t, made, 1)

	last := made
	if h.takes(t, bridge.WriteMove) {
		moved := made
		moved.Kind, moved.Operation = bridge.WriteMove, operation()
		next := *made.Meeting
		next.Slot = bridge.Slot{Local: "2026-10-26T14:00:00", Zone: "Europe/Paris", UTC: time.Date(2026, 10, 26, 13, 0, 0, 0, time.UTC), Minutes: 30}
		moved.Meeting = &next
		o.sees(t, false, moved)
		h.lost(t, o, moved, before)
		o.stands(t, moved, next.Slot.UTC)
		o.sees(t, true, made)
		last = moved
	}
	if h.takes(t, bridge.WriteCancel) {
		cancelled := last
		cancelled.Kind, cancelled.Operation, cancelled.Motive = bridge.WriteCancel, operation(), "client absent"
		o.sees(t, false, cancelled)
		h.lost(t, o, cancelled, before)
		o.sees(t, true, cancelled)
		if _, live := o.CRM.Slot(made.Meeting.ID); live {
			t.Error("the appointment is still there after it was cancelled")
		}
	}
}

// bareMeeting makes and cancels an appointment that says nothing of what it is
// about.
func (h Harness) bareMeeting(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	w := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[0])
	w.Meeting.Subject, w.Meeting.Place, w.Meeting.Note, w.Meeting.ValidatedBy = "", "", "", ""
	o.must(t, w)
	o.stands(t, w, w.Meeting.Slot.UTC)
	if !h.takes(t, bridge.WriteCancel) {
		return
	}
	w.Kind, w.Operation = bridge.WriteCancel, operation()
	o.must(t, w)
	if _, live := o.CRM.Slot(w.Meeting.ID); live {
		t.Error("the appointment is still there after it was cancelled")
	}
	c, tells := o.Conn.(connector.Calendar)
	if !tells {
		return
	}
	if held, err := c.Appointments(t.Context(), []bridge.Meeting{*w.Meeting}); err != nil || held[0].Present && !held[0].Cancelled {
		t.Errorf("cancelled, it shows as %+v, %v", held, err)
	}
}

var backAt = time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC) // when Paris sets its clocks back to two

// twice makes an appointment at a time that the clocks show twice, and moves one
// there. What such a CRM cannot keep apart it refuses: nobody confirms another
// hour.
func (h Harness) twice(t *testing.T, at time.Time) {
	o := h.open(t)
	slot := slotAt("Europe/Paris", "2026-05-04T10:00:00", 30)
	made, first := o.makes(t, slot), slot
	slot.UTC, slot.Local = at, at.In(place("Europe/Paris")).Format(localLayout)
	direct := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[1])
	direct.Meeting.Slot = slot
	o.keepsOrRefuses(t, direct, time.Time{})
	if h.takes(t, bridge.WriteMove) {
		moved, m := made, *made.Meeting
		m.Slot = slot
		moved.Kind, moved.Operation, moved.Meeting = bridge.WriteMove, operation(), &m
		o.keepsOrRefuses(t, moved, first.UTC)
	}
}

// keepsOrRefuses fails unless the appointment stands at its time, or the write
// was refused and it stands where it did: nowhere, if before is zero.
func (o *opened) keepsOrRefuses(t *testing.T, w bridge.Write, before time.Time) {
	t.Helper()
	r := o.apply(t, w)
	if r.State != connector.Failed {
		o.stands(t, w, w.Meeting.Slot.UTC)
		if _, tells := o.Conn.(connector.Calendar); tells {
			o.shown(t, w, connector.Held{Present: true, Slot: w.Meeting.Slot, CRMUser: w.Meeting.CRMUser})
		}
		return
	}
	if fault.Of(r.Err).Kind != fault.Rejected {
		t.Errorf("%s: %v", w.Kind, r.Err)
	}
	o.sees(t, false, w)
	if got, live := o.CRM.Slot(w.Meeting.ID); live == before.IsZero() || live && !got.Equal(before) {
		t.Errorf("%s: refused, and it stands %v at %v", w.Kind, live, got)
	}
}

// stands fails unless the appointment is in the CRM at its time.
func (o *opened) stands(t *testing.T, w bridge.Write, start time.Time) {
	t.Helper()
	o.sees(t, true, w)
	got, live := o.CRM.Slot(w.Meeting.ID)
	if !live || !got.Equal(start) {
		t.Errorf("%s: stands %v at %v, want %v", w.Kind, live, got, start)
	}
}
