package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/fault"
)

// pushAtOnce is how many leads of a list are looked at, and at most pushed, at
// once.
const pushAtOnce = 200

// push brings a platform's list to what the desk says it should be. A platform
// that takes nothing now is not asked for every page.
func (s *Sync) push(ctx context.Context, campaign bridge.CampaignID, feed bridge.PlatformList) error {
	pusher, ok := s.opts.Pushers[feed.Connection]
	if !ok {
		return errors.New("this connection takes no lists")
	}
	return s.pushTo(ctx, pusher, campaign, feed)
}

func (s *Sync) pushTo(ctx context.Context, pusher connector.Pusher, campaign bridge.CampaignID, feed bridge.PlatformList) error {
	after := ""
	var all error
	for {
		s.withdrawCalledBack(ctx)
		items, next, err := s.opts.Desk.ToPush(ctx, campaign, feed, after, pushAtOnce)
		if err != nil {
			return err
		}
		if err := s.pushPage(ctx, pusher, feed, items); err != nil {
			all = errors.Join(all, err)
			if fault.Of(err).Kind != fault.Rejected {
				return all
			}
		}
		if next == "" || ctx.Err() != nil {
			return all
		}
		after = next
	}
}

// pushPage pushes items and notes what became of them. Its error has the kind of
// the worst of what the platform did not take.
func (s *Sync) pushPage(ctx context.Context, pusher connector.Pusher, feed bridge.PlatformList, items []connector.PushItem) error {
	if len(items) == 0 {
		return nil
	}
	var taken, refused []connector.PushItem
	var why error
	count := 0
	for i, err := range pusher.Push(ctx, items) {
		if err == nil {
			taken = append(taken, items[i])
			continue
		}
		count++
		rejected := fault.Of(err).Kind == fault.Rejected
		if rejected && !items[i].Withdraw {
			refused = append(refused, items[i])
		}
		if why == nil || fault.Of(why).Kind == fault.Rejected && !rejected {
			why = err
		}
	}
	err := errors.Join(s.opts.Desk.Pushed(ctx, feed, taken), s.opts.Desk.NotTaken(ctx, feed, refused))
	if err == nil && count > 0 {
		err = fmt.Errorf("%d of %d cards were not taken, one because: %w", count, len(items), why)
	}
	return err
}

// nobody stands for a platform that is not configured any more: what lay on its
// lists is nobody's.
type nobody struct{}

func (nobody) Push(_ context.Context, items []connector.PushItem) []error {
	return make([]error, len(items))
}

// empty withdraws everything from a list that its campaign does not feed any
// more.
func (s *Sync) empty(ctx context.Context, f desk.FormerFeed) error {
	pusher, ok := s.opts.Pushers[f.Connection]
	if !ok {
		pusher = nobody{}
	}
	if err := s.pushTo(ctx, pusher, f.Campaign, f.PlatformList); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.opts.Desk.Emptied(ctx, f)
}

// CallBack asks for a lead to be taken off the lists at once: the next round may
// be far. It does not block.
func (s *Sync) CallBack(campaign bridge.CampaignID, lead bridge.LeadID) {
	s.mu.Lock()
	s.called[campaign] = append(s.called[campaign], lead)
	s.mu.Unlock()
	select {
	case s.calls <- struct{}{}:
	default:
	}
}

// withdrawCalledBack tells the platforms of the leads that were called back.
// What fails now the next round does again.
func (s *Sync) withdrawCalledBack(ctx context.Context) {
	s.mu.Lock()
	called := s.called
	s.called = map[bridge.CampaignID][]bridge.LeadID{}
	s.mu.Unlock()
	for _, c := range s.campaigns() {
		for ids := range slices.Chunk(called[c.ID], pushAtOnce) {
			for _, feed := range c.Feeds {
				if err := s.tell(ctx, c.ID, feed, ids); err != nil && ctx.Err() == nil {
					s.opts.Log.Warn("leads could not be called back from a list yet", "connection", feed.Connection, "count", len(ids), "err", err)
				}
			}
		}
	}
}

// tell tells a list what has changed for some leads.
func (s *Sync) tell(ctx context.Context, campaign bridge.CampaignID, feed bridge.PlatformList, ids []bridge.LeadID) error {
	pusher, ok := s.opts.Pushers[feed.Connection]
	if !ok {
		return nil // the round says so
	}
	items, err := s.opts.Desk.ToPushOf(ctx, campaign, feed, ids)
	if err != nil {
		return err
	}
	return s.pushPage(ctx, pusher, feed, items)
}
