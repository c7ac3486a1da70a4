package desk

import (
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Question is what somebody may do.
type Question struct {
	As         bridge.PersonID       // the person it is about
	Connection bridge.ConnectionName // they come through
	Action     policy.Action
	Target     policy.Target
	Lead       bridge.LeadID // "": on a record that is theirs in every way
	Visit      policy.Visit  // when and from where they ask; no time is now, no address is one that they may come from
}

// Explain says why somebody may or may not do something. Everybody may ask
// about themselves; about others, the operator and who may read reports on
// their team.
func (d *Desk) Explain(actor bridge.Actor, q Question) (policy.Explanation, error) {
	var out policy.Explanation
	err := d.look(actor, func(c *command) error {
		person, err := c.questioned(q.As)
		if err != nil {
			return err
		}
		as := c.inPlaceOf(bridge.Actor{Person: person, Connection: q.Connection})
		record := policy.Record{Owner: person.ID, Assignee: person.ID, Handed: true, Team: person.Team, CampaignTeam: person.Team, Territory: person.Territory, Principal: person.Principal}
		if q.Lead != "" {
			l, p, err := c.load(q.Lead)
			if err != nil {
				return err
			}
			record = as.record(l, p)
		}
		if q.Visit.At.IsZero() {
			q.Visit.At = c.now
		}
		out = c.Policy.ExplainAt(as.who, q.Action, q.Target, record, q.Visit)
		out.Supposed = q.Lead == ""
		return nil
	})
	return out, err
}

// questioned is somebody whose rights the actor may have explained.
func (c *command) questioned(id bridge.PersonID) (bridge.Person, error) {
	person, ok := c.Person(id)
	if !c.actor.Operator && id != c.actor.Person.ID {
		theirs := policy.Record{Team: person.Team, CampaignTeam: person.Team}
		if err := c.need(policy.Read, bridge.Report, theirs, phrase{"have this explained about others", "vous le faire expliquer pour d'autres"}); err != nil {
			return person, err
		}
	}
	if !ok {
		return person, &NotFound{phrase{"person", "de personne"}, string(id)}
	}
	return person, nil
}
