package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/connector"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// pushes remembers what each platform was given of each lead.
var pushes = store.NewRaw("desk.pushes")

// TakeIn takes a page of a campaign's selection in: prospects as the CRM shows
// them now, their leads, and who has left. asked are the fields that the CRM
// was asked for.
func (d *Desk) TakeIn(ctx context.Context, campaign bridge.CampaignID, page connector.Page, asked []bridge.FieldName) error {
	// A page may be large; the plateau's commands go in between.
	const part = 500
	for found := range slices.Chunk(page.Prospects, part) {
		err := d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
			for _, p := range found {
				if err := c.takeIn(campaign, p, asked); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(page.Gone) == 0 {
		return nil
	}
	return d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error { return c.gone(campaign, page.Gone) })
}

func (c *command) takeIn(campaign bridge.CampaignID, p bridge.Prospect, asked []bridge.FieldName) error {
	known, ok, err := prospects.Get(c.tx, p.Ref.Key())
	if err != nil {
		return err
	}
	if ok {
		p.Fields = overlay(known.Fields, p.Fields, asked)
	}
	if err := prospects.Put(c.tx, p.Ref.Key(), p); err != nil {
		return err
	}
	if err := c.takeInLead(campaign, p); err != nil {
		return err
	}
	if p.Fields[bridge.FieldDoNotCall] != "true" {
		return nil
	}
	// Never the other way round: a flag that somebody took off in the CRM does
	// not lift what a person said.
	// The same id each time: a mark that a supervisor has lifted stays lifted.
	return c.opposePerson(p.Ref, calling.Opposition{
		ID: "do_not_call " + p.Ref.Key(), Scope: calling.ScopePerson, At: p.ReadAt, Motive: "marked in " + string(p.Ref.Connection),
	})
}

// overlay is what is known of a prospect with the asked fields as just read: a
// field that was asked for and not answered is empty now.
func overlay(known, read map[bridge.FieldName]bridge.Value, asked []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	out := maps.Clone(known)
	for _, name := range asked {
		delete(out, name)
	}
	if out == nil {
		return read
	}
	maps.Copy(out, read)
	return out
}

func (c *command) takeInLead(campaign bridge.CampaignID, p bridge.Prospect) error {
	id := LeadOf(campaign, p.Ref)
	numbers := c.numbers(p)
	l, known, err := leads.Get(c.tx, string(id))
	if err != nil {
		return err
	}
	if !known {
		camp := c.campaign(campaign)
		return c.keep(nil, bridge.Lead{
			ID: id, Campaign: campaign, Prospect: p.Ref, Team: camp.Team,
			State: bridge.LeadWaiting, Numbers: numbers, CreatedAt: c.now.UTC(),
		})
	}
	was := l
	l.Numbers = numbers
	if l.WithdrawnBy == leftSelection {
		l.State, l.WithdrawnBy = bridge.LeadWaiting, ""
	}
	if slices.Equal(was.Numbers, l.Numbers) && was.State == l.State {
		return nil
	}
	return c.keep(&was, l)
}

// numbers are the prospect's phone numbers in E.164. One that cannot be read
// is left out: the CRM's field stays as it is.
func (c *command) numbers(p bridge.Prospect) []string {
	var out []string
	for _, name := range []bridge.FieldName{bridge.FieldPhone, bridge.FieldMobile} {
		found, _ := calling.ParseAll(string(p.Fields[name]), region)
		for _, n := range found {
			if !slices.Contains(out, string(n)) {
				out = append(out, string(n))
			}
		}
	}
	return out
}

// leftSelection marks leads whose prospect is no longer in the selection.
const leftSelection = "selection"

func (c *command) gone(campaign bridge.CampaignID, ids []string) error {
	crm := c.campaign(campaign).CRM
	for _, id := range ids {
		lead := LeadOf(campaign, bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id})
		l, known, err := leads.Get(c.tx, string(lead))
		if err != nil {
			return err
		}
		if !known || l.WithdrawnBy != "" || l.State == bridge.LeadPending {
			continue
		}
		if err := c.withdraw(lead, leftSelection); err != nil {
			return err
		}
	}
	return nil
}

