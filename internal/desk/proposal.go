package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// ProposalTransitions are the arrows of STATES.md.
var ProposalTransitions = map[bridge.ProposalState][]bridge.ProposalState{
	bridge.Proposed:    {bridge.Proposed, bridge.Validated, bridge.Rejected, bridge.Cancelled, bridge.Expired},
	bridge.Validated:   {bridge.Synced, bridge.Rescheduled, bridge.Cancelled},
	bridge.Synced:      {bridge.Rescheduled, bridge.Cancelled},
	bridge.Rescheduled: {bridge.Rescheduled, bridge.Validated, bridge.Cancelled},
}

// mayPropose says whether the actor may propose an appointment: who may set one
// may propose one too.
func (c *command) mayPropose(r policy.Record) bool {
	r.Owner = c.who.Person // of the proposal
	return c.Policy.Allows(c.who, policy.Propose, bridge.Appointment, r) || c.Policy.Allows(c.who, policy.Write, bridge.Appointment, r)
}

func (c *command) refusedMeeting(r policy.Record) bridge.Refusal {
	r.Owner = c.who.Person
	v := c.Policy.Can(c.who, policy.Propose, bridge.Appointment, r)
	return bridge.Refusal{Field: bridge.FieldStart, Reason: v.Reason, Rule: v.Where()}
}

// propose keeps a proposal: an appointment, changed fields, or both.
func (c *command) propose(l bridge.Lead, key string, meeting *bridge.Meeting, g gated) (bridge.ProposalID, error) {
	p := bridge.Proposal{
		ID:   bridge.ProposalID(bridge.Operation(c.actor.Connection, key, "proposal", 0)),
		Lead: l.ID, Campaign: l.Campaign, Prospect: l.Prospect,
		Author: c.actor.Person.ID, Connection: c.actor.Connection, EventKey: key,
		State: bridge.Proposed, Meeting: meeting, CreatedAt: c.now.UTC(), Policy: c.Policy.Hash(),
		Fields: map[bridge.FieldName]bridge.Value{}, Expected: map[bridge.FieldName]bridge.Value{},
	}
	for _, f := range g.proposed {
		p.Fields[f.Name], p.Expected[f.Name], p.CardReadAt = f.Value, f.Expected, f.CardAt
	}
	return p.ID, c.keepProposal(nil, p)
}

func proposalIndex(p bridge.Proposal) string {
	return string(p.State) + "\x00" + due(p.CreatedAt) + string(p.ID)
}

func (c *command) keepProposal(was *bridge.Proposal, p bridge.Proposal) error {
	if was != nil {
		if !slices.Contains(ProposalTransitions[was.State], p.State) {
			return &Clash{fmt.Sprintf("this proposal is %s", was.State)}
		}
		if err := byState.Delete(c.tx, proposalIndex(*was)); err != nil {
			return err
		}
	}
	if err := byState.Put(c.tx, proposalIndex(p), nil); err != nil {
		return err
	}
	return proposals.Put(c.tx, string(p.ID), p)
}

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
	if err := c.need(policy.Write, bridge.Appointment, scope, string(ruling.Verb)+" proposals"); err != nil {
		return p, err
	}
	was := p
	switch ruling.Verb {
	case Validate:
		err = c.validate(&p, l)
	case Reject:
		err = c.reject(&p, l, ruling)
	case Reschedule:
		err = c.reschedule(&p, ruling)
	case Cancel:
		err = c.cancel(&p, l, ruling)
	default:
		err = &Invalid{"verb", "one of validate, reject, reschedule, cancel"}
	}
	if err != nil {
		return p, err
	}
	p.DecidedAt, p.DecidedBy = c.now.UTC(), c.actor.Person.ID
	if err := c.keepProposal(&was, p); err != nil {
		return p, err
	}
	return p, c.note(string(ruling.Verb), ruling.Reason, nil, p.Prospect.Key())
}

func (c *command) proposal(id bridge.ProposalID) (bridge.Proposal, bridge.Lead, policy.Record, error) {
	p, ok, err := proposals.Get(c.tx, string(id))
	if err == nil && !ok {
		err = &NotFound{"proposal", string(id)}
	}
	if err != nil {
		return p, bridge.Lead{}, policy.Record{}, err
	}
	l, prospect, err := c.load(p.Lead)
	if err != nil {
		return p, l, policy.Record{}, err
	}
	scope := c.record(l, prospect)
	scope.Owner = p.Author
	return p, l, scope, nil
}

