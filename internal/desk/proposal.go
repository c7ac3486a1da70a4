package desk

import (
	"context"
	"slices"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// ProposalTransitions are the arrows of STATES.md.
var ProposalTransitions = map[bridge.ProposalState][]bridge.ProposalState{
	bridge.Proposed:    {bridge.Proposed, bridge.Validated, bridge.Rejected, bridge.Cancelled, bridge.Expired},
	bridge.Validated:   {bridge.Synced, bridge.Rescheduled, bridge.Cancelled},
	bridge.Synced:      {bridge.Synced, bridge.Rescheduled, bridge.Cancelled},
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
	return bridge.Refusal{Field: bridge.FieldStart, Reason: v.Reason, French: v.Why.In(bilingual.French), Rule: v.Where()}
}

// proposeMeeting reads the next step: an appointment becomes a proposal.
func (r *recording) proposeMeeting() error {
	if !r.meets() {
		return nil
	}
	if !r.mayPropose(r.scope) {
		r.gate.refused = append(r.gate.refused, r.refusedMeeting(r.scope))
		return nil
	}
	meeting, err := r.meeting(*r.event.Next, r.lead.Prospect.Connection)
	if err != nil {
		return err
	}
	meeting.ID = string(bridge.Operation(r.lead.Prospect.Connection, r.key, bridge.WriteMeeting, 0))
	meeting.Note = r.event.Note
	r.meet = meeting
	return nil
}

// meets says whether the next step is an appointment.
func (r *recording) meets() bool {
	return r.event.Next != nil && r.event.Next.Kind == bridge.NextAppointment
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
			return &Clash{isAlready(was.State)}
		}
		if err := byState.Delete(c.tx, proposalIndex(*was)); err != nil {
			return err
		}
	} else if err := proposalsOf.Put(c.tx, p.Prospect.Key()+"\x00"+string(p.ID), nil); err != nil {
		return err
	}
	if err := byState.Put(c.tx, proposalIndex(p), nil); err != nil {
		return err
	}
	return proposals.Put(c.tx, string(p.ID), p)
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
		c.trying(Decision{Kind: "propose"}, bridge.Lead{})
		l, _, scope, err := c.see(lead)
		if err != nil {
			return err
		}
		if !c.mayPropose(scope) {
			c.noted(false, policy.Propose, bridge.Appointment, scope)
			scope.Owner = c.who.Person
			return denied(c.Policy, c.who, policy.Propose, bridge.Appointment, scope, phrase{"propose an appointment", "proposer un rendez-vous"})
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
		if err := c.decided(l, Decision{Kind: "propose", Record: scope}); err != nil {
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
