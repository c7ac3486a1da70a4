package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/policy"
)

// Handout is a lead in a caller's hands.
type Handout struct {
	Lead       bridge.Lead
	Card       bridge.Card
	Script     string
	LeaseUntil time.Time
}

// triedAtMost bounds how many leads one hand-out looks at.
const triedAtMost = 500

// Next hands the caller the next lead of a campaign: the one they already have,
// else one assigned to them, else one of the pool. No lead at all is a nil
// Handout; none now is a *[Closed] that says when.
func (d *Desk) Next(ctx context.Context, actor bridge.Actor, campaign bridge.CampaignID) (*Handout, error) {
	var out *Handout
	err := d.run(ctx, actor, func(c *command) (err error) {
		out, err = c.next(campaign)
		return err
	})
	return out, err
}

func (c *command) next(id bridge.CampaignID) (*Handout, error) {
	camp, ok := c.Campaigns[id]
	if !ok {
		return nil, &NotFound{phrase{"campaign", "de campagne"}, string(id)}
	}
	c.tryingNext(camp)
	queues, err := c.queues(camp)
	if err != nil {
		c.noted(false, policy.Read, bridge.ProspectObj, policy.Record{})
		return nil, err
	}
	// A lead in the hands of somebody who may not record the call would only be
	// kept from the others.
	call := policy.Record{Owner: c.who.Person, Handed: true, Team: camp.Team, CampaignTeam: camp.Team, Principal: camp.Principal, CRM: camp.CRM}
	if err := c.need(policy.Create, bridge.Activity, call, phrase{"be handed leads, since you may not record calls", "recevoir de fiches, puisque vous ne pouvez pas enregistrer d'appels"}); err != nil {
		return nil, err
	}
	if camp.Ended(c.now) {
		return nil, &Closed{Rule: "campaign_end", Reason: phrase{"this campaign ended on {day}", "cette campagne a pris fin le {day}"}.With("{day}", camp.Ends.Format(time.DateOnly))}
	}
	if err := c.expireLeases(); err != nil {
		return nil, err
	}
	if mine, err := c.mine(id); err != nil || mine != nil {
		return mine, err
	}
	var later *Closed
	for _, assignee := range queues {
		out, wait, err := c.firstOf(camp, assignee)
		if err != nil || out != nil {
			return out, err
		}
		if wait != nil && (later == nil || wait.Next.Before(later.Next)) {
			later = wait
		}
	}
	if later != nil {
		return nil, later
	}
	return nil, nil
}

// queues are those of a campaign that the caller may be handed leads from:
// their own, and the pool if their team runs it or their scope is wider.
func (c *command) queues(camp bridge.Campaign) ([]bridge.PersonID, error) {
	scope := policy.Record{Team: camp.Team, CampaignTeam: camp.Team, Principal: camp.Principal, CRM: camp.CRM}
	own, pool := scope, scope
	own.Assignee = c.who.Person
	pool.Handed = camp.Team == "" || camp.Team == c.who.Team
	var out []bridge.PersonID
	if c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, own) {
		out = append(out, c.actor.Person.ID)
	}
	if c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, pool) {
		out = append(out, "")
	}
	if len(out) == 0 {
		return nil, denied(c.Policy, c.who, policy.Read, bridge.ProspectObj, pool, phrase{"be handed leads", "recevoir de fiches"})
	}
	return out, nil
}

// mine is the lead of the campaign that the caller already has, its lease
// renewed.
func (c *command) mine(id bridge.CampaignID) (*Handout, error) {
	for _, lead := range c.onLineOf(c.actor.Person.ID, id) {
		l, p, err := c.load(bridge.LeadID(lead))
		if err != nil {
			return nil, err
		}
		if l.State == bridge.LeadLeased || l.State == bridge.LeadWaiting {
			return c.hand(l, p)
		}
	}
	return nil, nil
}

