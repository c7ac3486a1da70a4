package desk

import (
	"context"

	"passerelle/internal/bridge"
)

// Restored makes the desk of a store ready that was put back from a backup. Who
// had a lead on the line since is not known any more: their leases end, and with
// the card in their hands they may still report the call. Nor is what platforms
// have on their lists: every lead that may lie on one is pushed or withdrawn
// again.
func (d *Desk) Restored(ctx context.Context) error {
	from := ""
	for {
		err := d.run(ctx, bridge.Actor{Operator: true}, func(c *command) (err error) {
			from, err = c.doubtLists(from)
			return err
		})
		if err != nil || from == "" {
			return err
		}
	}
}

// doubtLists does so for some leads, from one on, and answers where to go on.
func (c *command) doubtLists(from string) (next string, err error) {
	var some []bridge.Lead
	err = leads.Each(c.tx, "", from, func(id string, l bridge.Lead) (bool, error) {
		if len(some) == restoreAtOnce {
			next = id
			return false, nil
		}
		some = append(some, l)
		return true, nil
	})
	for _, l := range some {
		if err == nil {
			err = c.doubtList(l)
		}
	}
	return next, err
}

// restoreAtOnce is how many leads one transaction looks at: nobody waits.
const restoreAtOnce = 1000

func (c *command) doubtList(l bridge.Lead) error {
	if l.Lease != nil {
		was := l
		l.Lease = nil
		if l.State == bridge.LeadLeased {
			l.State = bridge.LeadWaiting
		}
		if err := c.keep(&was, l); err != nil {
			return err
		}
	}
	lists := map[string]bool{}
	for _, at := range suffixes(c.tx, pushes, string(l.ID)+"\x00") {
		lists[string(l.ID)+"\x00"+at] = true
	}
	if l.State == bridge.LeadWaiting || l.State == bridge.LeadPending {
		for _, feed := range c.campaign(l.Campaign).Feeds {
			lists[pushKey(feed, l.ID)] = true
		}
	}
	for key := range lists {
		if err := pushes.Put(c.tx, key, nil); err != nil {
			return err
		}
	}
	return nil
}
