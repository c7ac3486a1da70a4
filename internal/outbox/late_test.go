package outbox

import (
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// A CRM that says yes and stores late: the write after it, back to what was
// there before, finds its value and must not be called done. The first would
// then come over it.
func TestAValueThatIsThereTooEarlyIsNoProof(t *testing.T) {
	t.Parallel()
	const name = bridge.FieldName("prospect.status")
	for _, c := range []struct {
		name  string
		shows bridge.Value // when the first is confirmed
		first State
		then  bridge.Value // what the second expects afterwards; "" while it waits for the first
	}{
		{"the first was stored late", "b", Applied, "b"},
		{"the first was never stored", "a", Pending, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			first := b.add(bridge.WriteFields, prospect("7"), b.change(name, "a", "b"))
			fence, _ := b.granted(first.ID)
			b.settle(fence, *okay(first.ID, connector.Accepted, nil), true)
			second := b.add(bridge.WriteFields, prospect("7"), b.change(name, "a", "a"))
			later, _ := b.granted(second.ID)
			got := b.settle(later, *okay(second.ID, connector.Stored, nil), true)
			if got.State != Pending || got.Attempts != 0 {
				t.Fatalf("the second is %s after %d attempts, want it to wait for the first", got.State, got.Attempts)
			}
			b.now = b.now.Add(time.Minute)
			read := connector.Sighting{Fields: map[bridge.FieldName]bridge.Value{name: c.shows}}
			b.do(func(tx *store.Tx) error {
				_, _, err := Confirm(tx, first.ID, fence, read, b.now, testSettle)
				return err
			})
			if got := b.get(first.ID); got.State != c.first {
				t.Fatalf("the first is %s, want %s", got.State, c.first)
			}
			if c.then == "" {
				return
			}
			if _, item := b.granted(second.ID); item.Write.Fields[0].Expected != c.then {
				t.Errorf("the second expects %q, want %q", item.Write.Fields[0].Expected, c.then)
			}
		})
	}
}

// Of a write that came too early nothing counts as written that was only said
// to be: nothing would look for it any more, and a CRM that lied has lost it.
func TestWhatCameTooEarlyIsComparedAgainWhole(t *testing.T) {
	t.Parallel()
	const status, comment = bridge.FieldName("prospect.status"), bridge.FieldName("prospect.comment")
	for _, c := range []struct {
		name string
		said connector.ReceiptState
		left []bridge.FieldName
	}{
		{"the CRM said yes to the rest", connector.Accepted, []bridge.FieldName{status, comment}},
		{"the CRM showed the rest stored", connector.Stored, []bridge.FieldName{status}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			first := b.add(bridge.WriteFields, prospect("7"), b.change(status, "a", "b"))
			fence, _ := b.granted(first.ID)
			b.settle(fence, *okay(first.ID, connector.Accepted, nil), true)
			second := b.add(bridge.WriteFields, prospect("7"), b.change(status, "a", "c"), b.change(comment, "a", "x"))
			later, _ := b.granted(second.ID)
			got := b.settle(later, *okay(second.ID, c.said, []connector.Conflict{{Field: status, Found: "a"}}), true)
			if got.State != Pending || !slices.Equal(got.names(), c.left) {
				t.Errorf("it is %s with %v to write, want pending with %v", got.State, got.names(), c.left)
			}
		})
	}
}