// firstOf hands out the first lead of a queue that may be called now.
func (c *command) firstOf(camp bridge.Campaign, assignee bridge.PersonID) (*Handout, *Closed, error) {
	prefix, from := shelfPrefix(camp.ID, inQueue, assignee), ""
	var later *Closed
	for range triedAtMost {
		key, more := first(c.tx, list, prefix, from)
		if !more {
			break
		}
		from = key + "\x00"
		l, p, err := c.load(listed(key))
		if err != nil {
			return nil, nil, err
		}
		v, err := c.callable(camp, l, p)
		if err != nil {
			return nil, nil, err
		}
		if v.Allowed {
			out, err := c.hand(l, p)
			return out, nil, err
		}
		if v.Next.IsZero() {
			if err := c.withdraw(l.ID, v.Rule); err != nil {
				return nil, nil, err
			}
			continue
		}
		if later == nil || v.Next.Before(later.Next) {
			later = &Closed{Next: v.Next, Rule: v.Rule, Reason: v.Reason}
		}
		if l.NextAt.After(c.now) {
			break // the queue is in order of time: the others are later still
		}
	}
	return nil, later, nil
}

// callable checks the calling rules for a lead.
func (c *command) callable(camp bridge.Campaign, l bridge.Lead, p bridge.Prospect) (calling.Verdict, error) {
	rules, err := calling.Rules(camp.Rules)
	if err != nil {
		return calling.Verdict{}, err
	}
	s := calling.Situation{Now: c.now, Zone: c.zoneOf(p), NextAt: l.NextAt, Opposed: c.opposed(l)}
	if s.BusyUntil, err = c.busyUntil(l); err != nil {
		return calling.Verdict{}, err
	}
	if rules.MaxAttempts > 0 {
		if s.Attempts, err = c.attempts(l); err != nil {
			return calling.Verdict{}, err
		}
	}
	return rules.Check(s), nil
}

func (c *command) zoneOf(p bridge.Prospect) *time.Location {
	for _, name := range []string{string(p.Fields["prospect.zone"]), c.opts.Zone} {
		if loc, err := location(name); err == nil && name != "" {
			return loc
		}
	}
	return time.UTC
}

// heldFor is how long a lead that shares its number with one on a platform's
// list waits before it is looked at again: the bridge does not see that line.
const heldFor = 5 * time.Minute

// busyUntil is until when a number of the lead is on somebody's line.
func (c *command) busyUntil(l bridge.Lead) (time.Time, error) {
	var until time.Time
	for _, n := range l.Numbers {
		for _, id := range suffixes(c.tx, byNumber, n+"\x00") {
			if id == string(l.ID) {
				continue
			}
			other, err := c.lead(bridge.LeadID(id))
			if err != nil {
				return until, err
			}
			switch {
			case other.Lease != nil && other.Lease.Until.Add(c.opts.Jumped()).After(until):
				until = other.Lease.Until.Add(c.opts.Jumped())
			case other.State == bridge.LeadWaiting && len(other.HeldBy) > 0 && until.Before(c.now.Add(heldFor)):
				until = c.now.Add(heldFor)
			}
		}
	}
	return until, nil
}

func (c *command) attempts(l bridge.Lead) (calling.Attempts, error) {
	var out calling.Attempts
	for _, o := range c.outcomesOf(l.ID) {
		out = append(out, calling.Attempt{At: o.At, Disposition: o.Disposition})
	}
	return out, nil
}

// outcomesOf lists a lead's outcomes, oldest first.
func (c *command) outcomesOf(id bridge.LeadID) []bridge.Outcome {
	var out []bridge.Outcome
	for _, key := range suffixes(c.tx, byLead, string(id)+"\x00") {
		if o, ok, err := outcomes.Get(c.tx, key[8:]); err == nil && ok {
			out = append(out, o)
		}
	}
	return out
}

// hand leases the lead and makes its card.
func (c *command) hand(l bridge.Lead, p bridge.Prospect) (*Handout, error) {
	was := l
	l.State = bridge.LeadLeased
	l.Lease = &bridge.Lease{Person: c.actor.Person.ID, Until: c.steady().Add(c.opts.Lease).UTC()}
	if err := c.keep(&was, l); err != nil {
		return nil, err
	}
	scope := c.record(l, p)
	if err := c.need(policy.Read, bridge.ProspectObj, scope, seeThisLead); err != nil {
		return nil, err
	}
	card := c.card(c.who, scope, l, p)
	if err := c.show(c.actor.Connection, c.actor.Person.ID, l, p, c.Policy.ChangeMask(c.who, scope).Names()); err != nil {
		return nil, err
	}
	fields := slices.Collect(keysOf(card.Fields))
	if err := c.decided(l, Decision{Kind: "next", Record: scope, Passed: fields}); err != nil {
		return nil, err
	}
	if err := c.note("next", "", fields, l.Prospect.Key()); err != nil {
		return nil, err
	}
	out := &Handout{Lead: c.face(l, scope), Card: card, LeaseUntil: l.Lease.Until.Add(c.opts.Jumped())}
	if c.Policy.Allows(c.who, policy.Read, bridge.Script, scope) {
		out.Script = c.campaign(l.Campaign).Script
	}
	return out, nil
}

