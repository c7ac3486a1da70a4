package relay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
	"passerelle/internal/writer"
)

// addCalls appends so many calls of each of so many prospects.
func (h *hub) addCalls(prospects, each int) {
	h.Helper()
	h.serial++
	h.commit(func(tx *store.Tx) error {
		for n := range prospects * each {
			key := fmt.Sprintf("call-%d-%d", h.serial, n)
			_, err := outbox.Append(tx, outbox.Draft{EventKey: key, Write: bridge.Write{
				Operation: bridge.Operation(crmName, key, bridge.WriteActivity, 0), Kind: bridge.WriteActivity, Prospect: ref(n % prospects),
			}}, h.now())
			if err != nil {
				return err
			}
		}
		return nil
	})
	h.relay.Wake(crmName)
}

// away starts a writer in another process, as far as the hub can tell. Its
// connection is its life.
func (h *hub) away(name string) *bus.Conn {
	h.Helper()
	c := h.connect()
	w := h.serve(c, name, writer.Remote{Road: c.Road("paris")})
	h.Cleanup(func() { w.Stop(); c.Close() })
	return c
}

// dealt says how many partitions each writer serves, if each is served by one.
func (h *hub) dealt() (counts []int) {
	h.relay.crew.mu.Lock()
	defer h.relay.crew.mu.Unlock()
	var all bus.Share
	for _, m := range h.relay.crew.members {
		share := m.serving[crmName]
		if share == 0 || all&share != 0 {
			return nil
		}
		all |= share
		counts = append(counts, share.Len())
	}
	if all != bus.All {
		return nil
	}
	slices.Sort(counts)
	return counts
}

func (h *hub) deals(want ...int) func() bool {
	return func() bool { return slices.Equal(h.dealt(), want) }
}

// served counts the entries by who settled them.
func (h *hub) served() map[string]int {
	h.Helper()
	by := map[string]int{}
	h.view(func(tx *store.Tx) error {
		all, _, err := outbox.List(tx, outbox.Filter{Limit: 1_000_000})
		for _, e := range all {
			by[e.Writer]++
		}
		return err
	})
	return by
}

func TestWritersShareTheWork(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(stores))
	soon(t, "the hub alone has all", h.deals(64))
	h.away("far")
	doomed := h.away("farther")
	soon(t, "each has its share", h.deals(21, 21, 22))
	h.addCalls(700, 3)
	soon(t, "everything is applied", h.done)
	by := h.served()
	t.Logf("2100 calls, by writer: %v", by)
	for _, name := range []string{local, "far", "farther"} {
		if n := by[name]; n < 2100/3/2 {
			t.Errorf("%s has carried out %d of 2100", name, n)
		}
	}
	h.addCalls(700, 3)
	soon(t, "it is at work again", func() bool { return h.served()["farther"] > by["farther"]+50 })
	doomed.Close()
	died := time.Now()
	soon(t, "the others take over", h.deals(32, 32))
	t.Logf("taken over after %s", time.Since(died).Round(time.Millisecond))
	h.pass(defaultTimeout + settle) // what it had claimed may be had by others
	soon(t, "everything is applied", h.done)
	h.onceInOrder(4200)
}

// A sheet is written by the hub alone.
func TestALocalLineIsNotShared(t *testing.T) {
	t.Parallel()
	h := newHub(t, always(stores), func(h *hub) { h.line.Descriptor.Local = true })
	far := writer.Remote{Road: h.connect().Road("paris")}
	for range 3 {
		got, err := far.Beat(t.Context(), bus.Beat{Writer: "far", Serving: bus.Shares{crmName: 0, "crm.other": 0}})
		if err != nil || len(got) != 0 {
			t.Errorf("a writer elsewhere is given %v (%v)", got, err)
		}
	}
	soon(t, "the hub has all", h.deals(64))
}

