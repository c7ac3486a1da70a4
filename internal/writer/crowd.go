package writer

import (
	"context"
	"errors"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
)

// crowd is the hands of a CRM without batches: one for each partition, which
// takes its messages in order and carries its writes out one by one. They claim
// and report together, since each claim and each report is a commit of the
// hub's.
type crowd struct {
	hand
	calls   chan struct{} // holds one for each call under way
	pace    *pace
	asked   rounds[*asking]
	results rounds[telling]
}

// asking is one hand's wish for claims.
type asking struct {
	entries []string
	granted chan share
}

// share is what one hand has of a grant.
type share struct {
	outbox.Grant
	each  int // tokens for one write
	asked time.Time
	err   error
}

func (s share) deadline() time.Time { return s.asked.Add(s.For) }

// telling is one hand's report.
type telling struct {
	outbox.Report
	kept chan error
}

func newCrowd(ctx context.Context, line Line, opts Options) *crowd {
	c := &crowd{hand: hand{Line: line, opts: opts, batch: 1}, calls: make(chan struct{}, atOnce), pace: newPace(ctx)}
	c.asked.run = func(all []*asking) { c.askFor(ctx, all) }
	c.results.run = func(all []telling) { c.tell(ctx, all) }
	return c
}

// work takes one partition's messages in order, some at a time.
func (c *crowd) work(ctx context.Context, in <-chan bus.Delivery) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-in:
			room := c.pace.enter(ctx)
			if room == 0 {
				d.Nak(0)
				return
			}
			few := drain(in, []bus.Delivery{d}, room)
			c.pace.leave(room - len(few))
			c.carryOut(ctx, few)
		}
	}
}

func (c *crowd) carryOut(ctx context.Context, few []bus.Delivery) {
	mine := c.claim(entriesOf(few))
	if mine.err != nil {
		c.pace.leave(len(few))
		c.unclaimed(few, mine.err)
		return
	}
	reports := c.applyEach(ctx, mine)
	c.pace.leave(len(few))
	var err error
	for _, kept := range reports {
		err = errors.Join(err, <-kept)
	}
	c.end(few, mine.Grant, err)
}

// claim asks for entries beside the other hands.
func (c *crowd) claim(entries []string) share {
	a := &asking{entries, make(chan share, 1)}
	c.asked.add(a)
	return <-a.granted
}

// askFor asks the hub for what several hands want, and deals it out.
func (c *crowd) askFor(ctx context.Context, all []*asking) {
	ask := outbox.Ask{Connection: c.Name, Writer: c.opts.Name}
	for _, a := range all {
		ask.Entries = append(ask.Entries, a.entries...)
	}
	s := share{asked: time.Now()}
	var g outbox.Grant
	g, s.err = c.hand.claim(ctx, ask)
	items := make(map[string]outbox.Item, len(g.Items))
	goes := 0
	for _, item := range g.Items {
		items[item.Entry] = item
		if item.Verdict == outbox.Go {
			goes++
		}
	}
	s.Fence, s.For, s.each = g.Fence, g.For, g.Tokens/max(goes, 1)
	for _, a := range all {
		s.Items = nil
		for _, entry := range a.entries {
			s.Items = append(s.Items, items[entry])
		}
		a.granted <- s
	}
}

// applyEach carries a share out write by write, and hands in what becomes of
// each at once. What follows a write of its prospect that is to be tried again
// is not begun: it must not overtake it.
func (c *crowd) applyEach(ctx context.Context, s share) (reports []<-chan error) {
	again := map[bridge.Ref]bool{}
	for _, item := range s.Items {
		if item.Verdict != outbox.Go {
			continue
		}
		report := c.applyOne(ctx, s, item, again[item.Write.Prospect])
		for _, r := range report.Results {
			if r.State == connector.Failed && r.Kind != fault.Rejected {
				again[item.Write.Prospect] = true
			}
		}
		t := telling{report, make(chan error, 1)}
		c.results.add(t)
		reports = append(reports, t.kept)
	}
	return reports
}

func (c *crowd) applyOne(ctx context.Context, s share, item outbox.Item, heldBack bool) outbox.Report {
	if heldBack || !c.begin(ctx, s) {
		return outbox.Report{Connection: c.Name, Fence: s.Fence, Unused: s.each, Results: notBegun([]outbox.Item{item})}
	}
	defer func() { <-c.calls }()
	report, _ := c.apply(outbox.Grant{Fence: s.Fence, Tokens: s.each, Items: []outbox.Item{item}}, s.deadline())
	c.pace.end(report.Results, time.Now())
	return report
}

// begin waits for its turn to call the CRM; false if it is not to be called
// under this claim any more.
func (c *crowd) begin(ctx context.Context, s share) bool {
	ctx, cancel := context.WithDeadline(ctx, s.deadline())
	defer cancel()
	select {
	case c.calls <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if ctx.Err() != nil || c.pace.over(s.asked) {
		<-c.calls
		return false
	}
	return true
}

// tell reports to the hub what several hands have done: a report for each
// claim, since each has its fence.
func (c *crowd) tell(ctx context.Context, all []telling) {
	claims := map[uint64][]telling{}
	for _, t := range all {
		claims[t.Fence] = append(claims[t.Fence], t)
	}
	var wg sync.WaitGroup
	for _, claim := range claims {
		wg.Go(func() {
			err := c.report(ctx, together(claim))
			for _, t := range claim {
				t.kept <- err
			}
		})
	}
	wg.Wait()
}

// together makes one report of those on one claim, in the order they came.
func together(claim []telling) outbox.Report {
	all := outbox.Report{Connection: claim[0].Connection, Fence: claim[0].Fence}
	for _, t := range claim {
		all.Spent += t.Spent
		all.Unused += t.Unused
		all.Results = append(all.Results, t.Results...)
	}
	return all
}