func (c *command) validate(p *bridge.Proposal, l bridge.Lead) error {
	if p.Author == c.actor.Person.ID {
		return &Denied{What: "validate your own proposal: another supervisor must"}
	}
	if p.State != bridge.Proposed && p.State != bridge.Rescheduled {
		return &Clash{fmt.Sprintf("this proposal is %s", p.State)}
	}
	p.Entries = nil
	if err := c.validateFields(p, l); err != nil {
		return err
	}
	if err := c.validateMeeting(p, l); err != nil {
		return err
	}
	p.State = bridge.Validated
	if len(p.Entries) == 0 {
		return &Clash{"there is nothing left of this proposal to write"}
	}
	return c.finishLead(l)
}

func (c *command) validateFields(p *bridge.Proposal, l bridge.Lead) error {
	if len(p.Fields) == 0 || p.Revision > 0 {
		return nil
	}
	w := c.frame(p.Prospect, bridge.WriteFields, p.EventKey+"\x00proposal", 0)
	for name, value := range p.Fields {
		w.Fields = append(w.Fields, bridge.FieldChange{
			Name: name, Value: value, Expected: p.Expected[name], CardAt: p.CardReadAt, Author: p.Author, Policy: p.Policy,
		})
	}
	slices.SortFunc(w.Fields, func(a, b bridge.FieldChange) int { return compare(a.Name, b.Name) })
	return c.appendFor(p, w, l)
}

