package desk

import (
	"context"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
)

// Verb is what a supervisor does with a proposal.
type Verb string

// The verbs.
const (
	Validate   Verb = "validate"
	Reject     Verb = "reject"
	Reschedule Verb = "reschedule"
	Cancel     Verb = "cancel"
)

// Ruling is a supervisor's decision on a proposal.
type Ruling struct {
	Verb   Verb
	Reason string       // required to reject and to cancel
	Next   *bridge.Next // the new slot, to reschedule
}

// Decide carries out a supervisor's decision on a proposal. Nobody validates
// what they proposed themselves.
func (d *Desk) Decide(ctx context.Context, actor bridge.Actor, id bridge.ProposalID, ruling Ruling) (bridge.Proposal, error) {
	var out bridge.Proposal
	err := d.run(ctx, actor, func(c *command) (err error) {
		out, err = c.decide(id, ruling)
		return err
	})
	return out, err
}

func (c *command) decide(id bridge.ProposalID, ruling Ruling) (bridge.Proposal, error) {
	p, l, scope, err := c.proposal(id)
	if err != nil {
		return p, err
	}
	c.trying(Decision{Kind: string(ruling.Verb), Record: authored(scope, p)}, l)
	if err := c.need(policy.Write, bridge.Appointment, authored(scope, p), doing[policy.Command(ruling.Verb)].And(phrase{" proposals", " des propositions"})); err != nil {
		return p, err
	}
	if err := c.spend(policy.Command(ruling.Verb), 1); err != nil {
		return p, err
	}
	was := p
	switch ruling.Verb {
	case Validate:
		err = c.validate(&p, l, scope)
	case Reject:
		err = c.reject(&p, l, ruling)
	case Reschedule:
		err = c.reschedule(&p, ruling)
	case Cancel:
		err = c.cancel(&p, l, ruling)
	default:
		err = &Invalid{"verb", phrase{"one of validate, reject, reschedule, cancel", "validate, reject, reschedule ou cancel"}}
	}
	if err != nil {
		return p, err
	}
	p.DecidedAt, p.DecidedBy = c.now.UTC(), c.actor.Person.ID
	if err := c.keepProposal(&was, p); err != nil {
		return p, err
	}
	if err := c.decided(l, Decision{Kind: string(ruling.Verb), Record: authored(scope, p)}); err != nil {
		return p, err
	}
	return p, c.note(string(ruling.Verb), ruling.Reason, nil, p.Prospect.Key())
}

// proposal reads a proposal, its lead, and what scopes on the lead's prospect
// are decided by.
func (c *command) proposal(id bridge.ProposalID) (bridge.Proposal, bridge.Lead, policy.Record, error) {
	p, ok, err := proposals.Get(c.tx, string(id))
	if err == nil && !ok {
		err = &NotFound{phrase{"proposal", "de proposition"}, string(id)}
	}
	if err != nil {
		return p, bridge.Lead{}, policy.Record{}, err
	}
	l, prospect, err := c.load(p.Lead)
	if err != nil {
		return p, l, policy.Record{}, err
	}
	return p, l, c.record(l, prospect), nil
}

// authored is what scopes on the proposal itself are decided by: unlike its
// prospect, it is its author's.
func authored(prospect policy.Record, p bridge.Proposal) policy.Record {
	prospect.Owner = p.Author
	return prospect
}

func (c *command) validate(p *bridge.Proposal, l bridge.Lead, scope policy.Record) error {
	if p.Author == c.actor.Person.ID {
		return &Denied{What: phrase{"validate your own proposal: another supervisor must", "valider votre propre proposition : c'est à un autre responsable de le faire"}}
	}
	if p.State != bridge.Proposed && p.State != bridge.Rescheduled {
		return &Clash{isAlready(p.State)}
	}
	never, err := c.takeBack(p)
	if err != nil {
		return err
	}
	p.Entries = nil
	if err := c.validateFields(p, l, scope); err != nil {
		return err
	}
	if err := c.validateMeeting(p, l, never); err != nil {
		return err
	}
	p.State = bridge.Validated
	if len(p.Entries) == 0 {
		return &Clash{phrase{"there is nothing left of this proposal to write", "il ne reste rien à écrire de cette proposition"}}
	}
	return c.finishLead(l)
}

// validateFields sends the proposed fields that the validator may write. The
// others are refused, with the reason; if nothing is left, so is the command,
// and the proposal waits for somebody who may.
func (c *command) validateFields(p *bridge.Proposal, l bridge.Lead, scope policy.Record) error {
	if len(p.Fields) == 0 || p.Revision > 0 {
		return nil
	}
	w := c.frame(p.Prospect, bridge.WriteFields, p.EventKey+"\x00proposal", 0)
	for _, name := range p.Names() {
		v := c.Policy.Explain(c.who, policy.Write, policy.OnField(name), scope)
		if !v.Allowed {
			p.Refused = append(p.Refused, bridge.Refusal{Field: name, Reason: v.Reason, French: v.Why.In(bilingual.French), Rule: v.Where(), Remedy: v.Remedy.Text("en")})
			continue
		}
		w.Fields = append(w.Fields, bridge.FieldChange{
			Name: name, Value: p.Fields[name], Expected: p.Expected[name], CardAt: p.CardReadAt, Author: p.Author, Policy: p.Policy,
		})
	}
	switch {
	case len(w.Fields) > 0:
		return c.appendFor(p, w, l)
	case p.Meeting == nil:
		first := p.Refused[0].Field
		return &Denied{
			What: phrase{"validate a change of {field}", "valider un changement de {field}"}.With("{field}", first),
			Why:  c.Policy.Explain(c.who, policy.Write, policy.OnField(first), scope).Why,
		}
	}
	return nil
}

