package desk

import (
	"cmp"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// readAs is as whose an appointment may be read: its author's, and once it was
// validated also the salesperson's whom it is for. To decide on it, it stays its
// author's alone.
func (c *command) readAs(scope policy.Record, p bridge.Proposal) (its policy.Record, may bool) {
	its = authored(scope, p)
	if c.Policy.Allows(c.who, policy.Read, bridge.Appointment, its) || c.Policy.Allows(c.who, policy.Write, bridge.Appointment, its) {
		return its, true
	}
	if !soldBy(p, c.who.Person) {
		return its, false
	}
	its.Owner = c.who.Person
	return its, c.Policy.Allows(c.who, policy.Read, bridge.Appointment, its)
}

// soldBy says whether a proposal is an appointment for somebody that a supervisor
// has let through.
func soldBy(p bridge.Proposal, who bridge.PersonID) bool {
	return who != "" && p.Meeting != nil && p.Meeting.ValidatedBy != "" && p.Meeting.Salesperson == who
}

// Visit is a validated appointment as its salesperson finds it.
type Visit struct {
	bridge.Proposal
	// Slot is when it is, also while another time waits for a supervisor.
	Slot bridge.Slot
}

// Visits are the validated appointments for the actor between two moments, in the
// order of time, with those that were cancelled since.
func (d *Desk) Visits(actor bridge.Actor, from, to time.Time) (out []Visit, err error) {
	at := bridge.Slot{UTC: from, Minutes: int(to.Sub(from).Minutes())}
	err = d.look(actor, func(c *command) error {
		if err := c.need(policy.Read, bridge.Appointment, policy.Record{Owner: c.who.Person}, phrase{"see the appointments that are for you", "voir les rendez-vous qui sont pour vous"}); err != nil {
			return err
		}
		slots, err := c.bookedFor(c.who.Person, at)
		if err != nil {
			return err
		}
		cancelled, err := c.cancelledIn(at)
		for _, id := range cancelled {
			slots[id] = bridge.Slot{} // where it was
		}
		for id, slot := range slots {
			if err == nil {
				out, err = c.addVisit(out, id, slot)
			}
		}
		return err
	})
	slices.SortFunc(out, func(a, b Visit) int { return cmp.Or(a.Slot.UTC.Compare(b.Slot.UTC), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

// addVisit adds an appointment that is for the actor to read.
func (c *command) addVisit(out []Visit, id bridge.ProposalID, slot bridge.Slot) ([]Visit, error) {
	p, _, scope, err := c.proposal(id)
	if err != nil {
		return out, err
	}
	if its, may := c.readAs(scope, p); may && soldBy(p, c.who.Person) {
		if slot.UTC.IsZero() {
			slot = p.Meeting.Slot
		}
		out = append(out, Visit{c.redact(p, scope, its), slot})
	}
	return out, nil
}

// Visit is one validated appointment for the actor.
func (d *Desk) Visit(actor bridge.Actor, id bridge.ProposalID) (out Visit, err error) {
	err = d.look(actor, func(c *command) error {
		var slot bridge.Slot
		if key, ok := booked.Get(c.tx, string(id)); ok {
			slot, _, err = calendar.Get(c.tx, string(key))
		}
		var found []Visit
		if err == nil {
			found, err = c.addVisit(nil, id, slot)
		}
		if err == nil && len(found) == 0 {
			err = &NotFound{phrase{"appointment", "de rendez-vous"}, string(id)}
		}
		if err == nil {
			out = found[0]
		}
		return err
	})
	return out, err
}

// bookedFor are the slots of somebody's calendar that overlap a time.
func (c *command) bookedFor(who bridge.PersonID, at bridge.Slot) (map[bridge.ProposalID]bridge.Slot, error) {
	out, prefix := map[bridge.ProposalID]bridge.Slot{}, string(who)+"\x00"
	err := calendar.Each(c.tx, prefix, prefix+due(at.UTC.AddDate(0, 0, -1)), func(key string, s bridge.Slot) (bool, error) {
		if overlap(s, at) {
			out[bridge.ProposalID(key[len(prefix)+8:])] = s
		}
		return s.UTC.Before(ends(at)), nil
	})
	return out, err
}
