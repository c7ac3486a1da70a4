package relay

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"passerelle/internal/bus"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/faultpoint"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// lane moves one connection's entries.
type lane struct {
	Line
	relay  *Relay
	wake   chan struct{}
	window int
	// granted is when a claim was last granted: relayed entries are only
	// missed while others are being claimed.
	granted clockMark
	// asked is when a writer last asked for anything.
	asked clockMark
	// stale says that what is on the road may be in nobody's hands.
	stale atomic.Bool
	// expiry and missed are when the next claim can run out and the next
	// message can be missed: there is no need to look before.
	expiry, missed time.Time
	// doubt says that the CRM may not be what it was: it did not answer for a
	// while, or we were away. nextLook is when we look back anyway.
	doubt    bool
	nextLook time.Time

	rechecking sync.Mutex
	were       *outbox.Replaced // of the recheck under way
	until      time.Time        // it began
}

func newLane(r *Relay, l Line) *lane {
	return &lane{Line: l, relay: r, wake: make(chan struct{}, 1), window: windowOf(l), doubt: true}
}

// windowOf is how many entries are on the road at most: enough that nobody
// waits for us, and where the CRM has a limit no more than some seconds of it, so
// that what is urgent is not behind a minute of what is not.
func windowOf(l Line) int {
	window := 256
	if rate := l.Bucket.Rate(); rate > 0 {
		window = min(window, max(16, int(3*rate)))
	}
	return max(window, 2*l.Descriptor.Batch)
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// reset has what is on the road and unclaimed published again.
func (l *lane) reset() {
	l.stale.Store(true)
	l.poke()
}

func (l *lane) now() time.Time { return l.relay.opts.Now() }

func (l *lane) commit(ctx context.Context, fn func(*store.Tx) error) error {
	return l.relay.opts.Store.Commit(ctx, fn)
}

// sweepEvery is how often expired claims and lost messages are looked for.
const sweepEvery = time.Second

func (l *lane) run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-again.C:
		case <-tick.C:
			if err := l.sweep(ctx); err != nil && ctx.Err() == nil {
				l.relay.opts.Log.Error("the outbox could not be looked through", "connection", l.Name, "err", err)
			}
		}
		if l.relay.roadDown() {
			continue // it is looked at, and then we are woken
		}
		var err error
		if l.stale.Swap(false) {
			err = l.clear(ctx)
		}
		next, failed := l.fill(ctx)
		if err = errors.Join(err, failed); err != nil && ctx.Err() == nil {
			l.relay.opts.Log.Warn("writes could not be published: they wait in the outbox", "connection", l.Name, "err", err)
		}
		if !next.IsZero() {
			again.Reset(max(next.Sub(l.now()), time.Millisecond))
		}
	}
}

// chunk bounds how many entries one of our transactions moves: the plateau's
// commands wait behind it.
const chunk = 256

// fill publishes what the window has room for. Next is when to look again.
func (l *lane) fill(ctx context.Context) (next time.Time, err error) {
	for ctx.Err() == nil {
		halted, until, err := l.halted()
		if err != nil {
			return next, err
		}
		if halted {
			l.doubt = true
			return until, l.clear(ctx)
		}
		if looked, err := l.lookBack(ctx); err != nil || looked {
			if err != nil {
				return next, err
			}
			continue
		}
		var taken []outbox.Entry
		room, strict, err := l.room()
		if err != nil || room <= 0 {
			return next, err
		}
		err = l.commit(ctx, func(tx *store.Tx) (err error) {
			taken, next, err = l.take(tx, min(room, chunk), strict)
			return err
		})
		if err != nil || len(taken) == 0 {
			return next, err
		}
		faultpoint.Hit("relay.take.after")
		if err := l.publish(ctx, taken); err != nil {
			l.relay.publishFailed()
			return next, err
		}
		l.relay.published()
		faultpoint.Hit("relay.publish.after")
	}
	return next, nil
}

