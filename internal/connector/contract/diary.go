package contract

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// slots are times at which an hour is easily lost: before and after a change of
// the clocks, about midnight, in another part of the world.
func slots() map[string]bridge.Slot {
	return map[string]bridge.Slot{
		"before the clocks go on":     slotAt("Europe/Paris", "2026-03-29T00:30:00", 60),
		"after the clocks went on":    slotAt("Europe/Paris", "2026-03-29T03:15:00", 30),
		"over the clocks going back":  slotAt("Europe/Paris", "2026-10-25T01:30:00", 180),
		"about midnight":              slotAt("Europe/Paris", "2026-07-14T23:45:00", 45),
		"tomorrow by UTC":             slotAt("America/Martinique", "2026-12-31T21:00:00", 30),
		"yesterday by UTC":            slotAt("Indian/Reunion", "2026-08-01T01:00:00", 45),
		"no whole hour from anywhere": slotAt("Asia/Kathmandu", "2026-06-10T09:00:00", 50),
	}
}

// makes puts an appointment into the CRM.
func (o *opened) makes(t *testing.T, slot bridge.Slot) bridge.Write {
	t.Helper()
	w := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[0])
	w.Meeting.Slot = slot
	r := o.must(t, w)
	w.Meeting.ExternalID = r.ExternalID
	if w.Meeting.ExternalID == "" {
		w.Meeting.ExternalID = o.find(t, w)[0].ExternalID
	}
	return w
}

func (o *opened) busy(t *testing.T, user string, from, to time.Time) []connector.Busy {
	t.Helper()
	out, err := o.Conn.(connector.Diary).Busy(t.Context(), user, from, to)
	if err != nil {
		t.Fatalf("busy: %v", err)
	}
	if !slices.IsSortedFunc(out, func(a, b connector.Busy) int { return a.From.Compare(b.From) }) {
		t.Errorf("not in order: %v", out)
	}
	return out
}

func ends(s bridge.Slot) time.Time { return s.UTC.Add(time.Duration(s.Minutes) * time.Minute) }

func (h Harness) diary(t *testing.T) {
	if h.open(t).CRM.Screen.Occupy == nil {
		t.Fatal("nobody can enter an appointment at the world's screen")
	}
	for name, slot := range slots() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.taken(t, slot)
		})
	}
	t.Run("order and bounds", h.bounds)
}

// taken checks that an appointment of ours takes its salesperson's time, exactly,
// as long as it stands.
func (h Harness) taken(t *testing.T, slot bridge.Slot) {
	o := h.open(t)
	w := o.makes(t, slot)
	bob, alice := o.CRM.Users[1], o.CRM.Users[0]
	want := []connector.Busy{{From: slot.UTC, To: ends(slot), ExternalID: w.Meeting.ExternalID}}
	around := func(user string) []connector.Busy {
		return o.busy(t, user, slot.UTC.AddDate(0, 0, -2), slot.UTC.AddDate(0, 0, 2))
	}
	if d := cmp.Diff(want, inUTC(around(bob))); d != "" {
		t.Errorf("the salesperson's time (-want +got):\n%s", d)
	}
	if got := around(alice); len(got) > 0 {
		t.Errorf("it takes somebody else's time too: %v", got)
	}
	if h.Descriptor.Takes(bridge.WriteCancel) {
		w.Kind, w.Operation, w.Motive = bridge.WriteCancel, operation(), "client absent"
		o.must(t, w)
		if got := around(bob); len(got) > 0 {
			t.Errorf("cancelled, but still taken: %v", got)
		}
	}
}

func inUTC(all []connector.Busy) []connector.Busy {
	for i := range all {
		all[i].From, all[i].To = all[i].From.UTC(), all[i].To.UTC()
	}
	return all
}

// bounds enters five appointments at the screen, back to back and out of order,
// and asks for times that begin and end among them.
func (h Harness) bounds(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	user := o.CRM.Users[1]
	nine := time.Date(2026, 6, 10, 7, 0, 0, 0, time.UTC)
	at := func(half int) time.Time { return nine.Add(time.Duration(half) * 30 * time.Minute) }
	for _, n := range []int{3, 0, 4, 1, 2} {
		o.CRM.Screen.Occupy(user, at(2*n), at(2*n+2))
	}
	for _, tc := range []struct{ from, to, first, count int }{
		{0, 10, 0, 5}, {2, 4, 1, 1}, {1, 3, 0, 2}, {3, 9, 1, 4}, {-4, 0, 0, 0}, {10, 14, 0, 0}, {-4, 1, 0, 1}, {9, 20, 4, 1},
	} {
		got := o.busy(t, user, at(tc.from), at(tc.to))
		if len(got) != tc.count || tc.count > 0 && !got[0].From.Equal(at(2*tc.first)) {
			t.Errorf("from %d to %d: %v, want %d from %v", tc.from, tc.to, got, tc.count, at(2*tc.first))
		}
	}
}

