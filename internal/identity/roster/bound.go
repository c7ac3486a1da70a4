package roster

import (
	"maps"

	"passerelle/internal/bridge"
)

// bound refuses a list by which too many leave, or the last who may change the
// policy.
func (p *planner) bound() {
	active, leavers := 0, 0
	for _, k := range p.Added {
		if k.Active {
			active++
		}
	}
	after := maps.Clone(p.known)
	for _, c := range p.plan.Changes {
		after[c.Move.Is.ID] = c.Move.Is
		if c.Kind == Leaves {
			leavers++
		}
	}
	if leavers*100 > p.AtMost*active {
		p.find(0, "", tooMany, leavers, active, p.AtMost, (leavers*100+active-1)/active)
	}
	written := p.admins(p.written)
	if written+p.admins(p.known) > 0 && written+p.admins(after) == 0 {
		p.find(0, "", lastAdmin)
	}
}

// admins is how many of them may change the policy.
func (p *planner) admins(people map[bridge.PersonID]bridge.Person) (n int) {
	for _, k := range people {
		if k.Active && p.Governs(k) {
			n++
		}
	}
	return n
}

// handovers checks where the leads of those go who leave.
func (p *planner) handovers() {
	for _, c := range p.plan.Changes {
		if c.Kind != Leaves || c.Handover == "pool" || c.Handover == "later" {
			continue
		}
		if !p.stays(bridge.PersonID(c.Handover)) {
			p.find(c.Line, "handover", badHandover)
		}
	}
}

// stays says whether somebody is active once the list is taken.
func (p *planner) stays(id bridge.PersonID) bool {
	for _, c := range p.plan.Changes {
		if c.Move.Is.ID == id {
			return c.Move.Is.Active
		}
	}
	return p.known[id].Active || p.written[id].Active
}
