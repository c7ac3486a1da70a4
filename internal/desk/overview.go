package desk

import (
	"cmp"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Overview is a lead as a supervisor looks at it, and what they may do with it.
type Overview struct {
	View
	Supervises bool // reassign and close it
	Corrects   bool // set its prospect's status
}

// Overview shows one lead and what the actor may do with it.
func (d *Desk) Overview(actor bridge.Actor, id bridge.LeadID) (Overview, error) {
	var out Overview
	err := d.look(actor, func(c *command) error {
		l, p, scope, err := c.see(id)
		if err != nil {
			return err
		}
		out.View = c.view(l, p, scope)
		out.Supervises = c.Policy.Allows(c.who, policy.Write, bridge.CampaignObj, scope)
		write, propose := c.changeable(l, scope)
		out.Corrects = out.Supervises && (slices.Contains(write, bridge.FieldStatus) || slices.Contains(propose, bridge.FieldStatus))
		return nil
	})
	return out, err
}

// Holder is somebody whose leads are not at their end yet.
type Holder struct {
	Person bridge.PersonID
	Leads  int
}

// Holders are those who have leads in the campaigns that the actor supervises,
// by id. Who has left may be among them.
func (d *Desk) Holders(actor bridge.Actor) (out []Holder, err error) {
	err = d.look(actor, func(c *command) error {
		leads := map[bridge.PersonID]int{}
		for id, camp := range c.Campaigns {
			scope := policy.Record{Team: camp.Team, CampaignTeam: camp.Team, Principal: camp.Principal, CRM: camp.CRM}
			if !c.Policy.Allows(c.who, policy.Write, bridge.CampaignObj, scope) {
				continue
			}
			for _, s := range []shelf{inQueue, besideQueue, onALine, withSupervisor} {
				for _, who := range c.assigneesOn(id, s) {
					if who != "" {
						n, _ := list.Count(c.tx, shelfPrefix(id, s, who))
						leads[who] += n
					}
				}
			}
		}
		for who, n := range leads {
			out = append(out, Holder{who, n})
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Holder) int { return cmp.Compare(a.Person, b.Person) })
	return out, err
}