// calendar checks that what people do to an appointment of ours shows.
func (h Harness) calendar(t *testing.T) {
	s := h.open(t).CRM.Screen
	if s.Move == nil || s.Retouch == nil || s.Cancel == nil && s.Drop == nil {
		t.Fatal("nobody can move, retouch or end an appointment at the world's screen")
	}
	for name, slot := range slots() {
		t.Run("as it was made, "+name, func(t *testing.T) {
			t.Parallel()
			o := h.open(t)
			w := o.makes(t, slot)
			o.shown(t, w, connector.Held{Present: true, Slot: slot, CRMUser: o.CRM.Users[1]})
		})
		t.Run("moved to "+name, func(t *testing.T) {
			t.Parallel()
			o := h.open(t)
			w := o.makes(t, slotAt("Europe/Paris", "2026-05-04T10:00:00", slot.Minutes))
			o.CRM.Screen.Move(w.Meeting.ID, slot.UTC)
			o.shown(t, w, connector.Held{Present: true, Slot: slot, CRMUser: o.CRM.Users[1]})
		})
	}
	t.Run("ended and given away", h.touched)
	t.Run("changed by both", h.changedByBoth)
	t.Run("retouched, then moved", h.retouched)
	t.Run("many and unknown", h.manyHeld)
	t.Run("one out of sight", h.oneUnseen)
}

// shown compares what the CRM says of an appointment, by its id in the CRM and
// by ours. Of the slot only the time counts.
func (o *opened) shown(t *testing.T, w bridge.Write, want connector.Held) {
	t.Helper()
	byOurs := *w.Meeting
	byOurs.ExternalID = ""
	for _, m := range []bridge.Meeting{*w.Meeting, byOurs} {
		got, err := o.Conn.(connector.Calendar).Appointments(t.Context(), []bridge.Meeting{m})
		if err != nil || len(got) != 1 {
			t.Fatalf("appointments: %d of one, %v", len(got), err)
		}
		g := got[0]
		if !want.Present {
			if g.Present {
				t.Errorf("it is gone, but shows as %+v", g)
			}
			continue
		}
		if g.Present != want.Present || g.Cancelled != want.Cancelled || g.CRMUser != want.CRMUser ||
			!g.Slot.UTC.Equal(want.Slot.UTC) || g.Slot.Minutes != want.Slot.Minutes {
			t.Errorf("held (by its own id: %v) %+v, want %+v", m.ExternalID != "", g, want)
		}
	}
}

func (h Harness) touched(t *testing.T) {
	slot := slotAt("Europe/Paris", "2026-05-04T10:00:00", 30)
	for name, ended := range map[string]struct {
		do   func(s Screen, o *opened, meeting string)
		has  func(s Screen) bool
		want connector.Held
	}{
		"cancelled": {func(s Screen, _ *opened, m string) { s.Cancel(m) }, func(s Screen) bool { return s.Cancel != nil }, connector.Held{Present: true, Cancelled: true, Slot: slot}},
		"deleted":   {func(s Screen, _ *opened, m string) { s.Drop(m) }, func(s Screen) bool { return s.Drop != nil }, connector.Held{}},
		"given":     {func(s Screen, o *opened, m string) { s.Give(m, o.CRM.Users[0]) }, func(s Screen) bool { return s.Give != nil }, connector.Held{Present: true, Slot: slot}},
	} {
		o := h.open(t)
		if !ended.has(o.CRM.Screen) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := o.makes(t, slot)
			ended.do(o.CRM.Screen, o, w.Meeting.ID)
			want := ended.want
			want.CRMUser = o.CRM.Users[1]
			if name == "given" {
				want.CRMUser = o.CRM.Users[0]
			}
			o.shown(t, w, want)
		})
	}
}

// changedByBoth has people move an appointment, then the bridge move it to
// another salesperson and cancel it.
func (h Harness) changedByBoth(t *testing.T) {
	t.Parallel()
	if !h.Descriptor.Takes(bridge.WriteMove) || !h.Descriptor.Takes(bridge.WriteCancel) {
		return
	}
	o := h.open(t)
	w := o.makes(t, slotAt("Europe/Paris", "2026-05-04T10:00:00", 30))
	o.CRM.Screen.Move(w.Meeting.ID, slotAt("Europe/Paris", "2026-05-05T10:00:00", 30).UTC)
	moved, m := w, *w.Meeting
	m.Slot, m.CRMUser, m.Salesperson = slotAt("Europe/Paris", "2026-11-06T16:00:00", 60), o.CRM.Users[0], "alice"
	moved.Kind, moved.Operation, moved.Meeting = bridge.WriteMove, operation(), &m
	o.must(t, moved)
	o.sees(t, true, moved)
	o.shown(t, moved, connector.Held{Present: true, Slot: m.Slot, CRMUser: o.CRM.Users[0]})
	cancelled := moved
	cancelled.Kind, cancelled.Operation, cancelled.Motive = bridge.WriteCancel, operation(), "client absent"
	o.must(t, cancelled)
	got, err := o.Conn.(connector.Calendar).Appointments(t.Context(), []bridge.Meeting{m})
	if err != nil || len(got) != 1 || got[0].Present && !got[0].Cancelled {
		t.Errorf("cancelled, it shows as %+v, %v", got, err)
	}
}

