package campaign

import (
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
	"passerelle/internal/policy"
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
}

// Sync keeps campaigns, prospects and platform lists in step.
type Sync struct {
	opts  Options
	poke  chan struct{}
	stop  context.CancelFunc
	done  sync.WaitGroup
	round sync.Mutex
}

// The defaults of Options.
const (
	defaultEvery    = time.Minute
	defaultPageSize = 1000
	pushAtOnce      = 200
)

// New makes a Sync.
func New(opts Options) *Sync {
	if opts.Every == 0 {
		opts.Every = defaultEvery
	}
	if opts.PageSize == 0 {
		opts.PageSize = defaultPageSize
	}
	return &Sync{opts: opts, poke: make(chan struct{}, 1)}
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
		if err := s.Round(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.Warn("a campaign could not be brought up to date", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.poke:
		case <-tick.C:
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
	var all error
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
	slices.SortFunc(out, func(a, b bridge.Campaign) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}

func (s *Sync) one(ctx context.Context, c bridge.Campaign) error {
	if !c.Ended(s.opts.Now()) {
		if err := s.pull(ctx, c); err != nil {
			return fmt.Errorf("pull from %s: %w", c.CRM, err)
		}
	}
	for _, feed := range c.Feeds {
		if err := s.push(ctx, c, feed); err != nil {
			return fmt.Errorf("push to %s: %w", feed.Connection, err)
		}
	}
	return nil
}

// progress is how far a campaign's pull is, and who was met since it began.
type progress struct {
	Cursor string   `json:"cursor"`
	Fields []string `json:"fields"`
}

var (
	progresses = store.NewTable[progress]("campaign.progress")
	met        = store.NewRaw("campaign.met")
)

// pull reads the campaign's selection to its end, going on where an earlier
// pull stopped.
func (s *Sync) pull(ctx context.Context, c bridge.Campaign) error {
	puller, ok := s.opts.Pullers[c.CRM]
	if !ok {
		return errors.New("this connection cannot list prospects")
	}
	asked := s.fields(c)
	at, err := s.resume(c.ID, asked)
	if err != nil {
		return err
	}
	for {
		page, err := puller.Pull(ctx, connector.PullRequest{
			Selection: c.Selection, Fields: asked, Cursor: at, Limit: s.opts.PageSize,
		})
		if err != nil {
			return err
		}
		if err := s.opts.Desk.TakeIn(ctx, c.ID, page, asked); err != nil {
			return err
		}
		if err := s.advance(ctx, c.ID, page, asked); err != nil {
			return err
		}
		if !page.More {
			return nil
		}
		at = page.Cursor
	}
}

// fields are those of the CRM that somebody on the campaign's way may read:
// the profiles of its feeds, and every profile that comes through the bridge
// itself.
func (s *Sync) fields(c bridge.Campaign) []bridge.FieldName {
	rules := s.opts.Desk.Rules()
	var paths []policy.Path
	for _, p := range rules.Policy.Paths() {
		if rules.Fed(p.Connection) && !slices.ContainsFunc(c.Feeds, func(f bridge.PlatformList) bool { return f.Connection == p.Connection }) {
			continue // a platform that this campaign does not go to
		}
		paths = append(paths, p)
	}
	var out []bridge.FieldName
	for _, name := range rules.Policy.NeededOf(paths...) {
		if rules.Mapped[c.CRM][name] {
			out = append(out, name)
		}
	}
	return out
}

// resume answers the cursor to go on from: none if the fields have changed,
// since what was read before lacks some.
func (s *Sync) resume(id bridge.CampaignID, asked []bridge.FieldName) (string, error) {
	var at progress
	err := s.opts.Store.View(func(tx *store.Tx) (err error) {
		at, _, err = progresses.Get(tx, string(id))
		return err
	})
	if err != nil || !slices.Equal(at.Fields, names(asked)) {
		return "", err
	}
	return at.Cursor, nil
}

func names(fields []bridge.FieldName) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = string(f)
	}
	return out
}

// advance keeps the cursor; at the end of a whole read those who were not met
// have left.
func (s *Sync) advance(ctx context.Context, id bridge.CampaignID, page connector.Page, asked []bridge.FieldName) error {
	prefix := string(id) + "\x00"
	seen := map[string]bool{}
	err := s.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		clear(seen)
		for _, p := range page.Prospects {
			if err := met.Put(tx, prefix+p.Ref.ID, nil); err != nil {
				return err
			}
		}
		at := progress{Cursor: page.Cursor, Fields: names(asked)}
		if !page.More {
			if page.Whole {
				at.Cursor = ""
			}
			var keys []string
			for k := range met.Scan(tx, prefix, "") {
				keys = append(keys, k)
				seen[k[len(prefix):]] = true
			}
			for _, k := range keys {
				if err := met.Delete(tx, k); err != nil {
					return err
				}
			}
		}
		return progresses.Put(tx, string(id), at)
	})
	if err != nil || page.More || !page.Whole {
		return err
	}
	return s.opts.Desk.Unread(ctx, id, seen)
}

// push brings a platform's list to what the desk says it should be.
func (s *Sync) push(ctx context.Context, c bridge.Campaign, feed bridge.PlatformList) error {
	pusher, ok := s.opts.Pushers[feed.Connection]
	if !ok {
		return errors.New("this connection takes no lists")
	}
	var after bridge.LeadID
	var all error
	for {
		items, next, err := s.opts.Desk.ToPush(ctx, c.ID, feed, after, pushAtOnce)
		if err != nil {
			return err
		}
		if err := s.pushPage(ctx, pusher, feed, items); err != nil {
			all = errors.Join(all, err)
		}
		if next == "" || ctx.Err() != nil {
			return all
		}
		after = next
	}
}

func (s *Sync) pushPage(ctx context.Context, pusher connector.Pusher, feed bridge.PlatformList, items []connector.PushItem) error {
	if len(items) == 0 {
		return nil
	}
	var taken []connector.PushItem
	var refused error
	count := 0
	for i, err := range pusher.Push(ctx, items) {
		if err == nil {
			taken = append(taken, items[i])
			continue
		}
		if count == 0 {
			refused = err
		}
		count++
	}
	if err := s.opts.Desk.Pushed(ctx, feed, taken); err != nil {
		return err
	}
	if count > 0 {
		return fmt.Errorf("%d of %d cards were not taken, the first because: %w", count, len(items), refused)
	}
	return nil
}
