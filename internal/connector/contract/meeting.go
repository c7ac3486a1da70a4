package contract

import (
	"testing"
	"time"

	"passerelle/internal/bridge"
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

// stands fails unless the appointment is in the CRM at its time.
func (o *opened) stands(t *testing.T, w bridge.Write, start time.Time) {
	t.Helper()
	o.sees(t, true, w)
	got, live := o.CRM.Slot(w.Meeting.ID)
	if !live || !got.Equal(start) {
		t.Errorf("%s: stands %v at %v, want %v", w.Kind, live, got, start)
	}
}