// room says how many entries the window has room for: none if none waits, since
// a transaction costs a flush of the disk also where it changes nothing. Only
// fill puts entries on the road: it does not shrink meanwhile. While the CRM is
// only being probed, the most urgent entry is the probe: behind any other it
// would wait with the rest. It is strict where more waits than there is room for.
func (l *lane) room() (room int, strict bool, err error) {
	window := l.window
	if l.Breaker.State() == httpx.BreakerHalfOpen {
		window = 1
	}
	err = l.relay.opts.Store.View(func(tx *store.Tx) error {
		waiting := len(outbox.Ids(tx, l.Name, outbox.Pending, window+1))
		if waiting > 0 {
			room = window - len(outbox.Ids(tx, l.Name, outbox.Relayed, 0)) - len(outbox.Ids(tx, l.Name, outbox.Sending, 0))
			strict = waiting > room
		}
		return nil
	})
	return room, strict, err
}

// take moves what fill is to publish. Where it is strict, one rank of urgency
// goes on the road at a time: there they go side by side.
func (l *lane) take(tx *store.Tx, room int, strict bool) (taken []outbox.Entry, next time.Time, err error) {
	if !strict {
		return outbox.Take(tx, l.Name, room, l.now())
	}
	ahead, err := l.ahead(tx)
	for rank := 0; err == nil && len(taken) == 0 && rank <= ahead; rank++ {
		taken, next, err = outbox.TakeRank(tx, l.Name, rank, room, l.now())
	}
	return taken, next, err
}

// aheadFor is how long what is urgent and on the road holds back the rest.
const aheadFor = 2 * time.Second

// ahead is the most urgent rank that was published lately and is not claimed
// yet.
func (l *lane) ahead(tx *store.Tx) (rank int, err error) {
	heads := outbox.Heads(tx, l.Name, outbox.Relayed)
	for rank, id := range heads {
		e, ok, err := outbox.Get(tx, id)
		if err != nil {
			return 0, err
		}
		if ok && l.now().Sub(e.Changed) < aheadFor {
			return rank, nil
		}
	}
	return len(heads) - 1, nil
}

// publishWithin bounds the wait for the server to have a chunk. A server that
// is slower than this is treated as having lost it, which costs a repeat.
const publishWithin = 2 * time.Second

func (l *lane) publish(ctx context.Context, taken []outbox.Entry) error {
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	messages := make([]bus.Message, len(taken))
	for i, e := range taken {
		messages[i] = bus.Message{Entry: e.ID, Connection: l.Name, Partition: bus.Partition(e.Write.Prospect)}
	}
	return l.relay.opts.Road.Publish(ctx, messages)
}

// clear takes everything unclaimed off the road, so that what is urgent goes
// first when the connection works again.
func (l *lane) clear(ctx context.Context) error {
	var waiting bool
	err := l.relay.opts.Store.View(func(tx *store.Tx) error {
		waiting = len(outbox.Ids(tx, l.Name, outbox.Relayed, 1)) > 0
		return nil
	})
	if err != nil || !waiting {
		return err
	}
	if err := l.takeBack(ctx, outbox.Relayed); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	return l.relay.opts.Road.Purge(ctx, l.Name)
}

// takeBack returns the entries in a state to pending.
func (l *lane) takeBack(ctx context.Context, s outbox.State) error {
	return l.each(ctx, s, func(tx *store.Tx, id string) error { return outbox.Withdraw(tx, id, l.now()) })
}

// each runs fn over the entries in a state, a chunk to a transaction.
func (l *lane) each(ctx context.Context, s outbox.State, fn func(*store.Tx, string) error) error {
	var ids []string
	err := l.relay.opts.Store.View(func(tx *store.Tx) error {
		ids = outbox.Ids(tx, l.Name, s, 0)
		return nil
	})
	if err != nil {
		return err
	}
	return l.inChunks(ctx, ids, fn)
}

