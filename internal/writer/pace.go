package writer

import (
	"context"
	"sync"
	"time"

	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
)

// atOnce is how many writes of a CRM without batches are under way at a time.
const atOnce = 8

// A crowd holds no more claims than the CRM has lately taken writes in
// heldFor: what is urgent goes behind them, and they must not run out. It looks
// every paceEvery how many those are.
const (
	heldFor   = 250 * time.Millisecond
	paceEvery = 50 * time.Millisecond
	mostHeld  = 4 * bus.Partitions
)

// unwell is after how many failures in a row a CRM is not asked for what is
// left of the claims: relay decides how to go on.
const unwell = 5

// pace says how much a crowd may claim, and whether it may go on with that.
type pace struct {
	mu    sync.Mutex
	freed *sync.Cond // there is room, or the writer is to stop
	held  int        // claimed or about to be, and not ended
	limit int

	since time.Time // when ended began to count
	ended int

	failures int       // in a row
	stopped  time.Time // what was claimed before is not to be begun
}

func newPace(ctx context.Context) *pace {
	p := &pace{limit: atOnce}
	p.freed = sync.NewCond(&p.mu)
	context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.freed.Broadcast()
	})
	return p
}

// enter waits for room and answers how many writes one hand may claim: its
// share of the limit. They are held until they leave. It answers 0 once the
// writer is to stop.
func (p *pace) enter(ctx context.Context) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.held >= p.limit && ctx.Err() == nil {
		p.freed.Wait()
	}
	if ctx.Err() != nil {
		return 0
	}
	n := (p.limit + bus.Partitions - 1) / bus.Partitions
	p.held += n
	return n
}

// leave gives back what was not claimed after all, or has ended.
func (p *pace) leave(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held -= n
	for range n {
		p.freed.Signal()
	}
}

// end counts a call that has ended, and learns from its results.
func (p *pace) end(results []outbox.Result, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range results {
		p.learn(r, now)
	}
	p.ended++
	span := now.Sub(p.since)
	if span < paceEvery {
		return
	}
	p.limit = int(min(max(int64(heldFor)*int64(p.ended)/int64(span), atOnce), mostHeld))
	p.since, p.ended = now, 0
	p.freed.Broadcast()
}

func (p *pace) learn(r outbox.Result, now time.Time) {
	switch {
	case !r.Begun:
	case r.State != connector.Failed || r.Kind == fault.Rejected:
		p.failures = 0
	case r.Kind == fault.Unavailable:
		if p.failures++; p.failures >= unwell {
			p.stopped = now
		}
	default: // told to wait, or kept out
		p.stopped = now
	}
}

// over says whether what was asked for at a time is not to be begun any more.
func (p *pace) over(asked time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !asked.After(p.stopped)
}
