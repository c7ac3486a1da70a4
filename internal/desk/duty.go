package desk

import (
	"cmp"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// beingHanded is a record of the campaign that somebody is being handed: what
// decides whether the campaign is theirs to work on.
func beingHanded(actor bridge.Actor, c bridge.Campaign) policy.Record {
	theirs := c.Team == "" || c.Team == actor.Person.Team
	return policy.Record{Handed: theirs, Team: c.Team, CampaignTeam: c.Team, Principal: c.Principal, CRM: c.CRM}
}

// CampaignsOf are those that the actor may know of, by id, with their scripts where
// they may read them.
func (d *Desk) CampaignsOf(actor bridge.Actor) (out []bridge.Campaign) {
	rules, who := d.Rules(), policy.SubjectOf(actor)
	for _, c := range rules.Campaigns {
		scope := beingHanded(actor, c)
		allows := func(o bridge.Object) bool { return rules.Policy.Allows(who, policy.Read, o, scope) }
		if !actor.Operator && !allows(bridge.CampaignObj) && !allows(bridge.ProspectObj) {
			continue
		}
		if !allows(bridge.Script) {
			c.Script = ""
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b bridge.Campaign) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Duties are what somebody's days are made of.
type Duties struct {
	Calls      bool // works leads and records calls
	Supervises bool // moves leads, looks after writes
	Decides    bool // validates what others propose
	Sells      bool // has appointments of their own
	Counts     bool // sees statistics, their own at least
	Exports    bool // takes fields of prospects away in a file
}

// DutiesOf are those of the actor, on any campaign that they may know of.
func (d *Desk) DutiesOf(actor bridge.Actor) Duties {
	p, who, rules := actor.Person, policy.SubjectOf(actor), d.Rules().Policy
	out := Duties{Counts: rules.Statistics(who) != ""}
	for _, c := range d.CampaignsOf(actor) {
		floor, theirs := beingHanded(actor, c), beingHanded(actor, c)
		floor.Handed = false
		theirs.Owner, theirs.Assignee = p.ID, p.ID
		out.Calls = out.Calls || rules.Allows(who, policy.Create, bridge.Activity, theirs) &&
			rules.Allows(who, policy.Read, bridge.ProspectObj, beingHanded(actor, c))
		out.Exports = out.Exports || rules.Allows(who, policy.Export, bridge.ProspectObj, theirs)
		out.Supervises = out.Supervises || rules.Allows(who, policy.Write, bridge.CampaignObj, floor)
		out.Decides = out.Decides || rules.Allows(who, policy.Write, bridge.Appointment, floor)
	}
	out.Sells = !out.Calls && rules.Allows(who, policy.Read, bridge.Appointment, policy.Record{Owner: p.ID}) && len(p.CRM) > 0
	return out
}
