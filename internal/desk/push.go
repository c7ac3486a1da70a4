package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"passerelle/internal/appendjson"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

var (
	// pushes holds the digest of the card that each list has of a lead, "" if
	// nobody knows: lead, connection, list.
	pushes = store.NewRaw("desk.pushes")
	// feeds holds the lists that leads were ever pushed to: campaign,
	// connection, list.
	feeds = store.NewRaw("desk.feeds")
)

// ToPush lists what changed for a platform's list since it was last told: from
// where the last page ended on, at most limit leads are looked at. The leads to
// be pushed are held by the platform from here on. It answers where to go on, ""
// at the end.
func (d *Desk) ToPush(ctx context.Context, campaign bridge.CampaignID, feed bridge.PlatformList, after string, limit int) (items []connector.PushItem, next string, err error) {
	var ids []bridge.LeadID
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		ids, next = c.leadsAfter(campaign, after, limit)
		return nil
	})
	if err == nil {
		items, err = d.ToPushOf(ctx, campaign, feed, ids)
	}
	return items, next, err
}

// ToPushOf is [Desk.ToPush] for the given leads.
func (d *Desk) ToPushOf(ctx context.Context, campaign bridge.CampaignID, feed bridge.PlatformList, ids []bridge.LeadID) (items []connector.PushItem, err error) {
	// Most rounds find nothing: looking must not cost the plateau a commit.
	var changed []bridge.LeadID
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		for _, id := range ids {
			item, _, err := c.toPush(campaign, feed, id)
			if err != nil {
				return err
			}
			if item != nil {
				changed = append(changed, id)
			}
		}
		return nil
	})
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		items = nil
		for _, id := range changed {
			item, l, err := c.toPush(campaign, feed, id)
			if err != nil {
				return err
			}
			if item == nil {
				continue
			}
			if !item.Withdraw {
				err = c.hold(l, feed)
			}
			if err != nil {
				return err
			}
			items = append(items, *item)
		}
		return nil
	})
	return items, err
}

// leadsAfter lists at most limit leads of a campaign, and where to go on if there
// are more. One that moves in the list meanwhile may be passed over: the next
// round meets it.
func (c *command) leadsAfter(campaign bridge.CampaignID, after string, limit int) (ids []bridge.LeadID, next string) {
	for key := range c.scan(c.places(Choice{Campaign: campaign}), after) {
		if len(ids) == limit {
			return ids, next
		}
		ids, next = append(ids, listed(key)), key
	}
	return ids, ""
}

func pushKey(feed bridge.PlatformList, id bridge.LeadID) string {
	return string(id) + "\x00" + string(feed.Connection) + "\x00" + feed.List
}

// toPush is what a list must be told of a lead, nil for nothing.
func (c *command) toPush(campaign bridge.CampaignID, feed bridge.PlatformList, id bridge.LeadID) (*connector.PushItem, bridge.Lead, error) {
	l, p, err := c.load(id)
	if err != nil {
		return nil, l, err
	}
	camp := c.campaign(campaign)
	had, pushed := pushes.Get(c.tx, pushKey(feed, id))
	item := connector.PushItem{List: feed.List, Campaign: campaign, Lead: id, Card: bridge.Card{Prospect: l.Prospect}}
	who := policy.SubjectOfFeed(camp, feed)
	scope := c.record(l, p)
	scope.Handed = true
	may, err := c.mayLie(camp, feed, l, p)
	if err != nil {
		return nil, l, err
	}
	if !may || !c.Policy.Allows(who, policy.Read, bridge.ProspectObj, scope) {
		item.Withdraw = true
		if !pushed {
			return nil, l, nil
		}
		return &item, l, nil
	}
	if pushed && string(had) == c.digest(who, scope, l, p) {
		return nil, l, nil
	}
	item.Card = c.card(who, scope, l, p)
	return &item, l, nil
}

// mayLie says whether a lead may lie on a platform's list: the campaign feeds
// it, somebody may call the lead, now or when it is due, and nobody has it
// elsewhere.
func (c *command) mayLie(camp bridge.Campaign, feed bridge.PlatformList, l bridge.Lead, p bridge.Prospect) (bool, error) {
	if camp.Ended(c.now) || !feedsList(camp, feed) || l.State != bridge.LeadWaiting || c.onLine(l) || c.liesElsewhere(feed, l.ID) {
		return false, nil
	}
	l.NextAt = c.now
	v, err := c.callable(camp, l, p)
	return v.Allowed, err
}

func feedsList(camp bridge.Campaign, list bridge.PlatformList) bool {
	return slices.ContainsFunc(camp.Feeds, func(f bridge.PlatformList) bool {
		return f.Connection == list.Connection && f.List == list.List
	})
}

func (c *command) liesElsewhere(feed bridge.PlatformList, id bridge.LeadID) bool {
	own := pushKey(feed, id)
	for key := range pushes.Scan(c.tx, string(id)+"\x00", "") {
		if key != own {
			return true
		}
	}
	return false
}

// hold notes that the list may have the lead from now on, whether or not its
// platform will be heard to say so.
func (c *command) hold(l bridge.Lead, feed bridge.PlatformList) error {
	if key := pushKey(feed, l.ID); !pushes.Has(c.tx, key) {
		if err := pushes.Put(c.tx, key, nil); err != nil {
			return err
		}
	}
	if key := feedKey(l.Campaign, feed); !feeds.Has(c.tx, key) {
		if err := feeds.Put(c.tx, key, nil); err != nil {
			return err
		}
	}
	if slices.Contains(l.HeldBy, feed.Connection) {
		return nil
	}
	was := l
	l.HeldBy = append(slices.Clone(l.HeldBy), feed.Connection)
	return c.keep(&was, l)
}