func (l *lane) inChunks(ctx context.Context, ids []string, fn func(*store.Tx, string) error) error {
	for part := range slices.Chunk(ids, chunk) {
		err := l.commit(ctx, func(tx *store.Tx) error {
			for _, id := range part {
				if err := fn(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recover takes back what was on its way when the hub last stopped. The hub's
// own writer died with it: only its settle time is waited for. Other writers
// keep their claims until they run out, which is no later than of one granted now.
func (l *lane) recover(ctx context.Context) error {
	return l.each(ctx, outbox.Sending, func(tx *store.Tx, id string) error {
		e, ok, err := outbox.Get(tx, id)
		if err != nil || !ok {
			return err
		}
		now := l.now()
		if e.Writer != l.relay.opts.Local {
			return outbox.Bound(tx, id, now.Add(l.relay.opts.Timeout))
		}
		return outbox.Expire(tx, id, now, now.Add(l.Descriptor.Settle))
	})
}

// unclaimedFor is how long a relayed entry may lie while others are claimed.
const unclaimedFor = 60 * time.Second

// sweep takes back claims that have run out and messages that got lost.
func (l *lane) sweep(ctx context.Context) error {
	timeout, settle := l.relay.opts.Timeout, l.Descriptor.Settle
	err := l.takeBackDue(ctx, outbox.Sending, &l.expiry, timeout+settle, func(e outbox.Entry) time.Time {
		return e.Deadline.Add(settle)
	}, func(tx *store.Tx, id string, now time.Time) error { return outbox.Expire(tx, id, now, now) })
	if err != nil || l.now().Sub(l.granted.get()) > unclaimedFor {
		return err
	}
	return l.takeBackDue(ctx, outbox.Relayed, &l.missed, unclaimedFor, func(e outbox.Entry) time.Time {
		return e.Changed.Add(unclaimedFor)
	}, outbox.Withdraw)
}

// takeBackDue runs back over those entries in a state whose time has come. It
// does not look before *next, which it sets to when the next one can be due:
// one that comes into the state now is not before newest has passed.
func (l *lane) takeBackDue(ctx context.Context, s outbox.State, next *time.Time, newest time.Duration,
	due func(outbox.Entry) time.Time, back func(*store.Tx, string, time.Time) error) error {
	now := l.now()
	if now.Before(*next) {
		return nil
	}
	var ids []string
	soonest := now.Add(newest)
	err := l.relay.opts.Store.View(func(tx *store.Tx) error {
		for _, id := range outbox.Ids(tx, l.Name, s, 0) {
			e, _, err := outbox.Get(tx, id)
			if err != nil {
				return err
			}
			switch at := due(e); {
			case !at.After(now):
				ids = append(ids, id)
			case at.Before(soonest):
				soonest = at
			}
		}
		return nil
	})
	if err == nil {
		err = l.inChunks(ctx, ids, func(tx *store.Tx, id string) error { return back(tx, id, now) })
	}
	if err == nil {
		*next = soonest
	}
	return err
}

// silentFor is how long published messages may bring no writer to ask, while
// none is at work: the hub's own is always there, so they reach nobody. It is
// longer than a cluster needs to put another server in the place of a dead one.
const silentFor = 10 * time.Second

// silent says whether the road takes messages and delivers none, as a stream
// does whose files were deleted under it.
func (l *lane) silent() (bool, error) {
	now := l.now()
	if now.Sub(l.asked.get()) < silentFor || !l.relay.opts.Road.Conn().Connected() {
		return false, nil
	}
	waiting := false
	err := l.relay.opts.Store.View(func(tx *store.Tx) error {
		if len(outbox.Ids(tx, l.Name, outbox.Sending, 1)) > 0 {
			return nil
		}
		for _, id := range outbox.Ids(tx, l.Name, outbox.Relayed, 0) {
			e, ok, err := outbox.Get(tx, id)
			if err != nil {
				return err
			}
			if ok && now.Sub(e.Changed) >= silentFor {
				waiting = true
				return nil
			}
		}
		return nil
	})
	return waiting, err
}

// settled tells the desk that an entry has come to rest, and with it those
// whose fields it took over.
func (l *lane) settled(tx *store.Tx, e outbox.Entry) error {
	if err := l.relay.opts.Desk.Settled(tx, e); err != nil || e.State != outbox.Applied {
		return err
	}
	for _, id := range e.Carries {
		carried, ok, err := outbox.Get(tx, id)
		if err == nil && ok {
			carried.State = outbox.Applied
			err = l.relay.opts.Desk.Settled(tx, carried)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
