package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// Line is one CRM connection's part of the outbox.
type Line struct {
	Name       bridge.ConnectionName
	Descriptor connector.Descriptor
	Conn       connector.Conn
	Bucket     *httpx.Bucket
	Breaker    *httpx.Breaker
}

// Options make a relay.
type Options struct {
	Store   *store.Store
	Road    *bus.Road
	Desk    *desk.Desk // is told when a write is settled
	Lines   []Line
	Local   string        // the name of the hub's own writer
	Timeout time.Duration // from claim to deadline; 0 is 30 s
	Now     func() time.Time
	Log     *slog.Logger
	// Found is told what a CRM got wrong; nil for nobody.
	Found func(bridge.ConnectionName, outbox.Finding)
}

// Relay runs the outbox's way out.
type Relay struct {
	opts  Options
	lanes map[bridge.ConnectionName]*lane
	crew  crew
	road  roadWatch
	wg    sync.WaitGroup
	stop  context.CancelFunc
}

// defaultTimeout is how long a writer has for a claim.
const defaultTimeout = 30 * time.Second

// startWithin bounds how long a start waits for the road: calls are taken
// without it, and it is made as soon as it can be.
const startWithin = 3 * time.Second

// New makes a relay.
func New(opts Options) *Relay {
	if opts.Timeout == 0 {
		opts.Timeout = defaultTimeout
	}
	r := &Relay{opts: opts, lanes: map[bridge.ConnectionName]*lane{}, crew: crew{members: map[string]*member{}}}
	for _, l := range opts.Lines {
		r.lanes[l.Name] = newLane(r, l)
	}
	return r
}

func (r *Relay) names() []bridge.ConnectionName {
	names := make([]bridge.ConnectionName, 0, len(r.opts.Lines))
	for _, l := range r.opts.Lines {
		names = append(names, l.Name)
	}
	return names
}

// Start takes back what was on its way when the hub last stopped, makes the
// road anew and begins. Without NATS it begins too: the road is made once there
// is one.
func (r *Relay) Start(ctx context.Context) error {
	for _, l := range r.lanes {
		if err := l.recover(ctx); err != nil {
			return fmt.Errorf("recover %s: %w", l.Name, err)
		}
	}
	renewing, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := r.renew(renewing); err != nil {
		r.opts.Log.Warn("the road to the writers is down", "err", err)
		r.publishFailed()
	}
	running, stop := context.WithCancel(context.Background())
	r.stop = stop
	if err := r.serve(running); err != nil {
		r.Stop()
		return err
	}
	for _, l := range r.lanes {
		r.wg.Go(func() { l.run(running) })
		r.wg.Go(func() { l.confirm(running) })
	}
	r.wg.Go(func() { r.watchRoad(running) })
	return nil
}

// Stop ends it. Writers should have been stopped before.
func (r *Relay) Stop() {
	if r.stop != nil {
		r.stop()
	}
	r.wg.Wait()
}

// Wake tells that a connection has new entries. It never blocks.
func (r *Relay) Wake(c bridge.ConnectionName) {
	if l, ok := r.lanes[c]; ok {
		l.poke()
	}
}

// Beat answers the hub's own writer what it is to serve.
func (r *Relay) Beat(_ context.Context, b bus.Beat) (bus.Shares, error) { return r.beat(b, true), nil }

// errNoLine is a claim or report for a connection that the hub does not have.
var errNoLine = errors.New("the hub has no such connection")

func (r *Relay) lane(c bridge.ConnectionName) (*lane, error) {
	l, ok := r.lanes[c]
	if !ok {
		return nil, fmt.Errorf("%s: %w", c, errNoLine)
	}
	return l, nil
}
