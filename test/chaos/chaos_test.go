package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/outbox"
)

var (
	budget = flag.Duration("chaos.budget", 60*time.Second, "how long all of it may take, draining included; building comes before")
	seed   = flag.Uint64("chaos.seed", 0, "decides every choice; 0 makes a new one")
)

func TestChaos(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d, budget %s: run it again with -chaos.seed %d", chosen, *budget, chosen)
	bin := build(t)
	all := points(t)
	end := time.Now().Add(*budget)
	// The end is for what is under way then: settling times, back-off, and two
	// rounds of confirming.
	until := end.Add(-min(25*time.Second, *budget/3))
	for family, open := range map[string]func(*testing.T, string) crm{
		"rest":  func(t *testing.T, _ string) crm { return newRestCRM(t, chosen) },
		"sheet": func(t *testing.T, dir string) crm { return newSheetCRM(t, dir) },
	} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := &run{t: t, dir: dir, crm: open(t, dir), dice: rand.New(rand.NewPCG(chosen, uint64(len(family)))), deaths: map[string]int{}, moods: map[string]int{}, hurts: map[string]int{}}
			configure(t, dir, r.crm.config())
			r.hub = newProcess(t, bin, dir)
			r.load = newLoad(t, r.hub, 8, 50*time.Millisecond)
			r.supervisor = newSupervisor(t, r.hub)
			r.all(until, all, chosen)
		})
	}
}

// run is one hub's way through all its lives.
type run struct {
	t          *testing.T
	dir        string
	dice       *rand.Rand
	crm        crm
	hub        *process
	load       *load
	supervisor *supervisor

	cycles int
	mood   string         // the CRM's in the last life
	hurt   string         // the stream's store before this life
	deaths map[string]int // by fault point; "" is at a random moment
	moods  map[string]int
	hurts  map[string]int
	resume []time.Duration // from listening to the first write, backlog given
}

func (r *run) all(until time.Time, points []string, seed uint64) {
	r.t.Helper()
	r.getReady()
	r.load.start(seed)
	r.supervisor.start()
	for _, armed := range r.plan(points) {
		if time.Now().After(until) {
			break
		}
		r.cycle(armed)
	}
	for time.Now().Before(until) {
		r.cycle(r.arm(points))
	}
	r.crm.calm()
	r.hub.waitReady(r.hub.start(""))
	r.load.wait()
	r.supervisor.wait()
	r.drain()
	r.report(points)
	r.judge()
}

// getReady lets the first life read the campaign in peace.
func (r *run) getReady() {
	r.t.Helper()
	r.startFirst()
	r.hub.kill()
}

// startFirst starts the first life and waits until it has read the campaign.
func (r *run) startFirst() {
	r.t.Helper()
	if !r.hub.waitReady(r.hub.start("")) {
		r.t.Fatal("the hub does not start")
	}
	r.awaitLeads()
}

