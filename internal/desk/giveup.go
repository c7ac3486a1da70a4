package desk

import (
	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
)

// givenUp draws the consequences of a write that a person gave up, for its
// proposal and for those whose fields it had taken over.
func (c *command) givenUp(e outbox.Entry) error {
	ids := []bridge.ProposalID{e.Proposal}
	for _, id := range e.Carries {
		carried, _, err := outbox.Get(c.tx, id)
		if err != nil {
			return err
		}
		ids = append(ids, carried.Proposal)
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		if err := c.letGo(id, e.Reason); err != nil {
			return err
		}
	}
	return nil
}

// letGo ends a validated proposal of which nothing more can reach the CRM. What
// has reached it counts; an appointment that was only to be moved there stands
// where it stood, and waits to be decided on again.
func (c *command) letGo(id bridge.ProposalID, why string) error {
	p, l, _, err := c.proposal(id)
	if err != nil || p.State != bridge.Validated {
		return err
	}
	to := bridge.Cancelled
	for _, entry := range p.Entries {
		e, err := c.fate(entry)
		if err != nil {
			return err
		}
		meets := e.Write.Meeting != nil
		switch {
		case e.ID != "" && !e.State.Final():
			return nil // it may still get there
		case e.State == outbox.Discarded && meets:
			return c.unmeet(p, l, e.Write.Kind, why)
		case e.State != outbox.Discarded:
			to = bridge.Synced
		}
	}
	if to == bridge.Cancelled {
		return c.comeToNothing(p, l, why)
	}
	was := p
	p.State, p.Reason = to, why
	return c.keepProposal(&was, p)
}

// fate is the entry that decides on a proposal's: itself, or the one that took
// its fields over.
func (c *command) fate(id string) (outbox.Entry, error) {
	for {
		e, _, err := outbox.Get(c.tx, id)
		if err != nil || e.State != outbox.Superseded {
			return e, err
		}
		id = e.By
	}
}

// unmeet is what becomes of an appointment whose write was given up.
func (c *command) unmeet(p bridge.Proposal, l bridge.Lead, kind bridge.WriteKind, why string) error {
	if kind != bridge.WriteMove {
		return c.comeToNothing(p, l, why)
	}
	was := p
	p.State, p.Reason = bridge.Rescheduled, why
	return c.keepProposal(&was, p)
}

func (c *command) comeToNothing(p bridge.Proposal, l bridge.Lead, why string) error {
	if err := c.unbook(p.ID); err != nil {
		return err
	}
	was := p
	p.State, p.Reason = bridge.Cancelled, why
	if err := c.keepProposal(&was, p); err != nil {
		return err
	}
	return c.reopenLead(l)
}
