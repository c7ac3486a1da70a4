package desk

import (
	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/policy"
)

// Objections lists what was said about a person or a number, what stands and
// what was lifted, to those who record oppositions for others than themselves.
func (d *Desk) Objections(actor bridge.Actor, o Objection) (calling.Oppositions, error) {
	var out calling.Oppositions
	err := d.look(actor, func(c *command) error {
		if err := c.need(policy.Create, bridge.Activity, policy.Record{Team: c.who.Team, CampaignTeam: c.who.Team}, phrase{"look up oppositions", "consulter les oppositions"}); err != nil {
			return err
		}
		key, err := c.objector(o)
		if err != nil {
			return err
		}
		out, _, err = objected.Get(c.tx, key)
		return err
	})
	return out, err
}

// objector is the key of the person or the number.
func (c *command) objector(o Objection) (string, error) {
	if o.Person != nil {
		if !prospects.Has(c.tx, o.Person.Key()) {
			return "", &NotFound{noProspect, o.Person.ID}
		}
		return c.personKey(*o.Person), nil
	}
	n, err := c.number(o.Number)
	if err != nil {
		return "", &Invalid{"number", noPhone}
	}
	return c.numberKey(string(n)), nil
}