// awaitLeads waits until the hub has read the campaign.
func (r *run) awaitLeads() {
	r.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var page struct{ Items []struct{ ID string } }
		err := r.supervisor.read(r.t.Context(), "/v1/leads?campaign=spring&limit=500", &page)
		if err == nil && len(page.Items) == prospects {
			break
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%d of %d leads 30 s after the start: %v", len(page.Items), prospects, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// armed is how a life is to end.
type armed struct {
	point string // "" is at a random moment
	at    int    // the passage
	most  time.Duration
	calm  bool // the CRM behaves
}

const calm = "calm"

// plan passes every point once, early and in an order of the dice, before a CRM
// that lets the hub get there.
func (r *run) plan(points []string) []armed {
	var out []armed
	for _, p := range points {
		if r.crm.passes(p) {
			out = append(out, armed{point: p, at: 1, most: 8 * time.Second, calm: true})
		}
	}
	r.dice.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// arm chooses how the next life ends.
func (r *run) arm(points []string) armed {
	point := points[r.dice.IntN(len(points))]
	if r.dice.IntN(3) == 0 || !r.crm.passes(point) {
		return armed{most: time.Duration(50+r.dice.IntN(2500)) * time.Millisecond}
	}
	return armed{point: point, at: 1 + r.dice.IntN(40), most: 4 * time.Second}
}

// cycle is one life of the hub, its end, and what happens before the next.
func (r *run) cycle(a armed) {
	r.t.Helper()
	r.cycles++
	mood := calm
	if a.calm {
		r.crm.calm()
	} else {
		mood = r.crm.upset(r.dice)
	}
	r.moods[mood]++
	behind := r.load.acked.Load() - int64(r.crm.arrived())
	r.crm.mark()
	spec := ""
	if a.point != "" {
		spec = fmt.Sprintf("%s:%d", a.point, a.at)
	}
	r.hub.note("cycle %d: %s, dies at %q, the CRM %s, the stream's store %s", r.cycles, time.Now().Format(time.TimeOnly), spec, mood, cmp.Or(r.hurt, "whole"))
	life := r.hub.start(spec)
	if r.hub.waitReady(life) {
		select {
		case <-life.over:
		case <-time.After(a.most):
		}
	}
	r.hub.kill()
	r.deaths[life.died]++
	rested := r.mood == calm && mood == calm // nothing waits for its next try
	r.mood = mood
	if rested && behind > 20 && !life.since.IsZero() {
		if first := r.crm.firstWrite(); !first.IsZero() {
			r.resume = append(r.resume, max(0, first.Sub(life.since)))
		}
	}
	hurt, err := damage(r.dir, r.dice)
	if err != nil {
		r.t.Fatalf("damage: %v", err)
	}
	if hurt != "" {
		r.hurts[hurt]++
	}
	r.hurt = hurt
	if err := r.crm.between(r.dice); err != nil {
		r.t.Fatalf("between two lives: %v", err)
	}
}

// drainWithin bounds the wait for the last write: a claim that hangs takes 30
// seconds, and back-off more.
const drainWithin = 2 * time.Minute

// drain waits until the outbox holds nothing that is on its way.
func (r *run) drain() {
	r.t.Helper()
	start := time.Now()
	waits := "" // for what, of those that take longest
	for {
		c, err := r.supervisor.connection(r.t.Context())
		if err != nil {
			r.t.Fatalf("the outbox cannot be read: %v", err)
		}
		left := c.Writes[outbox.Pending] + c.Writes[outbox.Relayed] + c.Writes[outbox.Sending] + c.Writes[outbox.Sent]
		if left == 0 {
			break
		}
		if c.Paused != nil {
			r.supervisor.resume(r.t.Context())
		}
		if waits == "" && time.Since(start) > 5*time.Second {
			waits = r.waits()
		}
		if time.Since(start) > drainWithin {
			r.show(outbox.Pending, outbox.Relayed, outbox.Sending, outbox.Sent)
			r.t.Fatalf("%d writes are still on their way after %s: %v, breaker %s", left, drainWithin, c.Writes, c.Breaker)
		}
		<-time.After(50 * time.Millisecond)
	}
	r.t.Logf("drained in %.1f s; after five: %s", time.Since(start).Seconds(), cmp.Or(waits, "done"))
	r.show(outbox.Parked, outbox.Conflicted)
}

// waits says in what states the writes on their way are, and why.
func (r *run) waits() string {
	r.t.Helper()
	why := map[string]int{}
	for _, state := range []outbox.State{outbox.Pending, outbox.Relayed, outbox.Sending, outbox.Sent} {
		found, err := r.supervisor.writes(r.t.Context(), state)
		if err != nil {
			r.t.Error(err)
		}
		for _, w := range found {
			why[fmt.Sprintf("%s %s, %d attempts, %.0f s to wait, %q:", w.State, w.Kind, w.Attempts, max(0, time.Until(w.NotUntil).Seconds()), w.Reason)]++
		}
	}
	return tally(why)
}

// show reports the writes in states where none should be.
func (r *run) show(states ...outbox.State) {
	r.t.Helper()
	for _, s := range states {
		var page struct{ Items []json.RawMessage }
		if err := r.supervisor.read(r.t.Context(), "/v1/outbox?limit=500&state="+string(s), &page); err != nil {
			r.t.Error(err)
		}
		if n := len(page.Items); n > 0 {
			r.t.Errorf("%d writes are %s, the first: %s", n, s, page.Items[0])
		}
	}
}

func (r *run) judge() {
	r.t.Helper()
	ctx := context.Background()
	var validated []proposal
	for _, state := range []string{"validated", "synced"} {
		found, err := r.supervisor.proposals(ctx, state)
		if err != nil {
			r.t.Fatal(err)
		}
		validated = append(validated, found...)
	}
	known := map[string]bool{}
	for _, p := range validated {
		known[p.ID] = true
	}
	for id, verb := range r.supervisor.decided {
		if known[id] != (verb == "validate") {
			r.t.Errorf("proposal %s: %q was acknowledged; validated: %v", id, verb, known[id])
		}
	}
	r.hub.stop()
	got, err := r.crm.content()
	if err != nil {
		r.t.Fatal(err)
	}
	verify(r.t, r.load.calls, validated, got)
	verifyLedger(r.t, r.hub.bin, r.dir)
	r.t.Logf("%d outcomes acknowledged (%d posts repeated), %d in the CRM; %d appointments validated, %d in the CRM",
		r.load.acked.Load(), r.load.repeats.Load(), len(got.activities), len(validated), len(got.appointments))
}

// report prints the run's figures. A point at which no life ended is a mistake
// of this test.
func (r *run) report(points []string) {
	r.t.Helper()
	random := r.deaths[""]
	delete(r.deaths, "")
	r.t.Logf("%d cycles: %d killed at random, at points: %s", r.cycles, random, tally(r.deaths))
	r.t.Logf("the CRM was %s; the stream's store had %s", tally(r.moods), tally(r.hurts))
	slices.Sort(r.resume)
	if n := len(r.resume); n > 0 {
		r.t.Logf("first write to a calm CRM after listening, backlog given: p50 %d ms, max %d ms (%d restarts)",
			r.resume[n/2].Milliseconds(), r.resume[n-1].Milliseconds(), n)
	}
	if r.cycles < 2*len(points) {
		return
	}
	for _, p := range points {
		if r.crm.passes(p) && r.deaths[p] == 0 {
			r.t.Errorf("no life ended at %s", p)
		}
	}
}

func tally(counts map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(out, ", ")
}