// release notes that the list does not have the lead.
func (c *command) release(l bridge.Lead, feed bridge.PlatformList) error {
	if err := pushes.Delete(c.tx, pushKey(feed, l.ID)); err != nil {
		return err
	}
	for range pushes.Scan(c.tx, string(l.ID)+"\x00"+string(feed.Connection)+"\x00", "") {
		return nil // another list of the platform has it
	}
	was := l
	l.HeldBy = slices.DeleteFunc(slices.Clone(l.HeldBy), func(n bridge.ConnectionName) bool { return n == feed.Connection })
	return c.keep(&was, l)
}

// digest tells one card from another.
func digest(card bridge.Card) string {
	return digestOf(card.Role, bridge.AppendFields(nil, card.Fields), card.Context)
}

// digest is that of the card that a subject would be given: most rounds find the
// one that was pushed before, and need no more of it.
func (c *command) digest(s policy.Subject, scope policy.Record, l bridge.Lead, p bridge.Prospect) string {
	role, _ := c.Policy.RoleOf(s.Connection, s.Profile)
	stored := prospects.row(c.tx, l.Prospect.Key())
	fields := stored.appendCard(make([]byte, 0, len(stored)*2), c.Policy.ReadMask(s, scope), c.members(), c.hidden(l, p))
	return digestOf(role, fields, c.contexts(s, l, p))
}

func digestOf(role bridge.Role, fields []byte, context map[string]string) string {
	out := append(appendjson.String([]byte(`{"Role":`), string(role)), `,"Card":{"fields":`...)
	out = append(out, fields...)
	if len(context) > 0 {
		told, _ := json.Marshal(context)
		out = append(append(out, `,"context":`...), told...)
	}
	sum := sha256.Sum256(append(out, "}}"...))
	return hex.EncodeToString(sum[:12])
}

// Pushed notes what a platform has taken: one ledger line a page.
func (d *Desk) Pushed(ctx context.Context, feed bridge.PlatformList, items []connector.PushItem) error {
	if len(items) == 0 {
		return nil
	}
	return d.run(ctx, bridge.Actor{Operator: true, Connection: feed.Connection}, func(c *command) error {
		var given, taken []string
		var fields []bridge.FieldName
		for _, item := range items {
			if item.Withdraw {
				taken = append(taken, item.Card.Prospect.Key())
			} else {
				given = append(given, item.Card.Prospect.Key())
				fields = slices.AppendSeq(fields, maps.Keys(item.Card.Fields))
			}
			if err := c.pushed(feed, item); err != nil {
				return err
			}
		}
		slices.Sort(fields)
		c.role, _ = c.Policy.RoleOf(feed.Connection, feed.Profile)
		if len(given) > 0 {
			if err := c.note("push", feed.List, slices.Compact(fields), given...); err != nil {
				return err
			}
		}
		if len(taken) > 0 {
			return c.note("withdraw", feed.List, nil, taken...)
		}
		return nil
	})
}

func (c *command) pushed(feed bridge.PlatformList, item connector.PushItem) error {
	l, p, err := c.load(item.Lead)
	if err != nil {
		return err
	}
	if item.Withdraw {
		return c.release(l, feed)
	}
	who := policy.SubjectOfFeed(c.campaign(item.Campaign), feed)
	scope := c.record(l, p)
	scope.Handed = true
	p.ReadAt = item.Card.ReadAt
	c.viewed(who, scope, l, true)
	if err := c.show(feed.Connection, "", l, p, c.Policy.ChangeMask(who, scope).Names()); err != nil {
		return err
	}
	return pushes.Put(c.tx, pushKey(feed, item.Lead), []byte(digest(item.Card)))
}

// NotTaken notes what a platform has refused for good: it has no such cards,
// and others may have the leads.
func (d *Desk) NotTaken(ctx context.Context, feed bridge.PlatformList, items []connector.PushItem) error {
	if len(items) == 0 {
		return nil
	}
	return d.run(ctx, bridge.Actor{Operator: true, Connection: feed.Connection}, func(c *command) error {
		for _, item := range items {
			l, err := c.lead(item.Lead)
			if err != nil {
				return err
			}
			if had, _ := pushes.Get(c.tx, pushKey(feed, l.ID)); len(had) > 0 {
				continue // it still has the card before
			}
			if err := c.release(l, feed); err != nil {
				return err
			}
		}
		return nil
	})
}

// FormerFeed is a list that a campaign has fed and feeds no more; its profile is
// not known any more.
type FormerFeed struct {
	Campaign bridge.CampaignID
	bridge.PlatformList
}

func feedKey(campaign bridge.CampaignID, feed bridge.PlatformList) string {
	return strings.Join([]string{string(campaign), string(feed.Connection), feed.List}, "\x00")
}

// FormerFeeds lists the lists that must be emptied: nobody would withdraw their
// leads otherwise, and as long as they hold them nobody else is given them.
func (d *Desk) FormerFeeds() (out []FormerFeed, err error) {
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		for key := range feeds.Scan(c.tx, "", "") {
			parts := strings.Split(key, "\x00")
			f := FormerFeed{bridge.CampaignID(parts[0]), bridge.PlatformList{Connection: bridge.ConnectionName(parts[1]), List: parts[2]}}
			if !feedsList(c.campaign(f.Campaign), f.PlatformList) {
				out = append(out, f)
			}
		}
		return nil
	})
	return out, err
}

// Emptied notes that nothing of the campaign lies on the list any more.
func (d *Desk) Emptied(ctx context.Context, f FormerFeed) error {
	return d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		return feeds.Delete(c.tx, feedKey(f.Campaign, f.PlatformList))
	})
}
