package desk

import (
	"context"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Work is a lead in a caller's hands as they work on it: what they may see, what
// they may do, and what they have typed so far.
type Work struct {
	View
	Campaign   bridge.Campaign
	Script     string
	LeaseUntil time.Time // zero: it is not on their line any more, and there is no card
	Draft      Draft

	Write   []bridge.FieldName // that they may change
	Propose []bridge.FieldName // that they may ask to have changed
	Meeting bool               // they may ask for an appointment
}

// Draft is a form as somebody has typed it so far, by the names of its parts.
type Draft struct {
	Form map[string]string `json:"form"`
	At   time.Time         `json:"at"`
}

// drafts are kept by lead and person, until the call is recorded.
var drafts = store.NewTable[Draft]("desk.drafts")

// draftAtMost bounds a draft, in bytes.
const draftAtMost = 64 << 10

func draftKey(id bridge.LeadID, who bridge.PersonID) string { return string(id) + "\x00" + string(who) }

// inHand reads a lead that the actor has on their line, or had it last and has not
// reported on yet.
func (c *command) inHand(id bridge.LeadID) (l bridge.Lead, p bridge.Prospect, scope policy.Record, err error) {
	if l, p, err = c.load(id); err != nil {
		return l, p, scope, err
	}
	scope = c.record(l, p)
	given, err := c.given(l)
	if err == nil && !scope.Handed && !given {
		err = &NotFound{phrase{"lead on your line:", "sur votre ligne de fiche"}, string(id)}
	}
	return l, p, scope, err
}

// Work shows the lead that the actor works on.
func (d *Desk) Work(actor bridge.Actor, id bridge.LeadID) (Work, error) {
	var out Work
	err := d.look(actor, func(c *command) error {
		l, p, scope, err := c.inHand(id)
		if err != nil {
			return err
		}
		if out.Draft, _, err = drafts.Get(c.tx, draftKey(id, c.who.Person)); err != nil {
			return err
		}
		out.Campaign = c.campaign(l.Campaign)
		out.Campaign.Script = ""
		onLine := scope.Handed
		scope.Handed = true // for what may be recorded
		out.Meeting = c.mayPropose(scope)
		if !onLine {
			out.Lead = bridge.Lead{ID: l.ID, Campaign: l.Campaign}
			return nil
		}
		if err := c.need(policy.Read, bridge.ProspectObj, scope, seeThisLead); err != nil {
			return err
		}
		out.View = c.view(l, p, scope)
		c.viewed(c.who, scope, l, true)
		out.LeaseUntil = l.Lease.Until.Add(c.opts.Jumped())
		if c.Policy.Allows(c.who, policy.Read, bridge.Script, scope) {
			out.Script = c.campaign(l.Campaign).Script
		}
		out.Write, out.Propose = c.changeable(l, scope)
		return nil
	})
	return out, err
}

// changeable are the fields of the lead's CRM that the actor may change, and
// those whose change they may ask for.
func (c *command) changeable(l bridge.Lead, scope policy.Record) (write, propose []bridge.FieldName) {
	var mapped []bridge.FieldName
	for _, name := range c.Catalog.Names() {
		if c.Mapped[l.Prospect.Connection][name] {
			mapped = append(mapped, name)
		}
	}
	a := c.Policy.Admit(c.who, scope, mapped)
	return a.Write, a.Propose
}

// KeepDraft keeps what somebody has typed about the lead on their line, and the
// lead with them. It answers until when that is theirs alone, zero if it is not
// any more. It discloses and decides nothing, so that the ledger has no line of it.
func (d *Desk) KeepDraft(ctx context.Context, actor bridge.Actor, id bridge.LeadID, form map[string]string) (until time.Time, err error) {
	size := 0
	for name, text := range form {
		size += len(name) + len(text)
	}
	if size > draftAtMost {
		return until, &Invalid{"note", phrase{"longer than can be kept: shorten it", "trop longue pour être conservée : raccourcissez-la"}}
	}
	err = d.run(ctx, actor, func(c *command) error {
		until = time.Time{}
		l, _, scope, err := c.inHand(id)
		if err != nil {
			return err
		}
		if scope.Handed {
			if err := c.prolong(&l); err != nil {
				return err
			}
			until = l.Lease.Until.Add(c.opts.Jumped())
		}
		return drafts.Put(c.tx, draftKey(id, c.who.Person), Draft{Form: form, At: c.now.UTC()})
	})
	return until, err
}

// prolong renews the lease of a lead on the line once a third of it has passed.
func (c *command) prolong(l *bridge.Lead) error {
	end := c.steady().Add(c.opts.Lease).UTC()
	if l.Lease.Until.After(end.Add(-c.opts.Lease / 3)) {
		return nil
	}
	was := *l
	l.Lease = &bridge.Lease{Person: l.Lease.Person, Until: end}
	return c.keep(&was, *l)
}

// Release puts the lead on the actor's line back in the queue: they have not
// called it. A note they have begun goes with it.
func (d *Desk) Release(ctx context.Context, actor bridge.Actor, id bridge.LeadID) error {
	return d.run(ctx, actor, func(c *command) error {
		l, _, scope, err := c.inHand(id)
		if err != nil {
			return err
		}
		if !scope.Handed {
			return nil // it went back by itself
		}
		was := l
		l.Lease = nil
		if l.State == bridge.LeadLeased {
			l.State = bridge.LeadWaiting
		}
		if err := c.keep(&was, l); err != nil {
			return err
		}
		if err := c.used(l); err != nil {
			return err
		}
		return c.note("release", "", nil, l.Prospect.Key())
	})
}
