package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"passerelle/internal/bus"
	"passerelle/internal/outbox"
)

// serve answers writers in other processes.
func (r *Relay) serve(ctx context.Context) error {
	err := r.answer(ctx, bus.ClaimSubject, func(ctx context.Context, raw []byte) (any, error) {
		var ask outbox.Ask
		if err := json.Unmarshal(raw, &ask); err != nil {
			return nil, errors.New("not a claim")
		}
		if err := r.mayAsk(ask); err != nil {
			return nil, err
		}
		return r.Claim(ctx, ask)
	})
	if err != nil {
		return err
	}
	err = r.answer(ctx, bus.BeatSubject, func(_ context.Context, raw []byte) (any, error) {
		var beat bus.Beat
		if err := json.Unmarshal(raw, &beat); err != nil {
			return nil, errors.New("not a beat")
		}
		return r.beat(r.elsewhere(beat), false), nil
	})
	if err != nil {
		return err
	}
	return r.answer(ctx, bus.ReportSubject, func(ctx context.Context, raw []byte) (any, error) {
		var report outbox.Report
		if err := json.Unmarshal(raw, &report); err != nil {
			return nil, errors.New("not a report")
		}
		return true, r.Report(ctx, report)
	})
}

func (r *Relay) answer(ctx context.Context, what string, handle func(context.Context, []byte) (any, error)) error {
	wait, err := r.opts.Road.Conn().Serve(ctx, r.opts.Road.Subject(what), handle)
	if err == nil {
		r.wg.Go(wait)
	}
	return err
}

// mayAsk refuses a writer elsewhere what only the hub's own may do.
func (r *Relay) mayAsk(ask outbox.Ask) error {
	if ask.Writer == r.opts.Local {
		return errors.New("this name is the hub's own writer's: give yours another")
	}
	if l, ok := r.lanes[ask.Connection]; ok && l.Descriptor.Local {
		return fmt.Errorf("%s can only be written by the hub itself", ask.Connection)
	}
	return nil
}

// roadWatch remembers which life of the stream we published to.
type roadWatch struct {
	renewing sync.Mutex // held while the stream is made anew

	mu     sync.Mutex
	state  bus.StreamState
	down   bool
	failed int // publishes in a row that it did not take

	// By watchRoad: when it last tried to widen the stream, and since when it has
	// had no answer.
	widened, unanswered time.Time
}

// renew makes the stream anew and takes what was on it back to pending.
func (r *Relay) renew(ctx context.Context) error {
	r.road.renewing.Lock()
	defer r.road.renewing.Unlock()
	if err := r.opts.Road.Renew(ctx, r.names()); err != nil {
		return err
	}
	state, err := r.opts.Road.State(ctx)
	if err != nil {
		return err
	}
	r.road.mu.Lock()
	r.road.state, r.road.down, r.road.failed = state, false, 0
	r.road.mu.Unlock()
	for _, l := range r.lanes {
		if err := l.takeBack(ctx, outbox.Relayed); err != nil {
			r.publishFailed() // what is relayed lies on no road: once more
			return err
		}
		l.poke()
	}
	return nil
}

// Rebuild makes the stream anew and publishes every open entry again. Nothing
// hangs on the stream: it is safe at any time.
func (r *Relay) Rebuild(ctx context.Context) error { return r.renew(ctx) }

// How often the stream is compared with what we know of it, and how often while
// it takes nothing.
const (
	watchEvery = time.Second
	watchDown  = 200 * time.Millisecond
)

// watchRoad notices when the stream has lost what we gave it: it is gone, was
// made anew by somebody, or knows fewer messages than it did.
func (r *Relay) watchRoad(ctx context.Context) {
	said := false
	wait := watchEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		err := r.checkRoad(ctx)
		if err != nil && !said && ctx.Err() == nil {
			r.opts.Log.Warn("the road to the writers is down", "err", err)
		}
		said = err != nil
		wait = watchEvery
		if r.roadDown() {
			wait = watchDown
		}
	}
}

// How long looking at the stream and making it anew may take: in a cluster
// whose servers come and go both wait for them.
const (
	lookWithin  = 2 * time.Second
	renewWithin = 30 * time.Second
)

func (r *Relay) checkRoad(ctx context.Context) error {
	looking, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	state, err := r.opts.Road.State(looking)
	r.road.mu.Lock()
	down, lost := r.road.down, r.lost(state, err)
	if err == nil && lost == "" {
		r.road.state, r.road.down = state, false
	}
	r.road.mu.Unlock()
	switch {
	case lost != "":
		r.opts.Log.Warn("the stream is made anew, and what waits is published again", "reason", lost)
		renewing, cancel := context.WithTimeout(ctx, renewWithin)
		defer cancel()
		return r.renew(renewing)
	case err == nil && down:
		for _, l := range r.lanes {
			l.reset()
		}
	case err == nil && state.Narrow:
		r.widen(looking)
	}
	return err
}

// lost says why what was published must count as lost, "" if it need not. The
// road is locked.
func (r *Relay) lost(state bus.StreamState, err error) string {
	known := r.road.state
	switch {
	case errors.Is(err, bus.ErrNoStream):
		return "it is gone"
	case r.mute(err):
		return "it has not answered for long"
	case err != nil:
		return ""
	case !state.Created.Equal(known.Created) || state.Last < known.Last:
		return "it is not what it was"
	case r.road.failed >= failedOften:
		return "it takes no messages"
	case !r.road.down && r.silent():
		return "its messages reach nobody"
	}
	return ""
}

// muteFor is how long a cluster is given to choose who leads the stream: a
// stream that nobody can lead is made anew.
const muteFor = 20 * time.Second

// mute says whether NATS is there and has not answered for the stream for long.
func (r *Relay) mute(err error) bool {
	if err == nil || errors.Is(err, bus.ErrDown) {
		r.road.unanswered = time.Time{}
		return false
	}
	if r.road.unanswered.IsZero() {
		r.road.unanswered = time.Now()
	}
	return time.Since(r.road.unanswered) > muteFor
}

// widenEvery is how often a cluster is asked again to hold more of the stream.
const widenEvery = 10 * time.Second

func (r *Relay) widen(ctx context.Context) {
	if now := time.Now(); now.Sub(r.road.widened) >= widenEvery {
		r.road.widened = now
		if err := r.opts.Road.Widen(ctx); err != nil {
			r.opts.Log.Debug("the stream stays on one server of the cluster", "err", err)
		}
	}
}

// silent says whether a connection's messages reach nobody.
func (r *Relay) silent() bool {
	for _, l := range r.lanes {
		silent, err := l.silent()
		if err != nil {
			r.opts.Log.Error("it could not be seen whether messages are lost", "connection", l.Name, "err", err)
		}
		if silent {
			return true
		}
	}
	return false
}

// failedOften is after how many publishes in a row a stream counts as lost that
// answers for itself and takes nothing: its files were deleted under the server.
const failedOften = 2

// publishFailed notes that the stream may lack what was published: nothing more
// is, until it has been looked at.
func (r *Relay) publishFailed() {
	r.road.mu.Lock()
	r.road.down = true
	r.road.failed++
	r.road.mu.Unlock()
}

// published notes that the stream has taken something.
func (r *Relay) published() {
	r.road.mu.Lock()
	r.road.failed = 0
	r.road.mu.Unlock()
}

func (r *Relay) roadDown() bool {
	r.road.mu.Lock()
	defer r.road.mu.Unlock()
	return r.road.down
}
