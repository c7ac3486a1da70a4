package relay

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/desk"
	"passerelle/internal/fault"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
	"passerelle/internal/writer"
)

// wild takes first and second tries in any way that loses nothing, by the
// operation id.
func wild(w bridge.Write, try int) way {
	h := fnv.New32a()
	fmt.Fprint(h, w.Operation, try)
	ways := []way{stores, accepts, fails, mutes, drops, stores, accepts, accepts}
	if try > 1 {
		return accepts
	}
	return ways[h.Sum32()%uint32(len(ways))]
}

func TestEverythingOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for name, setups := range map[string][]setup{
		"one by one":  {patientBreaker},
		"in batches":  {patientBreaker, batches(20)},
		"with quotas": {patientBreaker, func(h *hub) { h.line.Descriptor.Tokens, h.line.Bucket = 3, httpx.NewBucket(2000, 30) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := wild
			if name == "in batches" { // there, what fails must fail a prospect's later writes too
				script = first(accepts, stores)
			}
			h := newHub(t, script, setups...)
			n := 0
			for p := range 12 {
				for range 3 {
					h.add(bridge.WriteActivity, p)
					h.add(bridge.WriteMeeting, p)
					n += 2
				}
			}
			soon(t, "everything is applied", h.done)
			h.onceInOrder(n)
		})
	}
}

func TestTheWindow(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(hangs))
	h.addMany(600)
	soon(t, "the window fills", func() bool { c := h.counts(); return c[outbox.Relayed]+c[outbox.Sending] == 256 })
	soon(t, "the CRM is busy", func() bool { return h.crm.stuck() > 0 })
	h.crm.follow(always(stores))
	over := make(chan int, 1)
	watched, stop := context.WithCancel(context.Background())
	go func() {
		most := 0
		for watched.Err() == nil {
			_ = h.store.View(func(tx *store.Tx) error {
				most = max(most, len(outbox.Ids(tx, crmName, outbox.Relayed, 0))+len(outbox.Ids(tx, crmName, outbox.Sending, 0)))
				return nil
			})
		}
		over <- most
	}()
	close(h.crm.free)
	soon(t, "everything is applied", h.done)
	stop()
	if most := <-over; most > 256 {
		t.Errorf("%d were on the road at once", most)
	}
	h.onceInOrder(600)
}

func TestABreakerClearsTheRoadAndTheUrgentGoesFirst(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(fails), batches(10), func(h *hub) { h.line.Breaker = httpx.NewBreaker(5, 2*time.Second) })
	h.addMany(300)
	soon(t, "the breaker opens and the road is cleared", func() bool {
		return h.line.Breaker.State() == httpx.BreakerOpen && h.counts()[outbox.Pending] == 300
	})
	h.add(bridge.WriteOpposition, 9999)
	h.crm.follow(always(stores))
	soon(t, "everything is applied", h.done)
	for i, w := range h.crm.log() {
		if w.Kind == bridge.WriteOpposition && i > 20 {
			t.Errorf("the opposition was the %dth to be applied", i+1)
		}
	}
	h.onceInOrder(301)
}

func TestAProbeIsOneRequest(t *testing.T) {
	t.Parallel()
	b := httpx.NewBreaker(1, time.Millisecond)
	l := &lane{Line: Line{Breaker: b, Descriptor: connector.Descriptor{Batch: 1}}}
	if n := l.atOnce(10); n != 10 {
		t.Errorf("%d at once, want all", n)
	}
	b.Report(fault.Unavailable)
	soon(t, "the breaker lets a probe through", func() bool { return b.State() == httpx.BreakerHalfOpen })
	if n := l.atOnce(10); n != 1 {
		t.Errorf("%d probes, want one", n)
	}
	l.Descriptor.Batch = 100
	if n := l.atOnce(10); n != 10 {
		t.Errorf("a batch of %d, want 10: it is one request", n)
	}
}

func TestAQuotaPausesWithoutCountingATry(t *testing.T) {
	t.Parallel()
	h := newHub(t, first(throttles, stores))
	id := h.add(bridge.WriteActivity, 1)
	soon(t, "it is applied", h.in(id, outbox.Applied))
	if e := h.entry(id); e.Attempts != 1 {
		t.Errorf("%d attempts, want only the one that was not throttled", e.Attempts)
	}
	if at := h.crm.asked(); len(at) != 2 || at[1].Sub(at[0]) < time.Second {
		t.Errorf("asked at %v: not a second's pause between", at)
	}
}

