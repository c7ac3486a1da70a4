package writer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
)

// granting is a hub that grants everything, each claim under the next fence.
type granting struct {
	items map[string]outbox.Item
	err   error

	mu      sync.Mutex
	asks    []outbox.Ask
	reports []outbox.Report
}

func (g *granting) Beat(context.Context, bus.Beat) (bus.Shares, error) { return nil, nil }

func (g *granting) Claim(_ context.Context, ask outbox.Ask) (outbox.Grant, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asks = append(g.asks, ask)
	out := outbox.Grant{Fence: uint64(len(g.asks)), For: time.Minute}
	for _, entry := range ask.Entries {
		item := g.items[entry]
		if item.Verdict == outbox.Go {
			out.Tokens += 4
		}
		out.Items = append(out.Items, item)
	}
	return out, g.err
}

func (g *granting) Report(_ context.Context, r outbox.Report) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reports = append(g.reports, r)
	return g.err
}

func (g *granting) told() (reports []outbox.Report) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.reports)
}

func crowdOn(t *testing.T, hub Hub, conn connector.Conn) *crowd {
	t.Helper()
	return newCrowd(t.Context(), Line{Name: crm, Conn: conn}, Options{Name: "w", Hub: hub, Log: slog.New(slog.DiscardHandler)})
}

// settle carries a share out and waits until its reports are kept.
func settle(t *testing.T, c *crowd, s share) {
	t.Helper()
	for _, kept := range c.applyEach(t.Context(), s) {
		if err := <-kept; err != nil {
			t.Error(err)
		}
	}
}

func TestWhatACrowdMakesOfItsShare(t *testing.T) {
	t.Parallel()
	const call = bridge.WriteActivity
	failing := func(kinds map[bridge.OperationID]fault.Kind) *blind {
		return &blind{answer: func(w bridge.Write) connector.Receipt {
			if kind := kinds[w.Operation]; kind != "" {
				return connector.Receipt{State: connector.Failed, Err: fault.Newf(kind, "x", "no")}
			}
			return stored(w)
		}}
	}
	unavailable := map[bridge.OperationID]fault.Kind{}
	var many []outbox.Item
	for i := range unwell + 2 {
		id := fmt.Sprint(i)
		unavailable[bridge.OperationID(id)] = fault.Unavailable
		many = append(many, item(id, id, call, false))
	}
	for _, c := range []struct {
		name  string
		conn  *blind
		items []outbox.Item
		sent  []string
		left  []string // told as not begun
	}{
		{name: "each in its turn", conn: failing(nil),
			items: []outbox.Item{item("1", "a", call, false), {Entry: "2", Verdict: outbox.Wait}, item("3", "a", call, false)},
			sent:  []string{"1", "3"}},
		{name: "nothing overtakes what is to be tried again", conn: failing(map[bridge.OperationID]fault.Kind{"1": fault.Unavailable}),
			items: []outbox.Item{item("1", "a", call, false), item("2", "a", call, false), item("3", "b", call, false), item("4", "a", call, false)},
			sent:  []string{"1", "3"}, left: []string{"2", "4"}},
		{name: "what is refused holds nothing back", conn: failing(map[bridge.OperationID]fault.Kind{"1": fault.Rejected}),
			items: []outbox.Item{item("1", "a", call, false), item("2", "a", call, false)},
			sent:  []string{"1", "2"}},
		{name: "a CRM that is down is not asked for the rest", conn: failing(unavailable),
			items: many, sent: []string{"0", "1", "2", "3", "4"}, left: []string{"5", "6"}},
		{name: "nor one that says to wait", conn: failing(map[bridge.OperationID]fault.Kind{"1": fault.RateLimited}),
			items: []outbox.Item{item("1", "a", call, false), item("2", "b", call, false)},
			sent:  []string{"1"}, left: []string{"2"}},
		{name: "nor one that lets nobody in", conn: failing(map[bridge.OperationID]fault.Kind{"1": fault.Permanent}),
			items: []outbox.Item{item("1", "a", call, false), item("2", "b", call, false)},
			sent:  []string{"1"}, left: []string{"2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			hub := &granting{}
			crowd := crowdOn(t, hub, c.conn)
			settle(t, crowd, share{Grant: outbox.Grant{Fence: 7, For: time.Minute, Items: c.items}, each: 4, asked: time.Now()})
			if diff := cmp.Diff(c.sent, c.conn.got); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			var left []string
			unused := 0
			for _, r := range hub.told() {
				if r.Fence != 7 || r.Connection != crm {
					t.Errorf("reported %+v", r)
				}
				unused += r.Unused
				for _, res := range r.Results {
					if !res.Begun {
						left = append(left, res.Entry)
					}
				}
			}
			slices.Sort(left)
			if diff := cmp.Diff(c.left, left); diff != "" {
				t.Errorf("not begun (-want +got):\n%s", diff)
			}
			if want := 4 * (len(c.sent) + len(c.left)); unused != want {
				t.Errorf("gave %d tokens back, want %d", unused, want)
			}
			// What is claimed from now on is begun again: relay knows better.
			c.conn.got = nil
			settle(t, crowd, share{Grant: outbox.Grant{Fence: 8, For: time.Minute, Items: []outbox.Item{item("new", "z", call, false)}}, asked: time.Now().Add(time.Nanosecond)})
			if len(c.conn.got) != 1 {
				t.Error("a later claim was not carried out")
			}
		})
	}
}

