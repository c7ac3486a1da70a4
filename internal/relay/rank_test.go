package relay

import (
	"context"
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// What is urgent overtakes a backlog that is longer than the road, and what is
// not comes after it, but for what is left of it in the end.
func TestABacklogGoesByRank(t *testing.T) {
	t.Parallel()
	const calls, each, road = 300, 5, 256
	h := prepare(t, always(stores))
	for i := range each {
		h.add(bridge.WriteFields, 1000+i, bridge.FieldChange{Name: "prospect.status", Value: "b"})
	}
	h.addMany(calls)
	for i := range each {
		h.add(bridge.WriteMeeting, 2000+i)
	}
	for i := range each {
		h.add(bridge.WriteOpposition, 3000+i)
	}
	h.start()
	h.work()
	soon(t, "all is applied", h.done)
	last := 0
	for i, w := range h.crm.log() {
		at := map[bridge.WriteKind]int{bridge.WriteOpposition: 0, bridge.WriteMeeting: each, bridge.WriteActivity: 2 * each, bridge.WriteFields: calls + 2*each - road}
		if i < at[w.Kind] {
			t.Errorf("%s came as number %d, before what is more urgent", w.Kind, i)
		}
		last = i
	}
	if last != calls+3*each-1 {
		t.Errorf("%d writes", last+1)
	}
}

// What is urgent and cannot go now does not hold back the rest for long.
func TestWhatIsUrgentAndStuckLetsTheRestPass(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(w bridge.Write, _ int) way {
		if w.Kind == bridge.WriteOpposition {
			return fails
		}
		return stores
	}, patientBreaker)
	h.add(bridge.WriteOpposition, 3000)
	h.addMany(600)
	soon(t, "the calls are applied", func() bool {
		c := h.counts()
		return c[outbox.Pending]+c[outbox.Relayed]+c[outbox.Sending] == 1
	})
}

func TestTheRoadIsAsLongAsTheLimitIsHigh(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate  float64
		batch int
		want  int
	}{{0, 1, 256}, {0, 5000, 10_000}, {5, 1, 16}, {40, 1, 120}, {1000, 1, 256}, {5, 100, 200}} {
		l := Line{Bucket: httpx.NewBucket(c.rate, 10)}
		l.Descriptor.Batch = c.batch
		if got := windowOf(l); got != c.want {
			t.Errorf("%g requests a second, batches of %d: %d, want %d", c.rate, c.batch, got, c.want)
		}
	}
}

// A CRM that lost what it had confirmed is not written to before a person has
// looked; one call that somebody deleted there is only counted.
func TestLookingBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		forget int // of the newest calls
		paused bool
		count  int
	}{
		{"all is there", 0, false, 0},
		{"one was deleted", 1, false, 1},
		{"the newest are gone", 4, true, 4},
		{"all are gone", 8, true, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t, always(stores))
			h.addMany(8)
			soon(t, "applied", h.done)
			h.forget(c.forget)
			h.pass(lookBackEvery + lookBackEvery)
			h.add(bridge.WriteActivity, 100)
			if c.paused {
				soon(t, "paused", func() bool { return h.paused() != nil })
			} else {
				soon(t, "applied", h.done)
			}
			var tallied []Tally
			soon(t, "counted", func() bool {
				h.view(func(tx *store.Tx) (err error) { tallied, err = Tallies(tx, crmName); return err })
				return len(tallied) > 0 || c.count == 0
			})
			if c.count > 0 && (tallied[0].Finding != outbox.Vanished || tallied[0].Count != c.count) {
				t.Errorf("found %+v, want %d vanished", tallied, c.count)
			}
			if !c.paused {
				return
			}
			if p := h.paused(); p.Lost == nil || p.Lost.StillThere.IsZero() != (c.forget == 8) {
				t.Errorf("paused: %+v", p)
			}
			if err := h.relay.Resume(context.Background(), crmName); err != nil {
				t.Fatal(err)
			}
			soon(t, "goes on, since a person said so", h.done)
		})
	}
}

func (h *hub) paused() (p *Pause) {
	h.Helper()
	h.view(func(tx *store.Tx) error {
		got, is, err := Paused(tx, crmName)
		if is {
			p = &got
		}
		return err
	})
	return p
}

// forget has the CRM lose the calls that were confirmed last.
func (h *hub) forget(n int) {
	h.Helper()
	gone := map[bridge.OperationID]bool{}
	h.view(func(tx *store.Tx) error {
		for _, id := range outbox.LastApplied(tx, crmName, time.Time{}, n) {
			e, _, err := outbox.Get(tx, id)
			if err != nil {
				return err
			}
			gone[e.Write.Operation] = true
		}
		return nil
	})
	h.crm.mu.Lock()
	defer h.crm.mu.Unlock()
	h.crm.applied = slices.DeleteFunc(h.crm.applied, func(w bridge.Write) bool { return gone[w.Operation] })
}
