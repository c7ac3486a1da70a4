package relay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/faultpoint"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// clockMark is a time that several goroutines read and set.
type clockMark struct{ nanos atomic.Int64 }

func (m *clockMark) set(t time.Time) { m.nanos.Store(t.UnixNano()) }
func (m *clockMark) get() time.Time  { return time.Unix(0, m.nanos.Load()) }

// askAgain is what a writer is told that meets a paused or dead connection:
// its messages are taken off the road meanwhile.
const askAgain = 2 * time.Second

// Claim answers a writer's ask: first the connection's tokens, then the
// entries.
func (r *Relay) Claim(ctx context.Context, ask outbox.Ask) (outbox.Grant, error) {
	l, err := r.lane(ask.Connection)
	if err != nil {
		return outbox.Grant{}, err
	}
	l.asked.set(r.opts.Now())
	if halted, _, err := l.halted(); err != nil || halted {
		return refuseAll(ask, askAgain), err
	}
	if err := l.Breaker.Allow(); err != nil {
		l.poke()
		return refuseAll(ask, fault.Of(err).After), nil
	}
	most, wait := l.tokens(l.atOnce(len(ask.Entries)))
	if most == 0 {
		return refuseAll(ask, wait), nil
	}
	g, err := l.grant(ctx, ask, most, wait)
	faultpoint.Hit("relay.claim.after")
	granted := goes(g)
	l.Bucket.Return((most - granted) * l.Descriptor.Tokens)
	if granted == 0 && err != nil {
		return outbox.Grant{}, err
	}
	if granted > 0 {
		l.granted.set(r.opts.Now())
	}
	g.Tokens = granted * l.Descriptor.Tokens
	return g, nil
}

// atOnce is how many of so many writes may be sent at a time: one if it is to
// find out whether the CRM is back, and each would be a request of its own.
func (l *lane) atOnce(n int) int {
	if l.Descriptor.Batch <= 1 && l.Breaker.State() == httpx.BreakerHalfOpen {
		return min(n, 1)
	}
	return n
}

// grant claims at most so many of the entries asked for, a chunk to a
// transaction, all under one fence; the others are told to wait. After an error
// the grant is what was kept; the rest may be asked for again.
func (l *lane) grant(ctx context.Context, ask outbox.Ask, most int, wait time.Duration) (outbox.Grant, error) {
	terms := outbox.Terms{Timeout: l.relay.opts.Timeout, Settle: l.Descriptor.Settle, Again: retryIn(wait)}
	all := outbox.Grant{For: terms.Timeout}
	rest := slices.Compact(slices.Sorted(slices.Values(ask.Entries)))
	now := l.now() // the deadline of all
	for len(rest) > 0 {
		part := ask
		part.Entries = rest[:min(chunk, len(rest))]
		terms.Fence, terms.Most = all.Fence, most-goes(all)
		var g outbox.Grant
		err := l.commit(ctx, func(tx *store.Tx) (err error) {
			g, err = outbox.Claim(tx, part, terms, now)
			return err
		})
		if err != nil {
			all.Items = append(all.Items, refuse(rest, time.Second)...)
			return all, err
		}
		all.Fence = g.Fence
		all.Items = append(all.Items, g.Items...)
		rest = rest[len(part.Entries):]
	}
	return all, nil
}

// goes counts the entries granted.
func goes(g outbox.Grant) (n int) {
	for _, item := range g.Items {
		if item.Verdict == outbox.Go {
			n++
		}
	}
	return n
}

func refuseAll(ask outbox.Ask, after time.Duration) outbox.Grant {
	return outbox.Grant{Items: refuse(ask.Entries, after)}
}

func refuse(entries []string, after time.Duration) []outbox.Item {
	items := make([]outbox.Item, len(entries))
	for i, id := range entries {
		items[i] = outbox.Item{Entry: id, Verdict: outbox.Wait, Retry: retryIn(after)}
	}
	return items
}

// retryIn is when a writer is told to ask again: the wait may be over before, and
// something urgent may have come by then.
func retryIn(after time.Duration) time.Duration {
	return min(max(after, 50*time.Millisecond), askAgain)
}

// tokens takes the worst-case requests of as many entries as the quota allows,
// at most n; where it allows none it says how long to wait.
func (l *lane) tokens(n int) (granted int, wait time.Duration) {
	each := l.Descriptor.Tokens
	if each == 0 {
		if ok, after := l.Bucket.TryTake(0); !ok { // told to pause
			return 0, after
		}
		return n, 0
	}
	for granted < n {
		ok, after := l.Bucket.TryTake(each)
		if !ok {
			return granted, after
		}
		granted++
	}
	return granted, 0
}

// Report carries what a writer made of a grant into the outbox.
func (r *Relay) Report(ctx context.Context, report outbox.Report) error {
	l, err := r.lane(report.Connection)
	if err != nil {
		return err
	}
	l.Bucket.Return(report.Unused)
	l.answered(report.Results)
	results := report.Results
	for len(results) > 0 {
		part := results[:min(chunk, len(results))]
		results = results[len(part):]
		faultpoint.Hit("relay.report.before")
		err := l.insist(ctx, func(tx *store.Tx) error {
			for _, one := range part {
				if err := l.settle(tx, report.Fence, one); err != nil {
					return err
				}
			}
			return nil
		})
		faultpoint.Hit("relay.report.after")
		if err != nil {
			return fmt.Errorf("report of %s: %w", report.Connection, err)
		}
	}
	l.poke()
	return nil
}