func keysOf[V any](m map[bridge.FieldName]V) func(func(bridge.FieldName) bool) {
	return func(yield func(bridge.FieldName) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// card projects a prospect for a subject: only what they may read, and the
// context fields of their role.
func (c *command) card(s policy.Subject, scope policy.Record, l bridge.Lead, p bridge.Prospect) bridge.Card {
	role, _ := c.Policy.RoleOf(s.Connection, s.Profile)
	card := bridge.Card{
		Prospect: l.Prospect, Role: role, Policy: c.Policy.Hash(), ReadAt: p.ReadAt,
		Fields: c.Policy.Project(s, scope, p.Fields),
	}
	for _, name := range c.hidden(l, p) {
		delete(card.Fields, name)
	}
	card.Context = c.contexts(s, l, p)
	return card
}

// contexts are the context fields of the subject's role, nil for none.
func (c *command) contexts(s policy.Subject, l bridge.Lead, p bridge.Prospect) (out map[string]string) {
	for _, name := range c.Policy.Context(s.Connection, s.Profile) {
		if v := c.context(name, l, p); v != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = v
		}
	}
	return out
}

// context derives a context field: what a caller needs of a history that they
// may not read.
func (c *command) context(name string, l bridge.Lead, p bridge.Prospect) string {
	switch name {
	case policy.ContextAttempts:
		return strconv.Itoa(l.Attempts)
	case policy.ContextCustomer:
		switch p.Fields[bridge.FieldStatus] {
		case "":
			return ""
		case "customer":
			return "yes"
		}
		return "no"
	case policy.ContextLastContact:
		if l.LastAt.IsZero() {
			return ""
		}
		days := int(c.now.Sub(l.LastAt).Hours() / 24)
		return fmt.Sprintf("%d days ago: %s", max(days, 0), l.Last)
	}
	return c.Policy.Derive(name, policy.Facts{Fields: p.Fields, Lead: l, Today: c.now.In(c.zone)})
}

// over says whether a lease has ended, or ends later than any given now could:
// the clock was set back between two lives of the hub.
func (c *command) over(key string) bool {
	return key[:8] <= due(c.steady()) || key[:8] > due(c.steady().Add(c.opts.Lease+time.Minute))
}

// expireLeases puts leads back whose caller has let them go, some at a time, and
// shortens leases that are too long.
func (c *command) expireLeases() error {
	var over []bridge.LeadID
	for key := range leases.Scan(c.tx, "", "") {
		if len(over) == atOnce {
			break
		}
		if c.over(key) {
			over = append(over, bridge.LeadID(key[8:]))
		}
	}
	for _, id := range over {
		l, err := c.lead(id)
		if err != nil {
			return err
		}
		was := l
		switch {
		case c.onLine(l):
			l.Lease = &bridge.Lease{Person: l.Lease.Person, Until: c.steady().Add(c.opts.Lease).UTC()}
		case l.State == bridge.LeadLeased:
			l.Lease, l.State = nil, bridge.LeadWaiting
		default:
			l.Lease = nil
		}
		if err := c.keep(&was, l); err != nil {
			return err
		}
	}
	return nil
}

// ExpireLeases puts leads back in the queue whose lease has ended, and says
// how many leases are still held.
func (d *Desk) ExpireLeases(ctx context.Context) (held int, err error) {
	over := 0
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		for key := range leases.Scan(c.tx, "", "") {
			held++
			if c.over(key) {
				over++
			}
		}
		return nil
	})
	for ; over > 0 && err == nil; over -= atOnce {
		err = d.run(ctx, bridge.Actor{Operator: true}, (*command).expireLeases)
	}
	return held, err
}