func (c *command) validateMeeting(p *bridge.Proposal, l bridge.Lead) error {
	if p.Meeting == nil {
		return nil
	}
	if err := c.free(*p); err != nil {
		return err
	}
	kind := bridge.WriteMeeting
	if p.State == bridge.Rescheduled {
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
	e, err := outbox.Append(c.tx, outbox.Draft{
		Write: w, Lead: l.ID, Proposal: p.ID, EventKey: p.EventKey, Policy: c.Policy.Hash(),
	}, c.now)
	if err != nil {
		return err
	}
	p.Entries = append(p.Entries, e.ID)
	c.wake(w.Prospect.Connection)
	return nil
}

// calendar holds the slots of validated appointments: salesperson, start,
// proposal.
var calendar = store.NewTable[bridge.Slot]("desk.calendar")

func calendarKey(who bridge.PersonID, slot bridge.Slot, id bridge.ProposalID) string {
	return string(who) + "\x00" + due(slot.UTC) + string(id)
}

// free makes sure that the salesperson has nothing else then, and enters the
// appointment in their calendar.
func (c *command) free(p bridge.Proposal) error {
	m := *p.Meeting
	if m.Salesperson == "" {
		return nil
	}
	prefix := string(m.Salesperson) + "\x00"
	// No appointment is longer than a day: what began earlier is over.
	from := prefix + due(m.Slot.UTC.AddDate(0, 0, -1))
	var clash error
	err := calendar.Each(c.tx, prefix, from, func(key string, other bridge.Slot) (bool, error) {
		if key[len(prefix)+8:] != string(p.ID) && overlap(m.Slot, other) {
			clash = &Clash{fmt.Sprintf("%s already has an appointment at %s (%s): reschedule one of them", m.Salesperson, other.Local, other.Zone)}
		}
		return clash == nil && other.UTC.Before(ends(m.Slot)), nil
	})
	if err != nil || clash != nil {
		return errorOr(err, clash)
	}
	return calendar.Put(c.tx, calendarKey(m.Salesperson, m.Slot, p.ID), m.Slot)
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// clear takes an appointment out of the calendar.
func (c *command) clear(p bridge.Proposal) error {
	if p.Meeting == nil || p.Meeting.Salesperson == "" {
		return nil
	}
	return calendar.Delete(c.tx, calendarKey(p.Meeting.Salesperson, p.Meeting.Slot, p.ID))
}

func (c *command) reject(p *bridge.Proposal, l bridge.Lead, ruling Ruling) error {
	if ruling.Reason == "" {
		return &Invalid{"reason", "the caller must learn why it is rejected"}
	}
	p.State, p.Reason = bridge.Rejected, ruling.Reason
	return c.reopenLead(l)
}

func (c *command) reschedule(p *bridge.Proposal, ruling Ruling) error {
	if p.Meeting == nil || ruling.Next == nil {
		return &Invalid{"at", "an appointment is rescheduled to a new time"}
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
	if err := c.clear(*p); err != nil {
		return err
	}
	m := *p.Meeting
	m.Slot, m.Salesperson = moved.Slot, moved.Salesperson
	p.Meeting, p.Reason = &m, ruling.Reason
	if p.State != bridge.Proposed {
		p.State = bridge.Rescheduled
		p.Revision++
	}
	return nil
}

func (c *command) cancel(p *bridge.Proposal, l bridge.Lead, ruling Ruling) error {
	if ruling.Reason == "" {
		return &Invalid{"reason", "say why it is cancelled"}
	}
	if err := c.clear(*p); err != nil {
		return err
	}
	inCRM := p.State != bridge.Proposed && p.Meeting != nil
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

// Settled is told by relay, in its transaction, that a write has come to rest.
func (d *Desk) Settled(tx *store.Tx, e outbox.Entry) error {
	if d.opts.Logged != nil && e.Write.Kind == bridge.WriteActivity && e.State == outbox.Applied && e.Write.Call.Revises == "" {
		tx.OnCommit(func() { d.opts.Logged(e.Connection()) })
	}
	if e.Proposal == "" || e.State != outbox.Applied {
		return nil
	}
	p, ok, err := proposals.Get(tx, string(e.Proposal))
	if err != nil || !ok {
		return err
	}
	c := d.begin(tx, bridge.Actor{Operator: true})
	was := p
	if e.External != "" && p.Meeting != nil && e.Write.Meeting != nil {
		m := *p.Meeting
		m.ExternalID = e.External
		p.Meeting = &m
	}
	if p.State != bridge.Validated {
		return proposals.Put(tx, string(p.ID), p)
	}
	for _, id := range p.Entries {
		other, ok, err := outbox.Get(tx, id)
		if err != nil {
			return err
		}
		if ok && other.State != outbox.Applied && other.State != outbox.Superseded {
			return proposals.Put(tx, string(p.ID), p)
		}
	}
	p.State = bridge.Synced
	return c.keepProposal(&was, p)
}

// ProposeMeeting proposes an appointment without a call.
func (d *Desk) ProposeMeeting(ctx context.Context, actor bridge.Actor, lead bridge.LeadID, eventID string, next bridge.Next, note string) (bridge.Proposal, error) {
	var out bridge.Proposal
	err := d.run(ctx, actor, func(c *command) error {
		l, _, scope, err := c.see(lead)
		if err != nil {
			return err
		}
		if !c.mayPropose(scope) {
			scope.Owner = c.who.Person
			return denied(c.Policy, c.who, policy.Propose, bridge.Appointment, scope, "propose an appointment")
		}
		key := eventKey(c.actor.Connection, eventID)
		if known, ok, err := proposals.Get(c.tx, string(bridge.Operation(c.actor.Connection, key, "proposal", 0))); err != nil || ok {
			out = known
			return err
		}
		meeting, err := c.meeting(next, l.Prospect.Connection)
		if err != nil {
			return err
		}
		meeting.ID = string(bridge.Operation(l.Prospect.Connection, key, bridge.WriteMeeting, 0))
		meeting.Note = note
		id, err := c.propose(l, key, meeting, gated{})
		if err != nil {
			return err
		}
		was := l
		l.State = bridge.LeadPending
		if l.Lease != nil && l.Lease.Person == c.who.Person {
			l.Lease = nil
		}
		if err := c.keep(&was, l); err != nil {
			return err
		}
		if out, _, err = proposals.Get(c.tx, string(id)); err != nil {
			return err
		}
		return c.note("propose", "", nil, l.Prospect.Key())
	})
	return out, err
}

// ExpireProposals ends the proposals that nobody has decided on since before:
// their leads go back in the queue.
func (d *Desk) ExpireProposals(ctx context.Context, before time.Time) error {
	operator := bridge.Actor{Operator: true}
	var old []bridge.ProposalID
	err := d.look(operator, func(c *command) error {
		prefix := string(bridge.Proposed) + "\x00"
		for key := range byState.Scan(c.tx, prefix, "") {
			if key[len(prefix):len(prefix)+8] >= due(before) {
				break
			}
			old = append(old, bridge.ProposalID(key[len(prefix)+8:]))
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	return d.run(ctx, operator, func(c *command) error {
		for _, id := range old {
			if err := c.expire(id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *command) expire(id bridge.ProposalID) error {
	p, l, _, err := c.proposal(id)
	if err != nil || p.State != bridge.Proposed {
		return err
	}
	was := p
	p.State, p.DecidedAt, p.Reason = bridge.Expired, c.now.UTC(), "nobody decided on it in time"
	if err := c.keepProposal(&was, p); err != nil {
		return err
	}
	if err := c.reopenLead(l); err != nil {
		return err
	}
	return c.note("expire", p.Reason, nil, p.Prospect.Key())
}
