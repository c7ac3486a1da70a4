package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// OpenedBy is a way in which a record is opened beyond the scopes of grants.
type OpenedBy string

// The ways.
const (
	ByDefault   OpenedBy = "default"   // of the organisation
	ByTeammates OpenedBy = "teammates" // members of a team see each other's
	ByRank      OpenedBy = "rank"      // the owner's role stands below
	BySharing   OpenedBy = "sharing"   // a sharing rule
)

// Opened is what opened a record.
type Opened struct {
	By   OpenedBy `json:"by"`
	Rule string   `json:"rule"` // what it is called: defaults/account, sharing/name, caller/under
	Pos  Pos      `json:"pos"`
}

// opener names what opens the action on the object of a record that something
// does open.
func (p *Policy) opener(who asker, of belonging, set scopeSet, action int, object bridge.Object) Opened {
	place := p.targets.place(object)
	if p.defaults.wide.permits(action, place) {
		return p.defaults.opened(ByDefault, "defaults", object)
	}
	if set&inTeam != 0 && p.teammates.wide.permits(action, place) {
		return p.teammates.opened(ByTeammates, "teammates", object)
	}
	for _, owner := range of.owners {
		if below := p.roles[owner]; who.role.outranks(below) && byRank.permits(action, place) {
			return Opened{ByRank, string(below.name) + "/under", below.ranked}
		}
	}
	for _, s := range p.sharing {
		if s.opens.permits(action, place) && s.gives(who) && s.takes(p, of) {
			return Opened{BySharing, s.name, s.pos}
		}
	}
	return Opened{}
}

func (o opening) opened(by OpenedBy, key string, object bridge.Object) Opened {
	if object == bridge.Contact {
		object = bridge.Account // they follow
	}
	return Opened{by, key + "/" + string(object), o.at[object]}
}

// gives says whether the rule is for the asker.
func (s *share) gives(who asker) bool {
	return s.to.has(who.role) || s.to.role == nil && s.to.team == who.team
}

// takes says whether the rule is about records that belong so.
func (s *share) takes(p *Policy, of belonging) bool {
	if s.from.role == nil {
		return s.from.team == of.team
	}
	return slices.ContainsFunc(of.owners, func(owner int) bool { return s.from.has(p.roles[owner]) })
}
