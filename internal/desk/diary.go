package desk

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Busy is a time at which a salesperson has something, and nothing of what.
type Busy struct {
	Slot     bridge.Slot
	Proposed bool // it waits for a supervisor yet
}

// asks is what decides whether somebody may look for an hour: an appointment of
// their own, with a lead of their own.
func (c *command) asks() policy.Record {
	p := c.actor.Person
	return policy.Record{Handed: true, Assignee: p.ID, Team: p.Team, CampaignTeam: p.Team, Territory: p.Territory, Principal: p.Principal}
}

// Diary is when a salesperson has something between two moments, by our own
// appointments, for those who may ask for one.
func (d *Desk) Diary(actor bridge.Actor, with bridge.PersonID, from, to time.Time) (out []Busy, err error) {
	err = d.look(actor, func(c *command) error {
		if !c.mayPropose(c.asks()) {
			return denied(c.Policy, c.who, policy.Propose, bridge.Appointment, c.asks(), phrase{"see when salespeople are free", "voir quand les commerciaux sont libres"})
		}
		at := bridge.Slot{UTC: from, Minutes: int(to.Sub(from).Minutes())}
		prefix := string(with) + "\x00"
		err := calendar.Each(c.tx, prefix, prefix+due(from.AddDate(0, 0, -1)), func(_ string, s bridge.Slot) (bool, error) {
			if overlap(s, at) {
				out = append(out, Busy{Slot: s})
			}
			return s.UTC.Before(to), nil
		})
		if err != nil {
			return err
		}
		waiting, err := c.asked(with, at)
		out = append(out, waiting...)
		return err
	})
	slices.SortFunc(out, func(a, b Busy) int { return a.Slot.UTC.Compare(b.Slot.UTC) })
	return out, err
}

// asked are the hours of a salesperson that wait for a supervisor.
func (c *command) asked(with bridge.PersonID, at bridge.Slot) (out []Busy, err error) {
	waiting, err := c.waitingIn(at)
	for _, id := range waiting {
		p, _, err := proposals.Get(c.tx, string(id))
		if err != nil {
			return nil, err
		}
		if p.Meeting.Salesperson == with {
			out = append(out, Busy{Slot: p.Meeting.Slot, Proposed: true})
		}
	}
	return out, err
}

// Salespeople are those with whom appointments of a CRM are made: active, known
// there, and not callers themselves.
func (d *Desk) Salespeople(crm bridge.ConnectionName, everybody []bridge.Person) (out []bridge.Person) {
	rules := d.Rules()
	for _, p := range everybody {
		if p.Active && p.CRM[crm] != "" && !calls(rules.Policy, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b bridge.Person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// calls says whether somebody works on campaigns.
func calls(p *policy.Policy, who bridge.Person) bool {
	for c := range who.Phoning {
		theirs := policy.Record{Owner: who.ID, Assignee: who.ID, Handed: true, Team: who.Team, CampaignTeam: who.Team}
		if p.Allows(policy.SubjectOf(bridge.Actor{Person: who, Connection: c}), policy.Create, bridge.Activity, theirs) {
			return true
		}
	}
	return false
}

// Appointments are those between two moments that the actor may read, in the
// order of time: what is validated, what waits for a supervisor, and what was
// cancelled after all.
func (d *Desk) Appointments(actor bridge.Actor, from, to time.Time) (out []bridge.Proposal, err error) {
	at := bridge.Slot{UTC: from, Minutes: int(to.Sub(from).Minutes())}
	err = d.look(actor, func(c *command) error {
		booked, err := c.bookedIn(at)
		if err != nil {
			return err
		}
		waiting, err := c.waitingIn(at)
		if err != nil {
			return err
		}
		cancelled, err := c.cancelledIn(at)
		if err != nil {
			return err
		}
		for _, id := range slices.Concat(booked, waiting, cancelled) {
			p, _, scope, err := c.proposal(id)
			if err != nil {
				return err
			}
			if its, may := c.readAs(scope, p); may {
				out = append(out, c.redact(p, scope, its))
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b bridge.Proposal) int {
		return cmp.Or(a.Meeting.Slot.UTC.Compare(b.Meeting.Slot.UTC), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(out, func(a, b bridge.Proposal) bool { return a.ID == b.ID }), err
}

// bookedIn are the validated appointments that overlap a time, of everybody.
func (c *command) bookedIn(at bridge.Slot) (out []bridge.ProposalID, err error) {
	for next := ""; ; {
		key, ok := first(c.tx, calendar.Raw, "", next)
		if !ok {
			return out, nil
		}
		theirs, err := c.bookedFor(bridge.PersonID(upTo(key)), at)
		if err != nil {
			return nil, err
		}
		out = slices.AppendSeq(out, maps.Keys(theirs))
		next = upTo(key) + "\x01"
	}
}

// waitingIn are those that wait for a supervisor.
func (c *command) waitingIn(at bridge.Slot) (out []bridge.ProposalID, err error) {
	for _, state := range []bridge.ProposalState{bridge.Proposed, bridge.Rescheduled} {
		prefix := string(state) + "\x00"
		for key := range byState.Scan(c.tx, prefix, "") {
			p, ok, err := proposals.Get(c.tx, key[len(prefix)+8:])
			if err != nil {
				return nil, err
			}
			if ok && p.Meeting != nil && overlap(p.Meeting.Slot, at) {
				out = append(out, p.ID)
			}
		}
	}
	return out, nil
}

// cancelledIn are those that were validated and then cancelled.
func (c *command) cancelledIn(at bridge.Slot) (out []bridge.ProposalID, err error) {
	found, err := c.withMeetings(bridge.Cancelled, c.now.Add(-proposedWithin), func(p bridge.Proposal) bool {
		return p.Meeting.ValidatedBy != "" && overlap(p.Meeting.Slot, at)
	})
	for _, p := range found {
		out = append(out, p.ID)
	}
	return out, err
}
