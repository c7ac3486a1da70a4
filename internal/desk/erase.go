package desk

import (
	"errors"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// erase removes a prospect and all that is kept of it: leads, cards, calls with
// the keys that tell their repeats, proposals and their slots, decision records,
// writes that have come to an end (of ended and of its proposals), expected
// values, and what its pseudonym stands for. Oppositions stay, under their keyed
// hashes; so do the ledger's lines. What reports a call to it afterwards finds
// nobody.
func (c *command) erase(ref bridge.Ref, ended []string) (outbox.Erased, error) {
	key := ref.Key()
	for _, id := range suffixes(c.tx, byProspect, key+"\x00") {
		if err := c.eraseLead(bridge.LeadID(id)); err != nil {
			return outbox.Erased{}, err
		}
	}
	for _, id := range suffixes(c.tx, proposalsOf, key+"\x00") {
		entries, err := c.eraseProposal(bridge.ProposalID(id), key)
		if err != nil {
			return outbox.Erased{}, err
		}
		ended = append(ended[:len(ended):len(ended)], entries...)
	}
	gone, err := outbox.Forget(c.tx, ref, ended)
	if err != nil {
		return gone, err
	}
	if err := drop(c.tx, decisions.Raw, key+"\x00"); err != nil {
		return gone, err
	}
	if err := prospects.Delete(c.tx, key); err != nil {
		return gone, err
	}
	return gone, ledger.Forget(c.tx, key)
}

// eraseLead removes a lead, its indexes, its cards and its calls.
func (c *command) eraseLead(id bridge.LeadID) error {
	l, err := c.lead(id)
	if err != nil {
		return err
	}
	if err := c.eraseCalls(id); err != nil {
		return err
	}
	if err := c.delist(l); err != nil {
		return err
	}
	c.outOfSight(id)
	if err := c.eraseActs(id); err != nil {
		return err
	}
	for _, table := range []store.Raw{shown.Raw, drafts.Raw, pushes} {
		if err := drop(c.tx, table, string(id)+"\x00"); err != nil {
			return err
		}
	}
	for _, err := range []error{
		c.renumber(l.Numbers, nil, id),
		byProspect.Delete(c.tx, l.Prospect.Key()+"\x00"+string(id)),
		leads.Delete(c.tx, string(id)),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseCalls removes a lead's outcomes and the receipts of their events.
func (c *command) eraseCalls(id bridge.LeadID) error {
	prefix := string(id) + "\x00"
	for _, key := range suffixes(c.tx, byLead, prefix) {
		o, ok, err := outcomes.Get(c.tx, key[8:])
		if err != nil {
			return err
		}
		if ok {
			if err := errors.Join(events.Delete(c.tx, o.EventKey), tallies.Delete(c.tx, tallyKey(o))); err != nil {
				return err
			}
		}
		if err := outcomes.Delete(c.tx, key[8:]); err != nil {
			return err
		}
	}
	for _, key := range suffixes(c.tx, eventsOf, prefix) {
		if err := events.Delete(c.tx, key); err != nil {
			return err
		}
	}
	for _, index := range []store.Raw{byLead, eventsOf} {
		if err := drop(c.tx, index, prefix); err != nil {
			return err
		}
	}
	return nil
}

// eraseProposal removes a proposal and its slot, and answers its writes.
func (c *command) eraseProposal(id bridge.ProposalID, prospect string) (entries []string, err error) {
	p, ok, err := proposals.Get(c.tx, string(id))
	if err != nil {
		return nil, err
	}
	if ok {
		if err := byState.Delete(c.tx, proposalIndex(p)); err != nil {
			return nil, err
		}
	}
	for _, err := range []error{
		c.unbook(id),
		proposalsOf.Delete(c.tx, prospect+"\x00"+string(id)),
		proposals.Delete(c.tx, string(id)),
	} {
		if err != nil {
			return nil, err
		}
	}
	return p.Entries, nil
}

// drop removes the records of a table whose keys begin with prefix.
func drop(tx *store.Tx, table store.Raw, prefix string) error {
	for _, rest := range suffixes(tx, table, prefix) {
		if err := table.Delete(tx, prefix+rest); err != nil {
			return err
		}
	}
	return nil
}