func TestARefusedWriteIsParkedAndHoldsNothingBack(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(w bridge.Write, try int) way {
		if w.Kind == bridge.WriteMeeting && try == 1 {
			return rejects
		}
		return stores
	})
	bad := h.add(bridge.WriteMeeting, 1)
	good := h.add(bridge.WriteActivity, 1)
	soon(t, "the next is applied", h.in(good, outbox.Applied))
	if e := h.entry(bad); e.State != outbox.Parked || !strings.Contains(e.Reason, errScript.Error()) {
		t.Errorf("it is %s: %s", e.State, e.Reason)
	}
	err := h.store.Commit(t.Context(), func(tx *store.Tx) error { _, err := outbox.TryAgain(tx, bad, h.now()); return err })
	if err != nil {
		t.Fatal(err)
	}
	h.relay.Wake(crmName)
	soon(t, "a retry goes through", h.in(bad, outbox.Applied))
}

func paused(h *hub) bool {
	var p bool
	h.view(func(tx *store.Tx) (err error) { _, p, err = Paused(tx, crmName); return err })
	return p
}

func TestDeniedAccessPausesUntilTheCheckPasses(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(denies))
	id := h.add(bridge.WriteActivity, 1)
	soon(t, "the connection pauses", func() bool { return paused(h) })
	soon(t, "nothing is on the road", func() bool { return h.counts()[outbox.Pending] == 1 })
	h.stop()
	h.open()
	h.start()
	h.work()
	if !paused(h) {
		t.Fatal("a restart ended the pause")
	}
	h.crm.follow(always(stores))
	h.crm.check = func() error { return errScript }
	if err := h.relay.Resume(t.Context(), crmName); !errors.Is(err, errScript) || !paused(h) {
		t.Fatalf("resumed although its check fails: %v", err)
	}
	if g, err := h.relay.Claim(t.Context(), outbox.Ask{Connection: crmName, Writer: local, Entries: []string{id}}); err != nil || g.Items[0].Verdict != outbox.Wait {
		t.Errorf("a claim during the pause: %+v, %v", g, err)
	}
	h.crm.check = func() error { return nil }
	if err := h.relay.Resume(t.Context(), crmName); err != nil {
		t.Fatal(err)
	}
	soon(t, "it is applied", h.in(id, outbox.Applied))
	if err := h.relay.Resume(t.Context(), "crm.other"); err == nil {
		t.Error("resumed a connection that does not exist")
	}
}

// Somebody who ends a pause stands in the ledger, and who fails to does not.
func TestWhoEndsAPauseIsNoted(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(denies))
	h.add(bridge.WriteActivity, 1)
	soon(t, "the connection pauses", func() bool { return paused(h) })
	olga := bridge.Actor{Person: bridge.Person{ID: "olga"}, Connection: "phoning.console"}
	ends := func(c bridge.ConnectionName, check error) error {
		h.crm.check = func() error { return check }
		return h.relay.ResumeFor(t.Context(), olga, c)
	}
	if _, clash := errors.AsType[*desk.Clash](ends(crmName, errScript)); !clash || !paused(h) {
		t.Fatal("its check fails, and nobody says so")
	}
	if _, unknown := errors.AsType[*desk.NotFound](ends("crm.other", nil)); !unknown {
		t.Error("resumed a connection that does not exist")
	}
	s, err := h.relay.Standing(Connection{Name: crmName})
	if err != nil || s.Paused == nil || s.Answers() || s.Waiting() != 1 || !s.Confirmed.IsZero() {
		t.Errorf("it stands so: %+v, %v", s, err)
	}
	h.crm.follow(always(stores))
	if err := ends(crmName, nil); err != nil {
		t.Fatal(err)
	}
	soon(t, "the CRM has confirmed something", func() bool {
		s, err := h.relay.Standing(Connection{Name: crmName})
		return err == nil && s.Answers() && !s.Confirmed.IsZero()
	})
	var lines []ledger.Line
	err = h.store.View(func(tx *store.Tx) (err error) {
		lines, _, err = ledger.Newest(tx, ledger.Filter{Kind: "resume", Limit: 5})
		return err
	})
	if err != nil || len(lines) != 1 || lines[0].Who != "olga" || lines[0].Connection != crmName {
		t.Errorf("the ledger says %+v, %v", lines, err)
	}
}

