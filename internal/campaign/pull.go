package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// progress is how far a campaign's pull is.
type progress struct {
	Cursor string   `json:"cursor"`
	Fields []string `json:"fields"`
	Ended  bool     `json:"ended,omitempty"` // the read is over: the next goes on from here, and meets people anew
}

var progresses = store.NewTable[progress]("campaign.progress")

// pull reads the campaign's selection to its end, going on where an earlier
// pull stopped.
func (s *Sync) pull(ctx context.Context, c bridge.Campaign) error {
	puller, ok := s.opts.Pullers[c.CRM]
	if !ok {
		return errors.New("this connection cannot list prospects")
	}
	if s.opts.Desk.Rules().Policy.Unread(c.CRM) {
		return fmt.Errorf("the policy keeps within the rights of %s, which were never read: passerelle policy rights says why", c.CRM)
	}
	asked := s.fields(c)
	at, err := s.resume(c.ID, asked)
	if err != nil {
		return err
	}
	if at.Cursor == "" || at.Ended {
		if err := s.forgetMet(ctx, c.ID); err != nil {
			return err
		}
	}
	for {
		page, err := puller.Pull(ctx, connector.PullRequest{
			Selection: c.Selection, Fields: asked, Cursor: at.Cursor, Limit: s.opts.PageSize,
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
		at.Cursor = page.Cursor
		s.withdrawCalledBack(ctx)
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
		if rules.Mapped[c.CRM][name] && rules.Policy.Asks(c.CRM, name) {
			out = append(out, name)
		}
	}
	return out
}

// resume answers where to go on: at the beginning if the fields have changed,
// since what was read before lacks some.
func (s *Sync) resume(id bridge.CampaignID, asked []bridge.FieldName) (progress, error) {
	var at progress
	err := s.opts.Store.View(func(tx *store.Tx) (err error) {
		at, _, err = progresses.Get(tx, string(id))
		return err
	})
	if err != nil || !slices.Equal(at.Fields, names(asked)) {
		return progress{}, err
	}
	return at, nil
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
	whole := page.Whole && !page.More
	at := progress{Cursor: page.Cursor, Fields: names(asked), Ended: !page.More}
	err := s.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if err := meet(tx, id, page.Prospects); err != nil {
			return err
		}
		if whole {
			return nil // not before those who left are dealt with
		}
		return progresses.Put(tx, string(id), at)
	})
	if err != nil || !whole {
		return err
	}
	all, err := s.crowd(id)
	if err != nil {
		return err
	}
	if err := s.opts.Desk.Unread(ctx, id, all.has); err != nil {
		return err
	}
	return s.opts.Store.Commit(ctx, func(tx *store.Tx) error { return progresses.Put(tx, string(id), at) })
}