// takeBack gives up an appointment's write that was never tried. It answers
// whether the CRM never had it: to move or cancel it there could not succeed.
func (c *command) takeBack(p *bridge.Proposal) (never bool, err error) {
	for _, id := range p.Entries {
		e, ok, err := outbox.Get(c.tx, id)
		if err != nil {
			return false, err
		}
		if !ok || e.Write.Kind != bridge.WriteMeeting {
			continue
		}
		waits := (e.State == outbox.Pending || e.State == outbox.Relayed) && !e.Claimed
		switch {
		case e.State == outbox.Discarded: // by somebody who has looked into the CRM
			return true, nil
		case e.State == outbox.Parked:
			return false, &Clash{phrase{
				"the CRM refused this appointment (write {id}): retry or discard that first",
				"le CRM a refusé ce rendez-vous (écriture {id}) : relancez-la ou abandonnez-la d'abord",
			}.With("{id}", e.ID)}
		case waits:
			_, err := outbox.Discard(c.tx, id, "the appointment was changed before the CRM had it", c.now)
			return err == nil, err
		}
	}
	return false, nil
}

// validateMeeting sends the appointment, or its new slot unless the CRM never
// had the old one.
func (c *command) validateMeeting(p *bridge.Proposal, l bridge.Lead, never bool) error {
	if p.Meeting == nil {
		return nil
	}
	if err := c.book(*p); err != nil {
		return err
	}
	kind := bridge.WriteMeeting
	if p.State == bridge.Rescheduled && !never {
		kind = bridge.WriteMove
	}
	m := *p.Meeting
	m.ValidatedBy = c.actor.Person.ID
	if who, ok := c.Person(m.Salesperson); ok {
		m.CRMUser = who.CRM[p.Prospect.Connection]
	}
	p.Meeting = &m
	w := c.frame(p.Prospect, kind, p.EventKey, p.Revision)
	w.Meeting = &m
	return c.appendFor(p, w, l)
}

func (c *command) appendFor(p *bridge.Proposal, w bridge.Write, l bridge.Lead) error {
	c.happened = p.CreatedAt
	id, err := c.send(w, p.EventKey, l.ID, p.ID)
	if err != nil {
		return err
	}
	p.Entries = append(p.Entries, id)
	return nil
}

func (c *command) reject(p *bridge.Proposal, l bridge.Lead, ruling Ruling) error {
	if ruling.Reason == "" {
		return &Invalid{"reason", phrase{"the caller must learn why it is rejected", "le téléopérateur doit savoir pourquoi elle est rejetée"}}
	}
	p.State, p.Reason = bridge.Rejected, ruling.Reason
	return c.reopenLead(l)
}

func (c *command) reschedule(p *bridge.Proposal, ruling Ruling) error {
	if p.Meeting == nil || ruling.Next == nil {
		return &Invalid{"at", phrase{"an appointment is rescheduled to a new time", "un rendez-vous se déplace à une nouvelle heure"}}
	}
	next := *ruling.Next
	if next.With == "" {
		next.With = string(p.Meeting.Salesperson)
	}
	if next.Minutes == 0 {
		next.Minutes = p.Meeting.Slot.Minutes
	}
	moved, err := c.meeting(next, p.Prospect.Connection)
	if err != nil {
		return err
	}
	if moved.Slot.UTC.Before(c.now) {
		return &Invalid{"at", phrase{"this hour has passed: an appointment moves to one that is to come", "cette heure est passée : un rendez-vous se déplace à une heure à venir"}}
	}
	m := *p.Meeting
	m.Slot, m.Salesperson = moved.Slot, moved.Salesperson
	p.Meeting, p.Reason = &m, ruling.Reason
	p.Flags = flagged(p.Flags, FlagBusy, false) // of the former time
	if p.State != bridge.Proposed {
		p.State = bridge.Rescheduled
		p.Revision++
	}
	return nil
}

func (c *command) cancel(p *bridge.Proposal, l bridge.Lead, ruling Ruling) error {
	if ruling.Reason == "" {
		return &Invalid{"reason", phrase{"say why it is cancelled", "dites pourquoi il est annulé"}}
	}
	if err := c.unbook(p.ID); err != nil {
		return err
	}
	never, err := c.takeBack(p)
	if err != nil {
		return err
	}
	inCRM := p.State != bridge.Proposed && p.Meeting != nil && !never
	p.State, p.Reason = bridge.Cancelled, ruling.Reason
	if !inCRM {
		return c.reopenLead(l)
	}
	p.Revision++
	w := c.frame(p.Prospect, bridge.WriteCancel, p.EventKey, p.Revision)
	w.Meeting, w.Motive = p.Meeting, ruling.Reason
	return c.appendFor(p, w, l)
}

// finishLead ends the lead whose proposal was validated.
func (c *command) finishLead(l bridge.Lead) error {
	if l.State != bridge.LeadPending {
		return nil
	}
	was := l
	l.State = bridge.LeadFinished
	return c.keep(&was, l)
}

// reopenLead puts the lead whose proposal came to nothing back in the queue.
func (c *command) reopenLead(l bridge.Lead) error {
	if l.State != bridge.LeadPending {
		return nil
	}
	was := l
	l.State, l.NextAt = bridge.LeadWaiting, c.now
	if l.WithdrawnBy != "" {
		l.State = bridge.LeadWithdrawn
	}
	return c.keep(&was, l)
}