func TestNothingBeginsOnceTheClaimIsOverOrTheWriterStops(t *testing.T) {
	t.Parallel()
	c := crowdOn(t, &granting{}, &blind{answer: stored})
	in := share{Grant: outbox.Grant{For: time.Minute}, asked: time.Now()}
	late := share{Grant: outbox.Grant{For: time.Minute}, asked: time.Now().Add(-time.Hour)}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if !c.begin(t.Context(), in) || c.begin(t.Context(), late) || c.begin(stopped, in) {
		t.Error("begins when it must not, or not when it must")
	}
	if n := len(c.calls); n != 1 {
		t.Errorf("%d calls are under way, want 1", n)
	}
}

func TestHandsHaveTheirSharesOfOneClaim(t *testing.T) {
	t.Parallel()
	hub := &granting{items: map[string]outbox.Item{
		"1": item("1", "a", bridge.WriteActivity, false),
		"2": {Entry: "2", Verdict: outbox.Wait},
		"3": item("3", "b", bridge.WriteActivity, false),
	}}
	c := crowdOn(t, hub, &blind{answer: stored})
	hands := []*asking{{[]string{"1", "2"}, make(chan share, 1)}, {[]string{"3"}, make(chan share, 1)}}
	c.askFor(t.Context(), hands)
	want := [][]outbox.Item{{hub.items["1"], hub.items["2"]}, {hub.items["3"]}}
	for i, hand := range hands {
		s := <-hand.granted
		if diff := cmp.Diff(want[i], s.Items); diff != "" || s.Fence != 1 || s.each != 4 || s.err != nil {
			t.Errorf("hand %d has %+v:\n%s", i, s, diff)
		}
	}
	if diff := cmp.Diff([]outbox.Ask{{Connection: crm, Writer: "w", Entries: []string{"1", "2", "3"}}}, hub.asks); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	hub.err = errors.New("nobody answers")
	if s := c.claim([]string{"1"}); s.err == nil {
		t.Error("a claim that failed is a share")
	}
}

func TestReportsOfOneClaimAreOne(t *testing.T) {
	t.Parallel()
	hub := &granting{}
	c := crowdOn(t, hub, dumb{})
	var all []telling
	for _, r := range []outbox.Report{
		{Fence: 1, Spent: 1, Unused: 3, Results: []outbox.Result{{Entry: "b"}}},
		{Fence: 2, Spent: 1, Results: []outbox.Result{{Entry: "c"}}},
		{Fence: 1, Spent: 2, Unused: 2, Results: []outbox.Result{{Entry: "a"}}},
	} {
		all = append(all, telling{r, make(chan error, 1)})
	}
	c.tell(t.Context(), all)
	for _, one := range all {
		if err := <-one.kept; err != nil {
			t.Error(err)
		}
	}
	reports := hub.told()
	slices.SortFunc(reports, func(a, b outbox.Report) int { return int(a.Fence) - int(b.Fence) })
	want := []outbox.Report{
		{Fence: 1, Spent: 3, Unused: 5, Results: []outbox.Result{{Entry: "b"}, {Entry: "a"}}},
		{Fence: 2, Spent: 1, Results: []outbox.Result{{Entry: "c"}}},
	}
	if diff := cmp.Diff(want, reports); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}

func TestWhatComesDuringARoundWaitsForTheNext(t *testing.T) {
	t.Parallel()
	began, end := make(chan []int, 100), make(chan struct{})
	r := rounds[int]{run: func(round []int) { began <- round; <-end }}
	for i := range roundsAtOnce {
		r.add(i)
		if got := <-began; len(got) != 1 {
			t.Fatalf("round %d is of %v", i, got)
		}
	}
	for i := range 50 {
		r.add(i)
	}
	select {
	case got := <-began:
		t.Fatalf("a round too many, of %v", got)
	default:
	}
	close(end)
	if got := <-began; len(got) != 50 {
		t.Errorf("the next round is of %d, want 50", len(got))
	}
}

func TestThePaceIsTheCRMs(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for _, c := range []struct {
		name  string
		calls int // in paceEvery
		want  int
	}{
		{"one that takes little", 1, atOnce},
		{"a fast one", 20, 20 * int(heldFor/paceEvery)},
		{"a faster one than we can be", 10_000, mostHeld},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPace(t.Context())
			p.end(nil, start) // begins to count
			for range c.calls - 1 {
				p.end(nil, start)
			}
			p.end(nil, start.Add(paceEvery))
			if p.limit != c.want {
				t.Errorf("may hold %d, want %d", p.limit, c.want)
			}
		})
	}
}

func TestACrowdHoldsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p := newPace(ctx)
		for range atOnce {
			if n := p.enter(ctx); n != 1 {
				t.Fatalf("may claim %d, want 1", n)
			}
		}
		entered := make(chan int, 2)
		go func() {
			for range 2 {
				entered <- p.enter(ctx)
			}
		}()
		synctest.Wait()
		if len(entered) > 0 {
			t.Fatal("more than the limit")
		}
		p.leave(1)
		if n := <-entered; n != 1 {
			t.Errorf("may claim %d, want 1", n)
		}
		synctest.Wait()
		if len(entered) > 0 {
			t.Fatal("more than the limit, once one has left")
		}
		stop()
		if n := <-entered; n != 0 {
			t.Errorf("may claim %d when the writer stops", n)
		}
	})
	q := newPace(t.Context())
	q.limit = mostHeld
	if n := q.enter(t.Context()); n != mostHeld/bus.Partitions {
		t.Errorf("one hand may claim %d of %d", n, mostHeld)
	}
}