func TestALostStreamLosesNothing(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores))
	h.start()
	h.addMany(300)
	soon(t, "the window is on the road", func() bool { return h.counts()[outbox.Relayed] == 256 })
	h.loseStream()
	h.work()
	soon(t, "everything is applied", h.done)
	h.loseStream()
	h.add(bridge.WriteActivity, 1)
	soon(t, "and what comes after", h.done)
	h.onceInOrder(301)
}

func TestRebuildUnderLoad(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(stores))
	h.addMany(500)
	for range 3 {
		if err := h.relay.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, "everything is applied", h.done)
	h.onceInOrder(500)
}

func TestALyingCRMIsNoticed(t *testing.T) {
	t.Parallel()
	h := newHub(t, first(lies, accepts))
	call := h.add(bridge.WriteActivity, 1)
	change := h.add(bridge.WriteFields, 2, bridge.FieldChange{Name: "prospect.status", Value: "b", Expected: "", CardAt: h.now()})
	soon(t, "the call is applied", h.in(call, outbox.Applied))
	soon(t, "the change is applied", h.in(change, outbox.Applied))
	if e := h.entry(call); e.Attempts != 2 {
		t.Errorf("%d attempts", e.Attempts)
	}
	h.onceInOrder(2)
}

func TestAGrantStaysWithinTheQuota(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores), func(h *hub) {
		h.line.Descriptor.Tokens, h.line.Bucket = 4, httpx.NewBucket(0.0001, 10)
	})
	var ids []string
	for i := range 5 {
		ids = append(ids, h.add(bridge.WriteActivity, i))
	}
	err := h.store.Commit(t.Context(), func(tx *store.Tx) error { _, _, err := outbox.Take(tx, crmName, 10, h.now()); return err })
	if err != nil {
		t.Fatal(err)
	}
	claim := func(ids ...string) (granted int, g outbox.Grant) {
		g, err := h.relay.Claim(t.Context(), outbox.Ask{Connection: crmName, Writer: local, Entries: ids})
		if err != nil {
			t.Fatal(err)
		}
		return goes(g), g
	}
	granted, g := claim(ids...)
	if granted != 2 || g.Tokens != 8 {
		t.Fatalf("granted %d with %d tokens of 10", granted, g.Tokens)
	}
	if again, _ := claim(ids[2:]...); again != 0 {
		t.Errorf("granted %d on what is left", again)
	}
	// Done entries cost nothing: their tokens come back.
	if err := h.relay.Report(t.Context(), outbox.Report{Connection: crmName, Fence: g.Fence, Spent: 1, Unused: 7}); err != nil {
		t.Fatal(err)
	}
	if _, idle := claim("no such entry"); idle.Tokens != 0 {
		t.Errorf("%d tokens for nothing", idle.Tokens)
	}
	if granted, g := claim(ids...); granted != 2 || g.Tokens != 8 {
		t.Errorf("granted %d with %d tokens of the 9 that came back", granted, g.Tokens)
	}
}

func TestALongClaimGoesInChunksUnderOneFence(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores), batches(1000))
	h.addMany(2*chunk + 10)
	err := h.store.Commit(t.Context(), func(tx *store.Tx) error { _, _, err := outbox.Take(tx, crmName, 10_000, h.now()); return err })
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	h.view(func(tx *store.Tx) error { ids = outbox.Ids(tx, crmName, outbox.Relayed, 0); return nil })
	const made = 3 // the desk's key, the entries, the taking
	soon(t, "all is told", func() bool { return h.wrote.Load() == made })
	g, err := h.relay.Claim(t.Context(), outbox.Ask{Connection: crmName, Writer: local, Entries: ids})
	if err != nil || goes(g) != len(ids) {
		t.Fatalf("granted %d of %d: %v", goes(g), len(ids), err)
	}
	soon(t, "claimed in three transactions", func() bool { return h.wrote.Load() == made+3 })
	for _, id := range ids {
		if e := h.entry(id); e.Fence != g.Fence {
			t.Fatalf("entry %s has fence %d, the grant %d", id, e.Fence, g.Fence)
		}
	}
}

func TestALocalConnectionIsTheHubsOwn(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores), func(h *hub) { h.line.Descriptor.Local = true })
	h.start()
	remote := writer.Remote{Road: h.conn.Road("paris")}
	for name, ask := range map[string]outbox.Ask{
		"a local connection":    {Connection: crmName, Writer: "far"},
		"the hub's own name":    {Connection: crmName, Writer: local},
		"a connection it lacks": {Connection: "crm.other", Writer: "far"},
	} {
		if _, err := remote.Claim(t.Context(), ask); !errors.Is(err, bus.ErrRemote) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