// Writers come and go all the time: nothing is lost, doubled or out of order,
// and all ends.
func TestWritersComeAndGo(t *testing.T) {
	t.Parallel()
	h := newHub(t, first(accepts, stores), patientBreaker)
	calls := 0
	for round := range 6 {
		c := h.connect()
		w := h.serve(c, fmt.Sprintf("passer-by %d", round), writer.Remote{Road: c.Road("paris")})
		soon(t, "it has its share", h.deals(32, 32))
		h.addCalls(100, 2)
		calls += 200
		soon(t, "it is at work", func() bool { return h.served()[fmt.Sprintf("passer-by %d", round)] > 0 })
		w.Stop()
		c.Close()
	}
	soon(t, "everything is applied", h.done)
	soon(t, "the hub has all again", h.deals(64))
	h.onceInOrder(calls)
}

func TestCrew(t *testing.T) {
	t.Parallel()
	now := time.Now()
	owners := bus.Split(crmName, []string{"far", "own"})
	var mine, yours bus.Share // of far and own, as dealt
	for p, name := range owners {
		if name == "far" {
			mine |= bus.Of(p)
		} else {
			yours |= bus.Of(p)
		}
	}
	one := bus.Share(1) << slices.Index(owners[:], "far")
	for _, tc := range []struct {
		name     string
		own, far bus.Share // what they serve
		wantOwn  bus.Share
		wantFar  bus.Share
	}{
		{"a hub that starts takes all, until the other does", 0, 0, bus.All, mine},
		{"who has it keeps it until it is taken", bus.All, 0, bus.All, mine},
		{"and gives up what is", bus.All, one, bus.All &^ one, mine},
		{"all is dealt", yours, mine, yours, mine},
		{"the hub takes what the other fails to", yours, mine &^ one, yours | one, mine},
		{"what the hub fails to take stays", 0, bus.All, yours, bus.All},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := crew{members: map[string]*member{}}
			for range 2 { // the second time they know of each other
				c.beat(bus.Beat{Writer: "own", Serving: bus.Shares{crmName: tc.own}}, true, now)
				c.beat(bus.Beat{Writer: "far", Serving: bus.Shares{crmName: tc.far}}, false, now)
			}
			if got := c.share(crmName, "own"); got != tc.wantOwn {
				t.Errorf("the hub serves %016x, want %016x", got, tc.wantOwn)
			}
			if got := c.share(crmName, "far"); got != tc.wantFar {
				t.Errorf("the other serves %016x, want %016x", got, tc.wantFar)
			}
		})
	}
}

func TestWhoIsSilentIsForgotten(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := crew{members: map[string]*member{}}
	serving := func(line bridge.ConnectionName) bus.Shares { return bus.Shares{line: 0} }
	for i, name := range []string{"early", "late", "polite"} {
		_, joined, _ := c.beat(bus.Beat{Writer: name, Serving: serving("crm." + bridge.ConnectionName(name))}, false, now.Add(time.Duration(i)*time.Second))
		if !joined {
			t.Errorf("%s is not new", name)
		}
	}
	if _, _, left := c.beat(bus.Beat{Writer: "polite"}, false, now); left == nil {
		t.Error("a goodbye was not heard")
	}
	if got := c.silent(now.Add(bus.SilentFor)); len(got) != 0 {
		t.Errorf("given up too early: %v", got)
	}
	want := map[string]bus.Shares{"early": serving("crm.early")}
	if diff := cmp.Diff(want, c.silent(now.Add(bus.SilentFor+time.Millisecond))); diff != "" {
		t.Error(diff)
	}
	if got := slices.Collect(maps.Keys(c.members)); !slices.Equal(got, []string{"late"}) {
		t.Errorf("left are %v", got)
	}
}

func TestNotABeat(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores))
	h.start()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var shares bus.Shares
	if err := h.conn.Ask(ctx, h.conn.Road("paris").Subject(bus.BeatSubject), 7, &shares); err == nil {
		t.Error("a number was taken for a beat")
	}
}
