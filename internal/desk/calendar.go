package desk

import (
	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

var (
	// calendar holds the slots of validated appointments, as the CRM shows them
	// or soon will: salesperson, start, proposal.
	calendar = store.NewTable[bridge.Slot]("desk.calendar")
	// booked holds the key in calendar of each proposal that has a slot there.
	booked = store.NewRaw("desk.booked")
)

func calendarKey(who bridge.PersonID, slot bridge.Slot, id bridge.ProposalID) string {
	return string(who) + "\x00" + due(slot.UTC) + string(id)
}

// book makes sure that the salesperson has nothing else then, and enters the
// appointment in their calendar in the place of its former slot.
func (c *command) book(p bridge.Proposal) error {
	if err := c.unbook(p.ID); err != nil {
		return err
	}
	m := *p.Meeting
	if m.Salesperson == "" {
		return nil
	}
	prefix := string(m.Salesperson) + "\x00"
	// No appointment is longer than a day: what began earlier is over.
	from := prefix + due(m.Slot.UTC.AddDate(0, 0, -1))
	var clash error
	err := calendar.Each(c.tx, prefix, from, func(_ string, other bridge.Slot) (bool, error) {
		if overlap(m.Slot, other) {
			clash = &Clash{phrase{
				"{who} already has an appointment at {at} ({zone}): reschedule one of them",
				"{who} a déjà un rendez-vous à {at} ({zone}) : déplacez l'un des deux",
			}.With("{who}", m.Salesperson, "{at}", other.Local, "{zone}", other.Zone)}
		}
		return clash == nil && other.UTC.Before(ends(m.Slot)), nil
	})
	if err != nil {
		return err
	}
	if clash != nil {
		return clash
	}
	return c.occupy(p)
}

// unbook takes an appointment out of the calendar.
func (c *command) unbook(id bridge.ProposalID) error {
	key, ok := booked.Get(c.tx, string(id))
	if !ok {
		return nil
	}
	if err := booked.Delete(c.tx, string(id)); err != nil {
		return err
	}
	return calendar.Delete(c.tx, string(key))
}
