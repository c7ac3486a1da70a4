package campaign

import (
	"context"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// pruneAtMost is how many records one step of the pruning erases.
const pruneAtMost = 500

// Prune forgets whom pulls have met of campaigns that are over, or that the
// config does not know any more, and how far those were. It does one step, from
// where an earlier one stopped ("" is the start), and answers how many records
// it has erased and where to go on, "" at the end.
func (s *Sync) Prune(ctx context.Context, from string) (n int, next string, err error) {
	var ids []string
	err = s.opts.Store.View(func(tx *store.Tx) error {
		ids, next = s.metOfOver(tx, from)
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, next, err
	}
	return len(ids), next, s.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		for _, key := range ids {
			if err := met.Delete(tx, key); err != nil {
				return err
			}
			campaign, _, _ := strings.Cut(key, "\x00")
			if err := progresses.Delete(tx, campaign); err != nil {
				return err
			}
		}
		return nil
	})
}

// metOfOver lists some records of campaigns that are over, and where to go on.
func (s *Sync) metOfOver(tx *store.Tx, from string) (keys []string, next string) {
	campaigns := s.opts.Desk.Rules().Campaigns
	for {
		key, found := "", false
		for key = range met.Scan(tx, "", from) {
			found = true
			break
		}
		if !found {
			return keys, ""
		}
		id, _, _ := strings.Cut(key, "\x00")
		if c, known := campaigns[bridge.CampaignID(id)]; !known || c.Ended(s.opts.Now()) {
			for key := range met.Scan(tx, id+"\x00", from) {
				if len(keys) == pruneAtMost {
					return keys, key
				}
				keys = append(keys, key)
			}
		}
		from = id + "\x01"
	}
}
