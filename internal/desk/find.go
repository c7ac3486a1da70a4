package desk

import (
	"slices"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
)

// find settles which lead a call was about.
func (c *command) find(call Call) (bridge.LeadID, error) {
	if call.Lead != "" {
		return call.Lead, nil
	}
	camp, ok := c.Campaigns[call.Event.Campaign]
	if !ok {
		return "", &NotFound{phrase{"campaign", "de campagne"}, string(call.Event.Campaign)}
	}
	if call.Event.ProspectID != "" {
		ref := bridge.Ref{Connection: camp.CRM, Object: bridge.ProspectObj, ID: call.Event.ProspectID}
		return LeadOf(camp.ID, ref), nil
	}
	l, err := c.findByPhone(camp, call.Event.Phone)
	return l.ID, err
}

func (c *command) findByPhone(camp bridge.Campaign, phone string) (bridge.Lead, error) {
	number, err := c.number(phone)
	if err != nil {
		return bridge.Lead{}, &Invalid{"phone", bilingual.Of(err)}
	}
	var found []bridge.Lead
	for _, id := range suffixes(c.tx, byNumber, string(number)+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return l, err
		}
		if l.Campaign == camp.ID {
			found = append(found, l)
		}
	}
	if len(found) > 1 {
		// They queue: the one that is out is the one that was called.
		if out := slices.DeleteFunc(slices.Clone(found), func(l bridge.Lead) bool { return !c.isOut(l) }); len(out) == 1 {
			found = out
		}
	}
	switch len(found) {
	case 0:
		return bridge.Lead{}, &NotFound{phrase{"lead with this number in campaign", "de fiche avec ce numéro dans la campagne"}, string(camp.ID)}
	case 1:
		return found[0], nil
	}
	return bridge.Lead{}, &Clash{phrase{
		"{n} leads of campaign {id} share this number: say which with prospect_id",
		"{n} fiches de la campagne {id} ont ce numéro : dites laquelle par prospect_id",
	}.With("{n}", len(found), "{id}", camp.ID)}
}

// isOut says whether the lead lies on the platform that reports, or is on the
// line of the person who does.
func (c *command) isOut(l bridge.Lead) bool {
	return slices.Contains(l.HeldBy, c.actor.Connection) || l.Lease != nil && l.Lease.Person == c.who.Person
}