// Unread withdraws the leads of a campaign whose prospects were not among the
// ids of a whole read.
func (d *Desk) Unread(ctx context.Context, campaign bridge.CampaignID, ids map[string]bool) error {
	var gone []string
	err := d.look(bridge.Actor{Operator: true}, func(c *command) error {
		for _, id := range suffixes(c.tx, byCampaign, string(campaign)+"\x00") {
			l, err := c.lead(bridge.LeadID(id))
			if err != nil {
				return err
			}
			if !ids[l.Prospect.ID] && l.WithdrawnBy == "" {
				gone = append(gone, l.Prospect.ID)
			}
		}
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	return d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error { return c.gone(campaign, gone) })
}

// ToPush lists what changed for a platform's list since it was last told: from
// the lead after on, at most limit leads are looked at. The leads to be pushed
// are held by the platform from here on. It answers where to go on, "" at the
// end.
func (d *Desk) ToPush(ctx context.Context, campaign bridge.CampaignID, feed bridge.PlatformList, after bridge.LeadID, limit int) (items []connector.PushItem, next bridge.LeadID, err error) {
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		items, next = nil, ""
		prefix := string(campaign) + "\x00"
		var ids []bridge.LeadID
		for key := range byCampaign.Scan(c.tx, prefix, prefix+string(after)) {
			id := bridge.LeadID(key[len(prefix):])
			if id == after {
				continue
			}
			if len(ids) == limit {
				next = ids[limit-1]
				break
			}
			ids = append(ids, id)
		}
		for _, id := range ids {
			item, err := c.toPush(campaign, feed, id)
			if err != nil {
				return err
			}
			if item != nil {
				items = append(items, *item)
			}
		}
		return nil
	})
	return items, next, err
}

func pushKey(feed bridge.PlatformList, id bridge.LeadID) string {
	return string(id) + "\x00" + string(feed.Connection) + "\x00" + feed.List
}

func (c *command) toPush(campaign bridge.CampaignID, feed bridge.PlatformList, id bridge.LeadID) (*connector.PushItem, error) {
	l, p, err := c.load(id)
	if err != nil {
		return nil, err
	}
	camp := c.campaign(campaign)
	had, pushed := pushes.Get(c.tx, pushKey(feed, id))
	item := connector.PushItem{List: feed.List, Campaign: campaign, Lead: id, Card: bridge.Card{Prospect: l.Prospect}}
	who := policy.SubjectOfFeed(camp, feed)
	scope := c.record(l, p)
	scope.Handed = true
	may, err := c.mayLie(camp, feed, l, p)
	if err != nil {
		return nil, err
	}
	if !may || !c.Policy.Allows(who, policy.Read, bridge.ProspectObj, scope) {
		item.Withdraw = true
		if !pushed {
			return nil, nil
		}
		return &item, nil
	}
	item.Card = c.card(who, scope, l, p)
	if pushed && string(had) == digest(item.Card) {
		return nil, nil
	}
	return &item, c.hold(l, feed.Connection)
}

// mayLie says whether a lead may lie on a platform's list: somebody may call
// it, now or later, and nobody has it elsewhere.
func (c *command) mayLie(camp bridge.Campaign, feed bridge.PlatformList, l bridge.Lead, p bridge.Prospect) (bool, error) {
	switch {
	case camp.Ended(c.now), l.State != bridge.LeadWaiting, c.onLine(l):
		return false, nil
	case len(l.HeldBy) > 0 && !slices.Contains(l.HeldBy, feed.Connection):
		return false, nil
	}
	v, err := c.callable(camp, l, p)
	return err == nil && (v.Allowed || v.Rule == calling.RuleNextAt), err
}

func (c *command) hold(l bridge.Lead, connection bridge.ConnectionName) error {
	if slices.Contains(l.HeldBy, connection) {
		return nil
	}
	was := l
	l.HeldBy = append(slices.Clone(l.HeldBy), connection)
	return c.keep(&was, l)
}

// digest tells one card from another.
func digest(card bridge.Card) string {
	raw, _ := json.Marshal(struct {
		Role bridge.Role
		Card bridge.Card
	}{card.Role, card})
	sum := sha256.Sum256(raw)
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
	if !item.Withdraw {
		who := policy.SubjectOfFeed(c.campaign(item.Campaign), feed)
		scope := c.record(l, p)
		scope.Handed = true
		p.ReadAt = item.Card.ReadAt
		if err := c.show(feed.Connection, "", l, p, c.Policy.ChangeMask(who, scope).Names()); err != nil {
			return err
		}
		return pushes.Put(c.tx, pushKey(feed, item.Lead), []byte(digest(item.Card)))
	}
	if err := pushes.Delete(c.tx, pushKey(feed, item.Lead)); err != nil {
		return err
	}
	was := l
	l.HeldBy = slices.DeleteFunc(slices.Clone(l.HeldBy), func(n bridge.ConnectionName) bool { return n == feed.Connection })
	return c.keep(&was, l)
}
