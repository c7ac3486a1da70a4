package policy

import (
	"net/netip"
	"slices"
	"time"

	"passerelle/internal/bridge"
)

// HubSocket is from where those ask who use the hub's own socket.
var HubSocket = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// names says whether the policy lets some profile do the action on the policy,
// of those whose window, nil if they have none, is so.
func (p *Policy) names(action Action, so func(*window) bool) bool {
	for _, ro := range p.paths {
		if ro.can(p.targets, action, bridge.PolicyObj) && so(ro.window) {
			return true
		}
	}
	return false
}

func anyWindow(*window) bool { return true }

// Changeable says whether there are two people of whom one may propose a policy
// and the other activate it.
func (p *Policy) Changeable(people []bridge.Person) bool {
	return p.changeable(people, func(Subject) bool { return true })
}

// ChangeableFrom is Changeable of the people who are let in from the visit's
// address: at its moment, or at another minute within a week of it.
func (p *Policy) ChangeableFrom(people []bridge.Person, v Visit) bool {
	return p.changeable(people, func(s Subject) bool {
		w := p.windowOf(s)
		return w == nil || w.near(v.From) || p.exceptionComes(s, w, v)
	})
}

// exceptionComes says whether an exception lets the person in from the visit's
// address within a week: unlike a window's, its hours may come no more before it
// is over.
func (p *Policy) exceptionComes(s Subject, w *window, v Visit) bool {
	near := func(o *window) bool { return o.near(v.From) }
	return slices.ContainsFunc(p.windows(s, w, v.At), near) && (p.letIn(s, w, v) || !p.opensNext(s, w, v).IsZero())
}

func (p *Policy) changeable(people []bridge.Person, counts func(Subject) bool) bool {
	proposers, approvers := map[bridge.PersonID]bool{}, map[bridge.PersonID]bool{}
	for _, person := range people {
		for connection := range person.Phoning {
			who := SubjectOf(bridge.Actor{Person: person, Connection: connection})
			if !counts(who) {
				continue
			}
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

// shutsOut says whether people, or without any the profiles, may change the
// policy and windows keep them from it at the hub's own socket.
func (p *Policy) shutsOut(people []bridge.Person, now time.Time) bool {
	if people != nil {
		return p.Changeable(people) && !p.ChangeableFrom(people, Visit{now, HubSocket})
	}
	near := func(w *window) bool { return w == nil || w.near(HubSocket) }
	both := func(so func(*window) bool) bool { return p.names(Propose, so) && p.names(Write, so) }
	return both(anyWindow) && !both(near)
}