// insistEvery is how often a report is tried to be kept.
const insistEvery = 250 * time.Millisecond

// insist commits what a CRM has answered, and while the disk is full tries again
// for as long as a claim lasts: else the claim would have to run out, and the
// CRM be asked whether it has it.
func (l *lane) insist(ctx context.Context, fn func(*store.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, l.relay.opts.Timeout)
	defer cancel()
	for {
		err := l.commit(ctx, fn)
		if !errors.Is(err, store.ErrNotKept) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(insistEvery):
		}
	}
}

// answered lets the breaker and the bucket learn from the results.
func (l *lane) answered(results []outbox.Result) {
	for _, res := range results {
		if !res.Begun {
			continue
		}
		if res.State != connector.Failed {
			l.Breaker.Report("")
			continue
		}
		l.Breaker.Report(res.Kind)
		if res.Kind == fault.RateLimited {
			l.Bucket.Pause(time.Now().Add(max(res.After, time.Second))) // by the bucket's clock
		}
	}
}

func (l *lane) settle(tx *store.Tx, fence uint64, res outbox.Result) error {
	if res.State == connector.Failed && res.Kind == fault.RateLimited {
		res.Begun = false // a quota is no attempt
	}
	if _, finder := l.Conn.(connector.Finder); res.State == connector.Accepted && !finder {
		res.State = connector.Stored // the CRM's word is all there is
	}
	lookup := l.Descriptor.Idempotency != connector.None
	e, err := outbox.Settle(tx, fence, res, l.now(), lookup, l.retry)
	if errors.Is(err, outbox.ErrStale) {
		l.relay.opts.Log.Info("a late report was refused", "connection", l.Name, "entry", res.Entry)
		return nil
	}
	if err != nil {
		return err
	}
	if res.State == connector.Failed && res.Kind == fault.Permanent {
		if err := pause(tx, l.Name, res.Reason, l.now()); err != nil {
			return err
		}
		l.relay.opts.Log.Error("connection paused", "connection", l.Name, "reason", res.Reason)
	}
	if res.State == connector.Failed && res.Gone {
		if err := l.found(tx, outbox.NoRecord, e.ID); err != nil {
			return err
		}
	}
	return l.settled(tx, e)
}

// The back-off of a write that failed: doubled each time, with jitter.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Minute
	// probeRetry bounds it while the CRM is down for all: what is most urgent
	// probes, and must not wait minutes once the CRM is back. It is longer than
	// the breaker stays open: the next probe is another write's.
	probeRetry = 10 * time.Second
)

func (l *lane) retry(e *outbox.Entry, res outbox.Result) time.Duration {
	last := lastRetry
	if res.Kind == fault.Unavailable && l.Breaker.State() != httpx.BreakerClosed {
		last = probeRetry
	}
	wait := min(firstRetry<<min(e.Attempts, 16), last)
	wait = wait/2 + rand.N(wait/2+1)
	if res.Lost {
		wait = max(wait, l.Descriptor.Settle)
	}
	return max(wait, res.After)
}

// halted says whether nothing may be sent now, and until when if that is known.
func (l *lane) halted() (bool, time.Time, error) {
	var paused bool
	err := l.relay.opts.Store.View(func(tx *store.Tx) (err error) {
		_, paused, err = Paused(tx, l.Name)
		return err
	})
	if err != nil || paused {
		return true, time.Time{}, err
	}
	if l.Breaker.State() == httpx.BreakerOpen {
		return true, l.now().Add(time.Second), nil
	}
	return false, time.Time{}, nil
}

// Pause is why and since when a connection sends nothing.
type Pause struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	Lost   *Loss     `json:"lost,omitempty"` // only a person ends it
}

var pauses = store.NewTable[Pause]("relay.paused")

func pause(tx *store.Tx, c bridge.ConnectionName, reason string, now time.Time) error {
	return pauses.Put(tx, string(c), Pause{Reason: reason, Since: now})
}

// Paused says whether a connection is paused, and why.
func Paused(tx *store.Tx, c bridge.ConnectionName) (Pause, bool, error) {
	return pauses.Get(tx, string(c))
}

// Resume ends a connection's pause once its check passes.
func (r *Relay) Resume(ctx context.Context, c bridge.ConnectionName) error {
	return r.resume(ctx, c, func(*store.Tx) error { return nil })
}

// resume does, and what else belongs to it.
func (r *Relay) resume(ctx context.Context, c bridge.ConnectionName, and func(*store.Tx) error) error {
	l, err := r.lane(c)
	if err != nil {
		return err
	}
	if err := l.Conn.Check(ctx); err != nil {
		return fmt.Errorf("%s stays paused: its check fails: %w", c, err)
	}
	err = r.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		p, paused, err := Paused(tx, c)
		if err == nil && paused && p.Lost != nil {
			err = trusted.Put(tx, string(c), l.now())
		}
		if err != nil {
			return err
		}
		if err := pauses.Delete(tx, string(c)); err != nil {
			return err
		}
		return and(tx)
	})
	l.poke()
	return err
}