// retouched has people write into an appointment what it is about, then the
// bridge move it to another time and salesperson: nothing else changes.
func (h Harness) retouched(t *testing.T) {
	t.Parallel()
	if !h.Descriptor.Takes(bridge.WriteMove) {
		return
	}
	o := h.open(t)
	w := o.makes(t, slotAt("Europe/Paris", "2026-05-04T10:00:00", 30))
	seen := o.CRM.Screen.Retouch(w.Meeting.ID, "revu avec le client")
	before := seen()
	if len(before) < 3 {
		t.Fatalf("the world's screen shows %d things that an appointment is about", len(before))
	}
	moved, m := w, *w.Meeting
	m.Slot, m.CRMUser, m.Salesperson = slotAt("Europe/Paris", "2026-11-06T16:00:00", 60), o.CRM.Users[0], "alice"
	moved.Kind, moved.Operation, moved.Meeting = bridge.WriteMove, operation(), &m
	o.must(t, moved)
	o.shown(t, moved, connector.Held{Present: true, Slot: m.Slot, CRMUser: o.CRM.Users[0]})
	if d := cmp.Diff(before, seen()); d != "" {
		t.Errorf("what people wrote into it (-before +after the move):\n%s", d)
	}
}

// manyHeld asks for many at once, some of which nobody has heard of.
func (h Harness) manyHeld(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	var known []bridge.Meeting
	for n := range 9 {
		slot := slotAt("Europe/Paris", "2026-05-04T10:00:00", 15+n)
		if n%3 == 1 {
			unknown := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[0])
			known = append(known, *unknown.Meeting)
			continue
		}
		known = append(known, *o.makes(t, slot).Meeting)
	}
	got, err := o.Conn.(connector.Calendar).Appointments(t.Context(), known)
	if err != nil || len(got) != len(known) {
		t.Fatalf("appointments: %d of %d, %v", len(got), len(known), err)
	}
	for n, g := range got {
		if there := n%3 != 1; g.Present != there || there && g.Slot.Minutes != 15+n {
			t.Errorf("appointment %d: %+v", n, g)
		}
	}
}

// oneUnseen asks for three, one of which is out of sight: it is not taken for
// deleted, and the others show.
func (h Harness) oneUnseen(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	if o.CRM.Screen.Hide == nil {
		return
	}
	var known []bridge.Meeting
	for n := range 3 {
		known = append(known, *o.makes(t, slotAt("Europe/Paris", "2026-05-04T10:00:00", 15+n)).Meeting)
	}
	o.CRM.Screen.Hide(known[1].ID)
	got, err := o.Conn.(connector.Calendar).Appointments(t.Context(), known)
	if err != nil || len(got) != len(known) {
		t.Fatalf("appointments: %d of %d, %v", len(got), len(known), err)
	}
	for n, g := range got {
		if hidden := n == 1; g.Unseen != hidden || g.Present == hidden || !hidden && g.Slot.Minutes != 15+n {
			t.Errorf("appointment %d: %+v", n, g)
		}
	}
}

// remover takes away what the suite made, and nothing else.
func (h Harness) remover(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	r := o.Conn.(connector.Remover)
	if o.CRM.Screen.Occupy == nil {
		t.Fatal("nobody can enter an appointment at the world's screen")
	}
	for _, kind := range []bridge.WriteKind{bridge.WriteActivity, bridge.WriteMeeting} {
		if !h.Descriptor.Takes(kind) {
			continue
		}
		w, other := o.writeOf(kind, o.CRM.Prospects[0]), o.writeOf(kind, o.CRM.Prospects[0])
		o.must(t, w)
		o.must(t, other)
		id := o.find(t, w)[0].ExternalID
		for range 2 { // one that is not there is no error
			if err := r.Remove(t.Context(), kind, id); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		o.effects(t, w, 0)
		o.effects(t, other, 1)
		o.sees(t, false, w)
	}
	from := time.Date(2026, 6, 10, 7, 0, 0, 0, time.UTC)
	theirs := o.CRM.Screen.Occupy(o.CRM.Users[1], from, from.Add(time.Hour))
	if err := r.Remove(t.Context(), bridge.WriteMeeting, theirs); err == nil || fault.Of(err).Kind != fault.Rejected {
		t.Errorf("an appointment that is not ours: want it rejected, got %v", err)
	}
	for _, kind := range []bridge.WriteKind{bridge.WriteFields, bridge.WriteOpposition, bridge.WriteMeeting, bridge.WriteActivity} {
		err := r.Remove(t.Context(), kind, o.CRM.Prospects[1])
		if err == nil && (kind == bridge.WriteFields || kind == bridge.WriteOpposition) {
			t.Errorf("%s: prospects are never removed", kind)
		}
	}
	ids, _ := o.rest(t, o.Conn, "")
	o.wholeSelection(t, ids)
}
