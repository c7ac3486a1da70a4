package policy

import (
	"cmp"
	"slices"

	"passerelle/internal/bridge"
)

// EditKind is a kind of change to a policy.
type EditKind string

// The kinds of edits.
const (
	MapProfile EditKind = "map_profile" // map the path to the role
	AddGrant   EditKind = "add_grant"   // let the role do the action on the target, in the scope
	LiftDeny   EditKind = "lift_deny"   // let the deny no longer cover the action on the target
	AddDeny    EditKind = "add_deny"    // deny the role the action on the target

	ShowContext EditKind = "show_context" // add the context field to the role's context
	HideContext EditKind = "hide_context" // take it out

	AddException EditKind = "add_exception" // let the person in outside their role's access window
)

// Edit is one change to a policy.
type Edit struct {
	Kind   EditKind    `json:"kind"`
	Role   bridge.Role `json:"role"`
	Path   Path        `json:"path,omitzero"`   // of map_profile
	Rule   string      `json:"rule,omitempty"`  // the deny to lift; the grant to widen, "" for a new one
	Pos    Pos         `json:"pos,omitzero"`    // of Rule
	Scope  Scope       `json:"scope,omitempty"` // of add_grant
	Action Action      `json:"action,omitempty"`
	Target Target      `json:"target,omitzero"`

	Exception Exception `json:"exception,omitzero"` // of add_exception
}

// Remedy is a smallest change that flips a decision: applied whole it does, no
// part of it would.
type Remedy []Edit

// remedy is the smallest change that flips the decision, nil if no policy could
// decide otherwise.
func (p *Policy) remedy(s Subject, action Action, t Target, r Record) Remedy {
	j := p.judge(s, action, t, r)
	bit := p.targets.bit(t)
	if j.cause != CauseUnknown {
		if _, beyond := p.overheadOf(&s, &r, action.index(), bit); beyond {
			return nil // whatever the policy says, the CRM would not
		}
	}
	switch j.cause {
	case CauseGrant:
		return Remedy{{Kind: AddDeny, Role: j.role.name, Action: action, Target: t}}
	case CauseDeny, CauseScope, CauseNoGrant:
		return j.role.open(p.targets, action, t, bit, p.extent(j.role, s, r))
	case CauseUnmapped:
		return p.admitProfile(s, action, t, bit, r)
	}
	return nil
}

// open is what it takes to let the role do action on the target for a record
// of the extent.
func (ro *role) open(all *targets, action Action, t Target, bit int, e extent) Remedy {
	var out Remedy
	granted := false
	for _, rule := range ro.rules {
		switch {
		case !rule.covers[action.index()].has(bit):
		case rule.deny:
			out = append(out, Edit{Kind: LiftDeny, Role: ro.name, Rule: rule.name, Pos: rule.pos, Action: action, Target: t})
		case e.holds(all, rule, action.index()):
			granted = true
		}
	}
	if !granted {
		out = append(out, ro.widen(action, t, ro.nearest(t.Object, e.set)))
	}
	return out
}

// nearest is the narrowest scope of the set in which the role has a grant on the
// object already: callers own nothing, and whoever reads campaigns of their team
// is to write those. Where it has none, or on all records only, it is the
// narrowest of the set.
func (ro *role) nearest(object bridge.Object, set scopeSet) Scope {
	var used scopeSet
	for _, rule := range ro.rules {
		if !rule.deny && rule.object == object {
			used |= rule.scope.bit()
		}
	}
	if used &^= inAll; set&used != 0 {
		set &= used
	}
	return set.narrowest()
}

// widen is the grant to add: to the first one on the object in that scope, if
// there is one.
func (ro *role) widen(action Action, t Target, scope Scope) Edit {
	edit := Edit{Kind: AddGrant, Role: ro.name, Scope: scope, Action: action, Target: t}
	for _, rule := range ro.rules {
		if !rule.deny && rule.object == t.Object && rule.scope == scope {
			edit.Rule, edit.Pos = rule.name, rule.pos
			break
		}
	}
	return edit
}

// admitProfile maps an unmapped profile to the role that then needs the fewest
// edits; among those to the one with the fewest rights.
func (p *Policy) admitProfile(s Subject, action Action, t Target, bit int, r Record) Remedy {
	type candidate struct {
		role  *role
		edits Remedy
	}
	var all []candidate
	path := Path{s.Connection, s.Profile}
	for _, ro := range p.roles {
		c := candidate{role: ro}
		e := p.extentOnceMapped(path, ro, s, r)
		if ro.judge(p.targets, action.index(), bit, e).cause != CauseGrant {
			c.edits = ro.open(p.targets, action, t, bit, e)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil
	}
	best := slices.MinFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(len(a.edits), len(b.edits)), cmp.Compare(a.role.ever.count(), b.role.ever.count()))
	})
	return append(Remedy{{Kind: MapProfile, Role: best.role.name, Path: path, Action: action, Target: t}}, best.edits...)
}

// extentOnceMapped is what holds for the subject on the record when their path
// leads to the role, which whoever owns the record may have then too.
func (p *Policy) extentOnceMapped(path Path, ro *role, s Subject, r Record) extent {
	set := scopesOf(&s, &r)
	of := belonging{p.rolesOf(p.staff[r.Owner], path, ro), r.Team}
	return extent{set, p.general(set) | p.shared(asker{ro, s.Team}, of)}
}

func (r *rights) count() int {
	n := 0
	for _, m := range r {
		n += m.count()
	}
	return n
}
