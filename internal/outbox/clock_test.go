package outbox

import (
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

// A clock that was set back between two lives of the hub makes nothing wait
// longer than it was to wait.
func TestTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := b.add(bridge.WriteActivity, prospect("1"))
	fence, _ := b.granted(e.ID)
	b.settle(fence, *failure(e.ID, fault.Unavailable, true), true) // to be tried again in a minute
	claimed := b.add(bridge.WriteActivity, prospect("2"))
	b.granted(claimed.ID)

	b.now = b.now.Add(-time.Hour)
	taken := func() (n int, next time.Time) {
		t.Helper()
		b.do(func(tx *store.Tx) error {
			got, later, err := Take(tx, crmName, 100, b.now)
			n, next = len(got), later
			return err
		})
		return n, next
	}
	taken()
	if n, next := taken(); n != 0 || next.Sub(b.now) > time.Minute {
		t.Errorf("%d taken, the next in %s: want none for a minute", n, next.Sub(b.now))
	}
	b.now = b.now.Add(time.Minute)
	if n, _ := taken(); n != 1 {
		t.Errorf("%d taken after the minute, want 1", n)
	}
	latest := b.now.Add(testTimeout)
	for _, bound := range []time.Time{latest, latest.Add(time.Hour)} { // which makes none longer
		b.do(func(tx *store.Tx) error { return Bound(tx, claimed.ID, bound) })
		if got := b.get(claimed.ID); !got.Deadline.Equal(latest) {
			t.Errorf("the claim ends at %s, want %s", got.Deadline, latest)
		}
	}
}
