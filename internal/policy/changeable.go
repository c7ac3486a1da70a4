package policy

import "passerelle/internal/bridge"

// names says whether the policy lets some profile do the action on the policy.
func (p *Policy) names(action Action) bool {
	for _, ro := range p.paths {
		if ro.can(p.targets, action, bridge.PolicyObj) {
			return true
		}
	}
	return false
}

// Changeable says whether there are two people of whom one may propose a policy
// and the other activate it.
func (p *Policy) Changeable(people []bridge.Person) bool {
	proposers, approvers := map[bridge.PersonID]bool{}, map[bridge.PersonID]bool{}
	for _, person := range people {
		for connection := range person.Phoning {
			who := SubjectOf(bridge.Actor{Person: person, Connection: connection})
			if p.Allows(who, Propose, bridge.PolicyObj, Record{}) {
				proposers[person.ID] = true
			}
			if p.Allows(who, Write, bridge.PolicyObj, Record{}) {
				approvers[person.ID] = true
			}
		}
	}
	for proposer := range proposers {
		for approver := range approvers {
			if proposer != approver {
				return true
			}
		}
	}
	return false
}
