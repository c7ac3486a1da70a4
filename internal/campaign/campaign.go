package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/store"
)

// Options make a Sync.
type Options struct {
	Store    *store.Store
	Desk     *desk.Desk
	Pullers  map[bridge.ConnectionName]connector.Puller
	Pushers  map[bridge.ConnectionName]connector.Pusher
	Every    time.Duration // between two rounds; 0 is one minute
	PageSize int           // prospects a pull asks for at once; 0 is 1000
	Now      func() time.Time
	Log      *slog.Logger
	Rounded  func(error) // is told how each round by the clock ended; may be nil
}

// Sync keeps campaigns, prospects and platform lists in step.
type Sync struct {
	opts  Options
	poke  chan struct{}
	calls chan struct{} // somebody called leads back
	stop  context.CancelFunc
	done  sync.WaitGroup
	round sync.Mutex // one at a time: what is pushed stays in order

	mu     sync.Mutex
	called map[bridge.CampaignID][]bridge.LeadID
}

// The defaults of Options.
const (
	defaultEvery    = time.Minute
	defaultPageSize = 1000
)

// New makes a Sync.
func New(opts Options) *Sync {
	if opts.Every == 0 {
		opts.Every = defaultEvery
	}
	if opts.PageSize == 0 {
		opts.PageSize = defaultPageSize
	}
	if opts.Rounded == nil {
		opts.Rounded = func(error) {}
	}
	return &Sync{
		opts: opts, poke: make(chan struct{}, 1), calls: make(chan struct{}, 1),
		called: map[bridge.CampaignID][]bridge.LeadID{},
	}
}

// Start begins with a round at once.
func (s *Sync) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.done.Go(func() { s.run(ctx) })
}

// Stop ends it.
func (s *Sync) Stop() {
	if s.stop != nil {
		s.stop()
	}
	s.done.Wait()
}

func (s *Sync) run(ctx context.Context) {
	tick := time.NewTicker(s.opts.Every)
	defer tick.Stop()
	for {
		err := s.Round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.opts.Log.Warn("a campaign could not be brought up to date", "err", err)
		}
		s.opts.Rounded(err)
		if !s.wait(ctx, tick.C) {
			return
		}
	}
}

// wait sees to what is called back until it is time for a round, false at the
// end.
func (s *Sync) wait(ctx context.Context, tick <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.calls:
			s.round.Lock()
			s.withdrawCalledBack(ctx)
			s.round.Unlock()
		case <-s.poke:
			return true
		case <-tick:
			return true
		}
	}
}

// Poke asks for a round soon.
func (s *Sync) Poke() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Round brings every campaign up to date once. A campaign that fails does not
// keep the others from it; the error names them all.
func (s *Sync) Round(ctx context.Context) error {
	s.round.Lock()
	defer s.round.Unlock()
	all := s.withdrawForgotten(ctx)
	former, err := s.opts.Desk.FormerFeeds()
	all = errors.Join(all, err)
	for _, f := range former {
		if err := s.empty(ctx, f); err != nil {
			all = errors.Join(all, fmt.Errorf("campaign %s: empty the list on %s: %w", f.Campaign, f.Connection, err))
		}
	}
	for _, c := range s.campaigns() {
		if err := s.one(ctx, c); err != nil {
			all = errors.Join(all, fmt.Errorf("campaign %s: %w", c.ID, err))
		}
	}
	return all
}

func (s *Sync) campaigns() []bridge.Campaign {
	var out []bridge.Campaign
	for _, c := range s.opts.Desk.Rules().Campaigns {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b bridge.Campaign) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// one brings a campaign up to date. A CRM that cannot be read keeps no list from
// it: who must not be called is withdrawn all the same.
func (s *Sync) one(ctx context.Context, c bridge.Campaign) error {
	var all error
	if !c.Ended(s.opts.Now()) {
		if err := s.pull(ctx, c); err != nil {
			all = fmt.Errorf("pull from %s: %w", c.CRM, err)
		}
	}
	for _, feed := range c.Feeds {
		if err := s.push(ctx, c.ID, feed); err != nil {
			all = errors.Join(all, fmt.Errorf("push to %s: %w", feed.Connection, err))
		}
	}
	return all
}
