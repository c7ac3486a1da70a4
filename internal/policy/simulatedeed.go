package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// Did decides again a command of which no decision is kept, as far as that can
// be told without its record: not where it hangs on the record's scope.
func (s *Simulation) Did(d Deed) {
	if d.Role == "" {
		return // the operator's, whom no policy binds
	}
	allowed, known := s.still(d)
	switch {
	case !known:
		s.apart++
		return
	case !allowed:
		s.tally(effectKey{Refused, d.Role, d.Action, OnObject(d.Object)}, Example{At: d.At, Person: bridge.PersonID(d.Who), Record: d.Mark})
	}
	s.decided++
}

// still says whether what was done would be allowed, if that is the same for
// every record of which it may have been done.
func (s *Simulation) still(d Deed) (allowed, known bool) {
	before, after, told := s.successor(d)
	a, bit := d.Action.index(), s.new.targets.verb(d.Object)
	switch {
	case !told || a < 0 || bit < 0:
		return false, false
	case !before.ever[a].has(bit):
		return true, true // it would be refused as things are
	case after == nil || !after.ever[a].has(bit):
		return false, true
	case s.new.roofs != nil && slices.Contains(bounded, d.Object):
		return false, false
	case after.in(s.new.targets, All)[a].has(bit):
		return true, true
	case s.old.shares && s.old.targets.place(d.Object) >= 0:
		return false, false // rank or sharing may have let them
	}
	lost := func(scope Scope) bool {
		held := before.in(s.old.targets, scope)[a].has(bit)
		moved := scope == Territory && len(territoryChanges(s.old, s.new)) > 0
		return held && (moved || !after.in(s.new.targets, scope)[a].has(bit))
	}
	return true, !slices.ContainsFunc(Scopes(), lost)
}

// successor is the role that a deed was done in, and the one that those who came
// so have under the new policy, nil for none; false where they part, or come so no
// more.
func (s *Simulation) successor(d Deed) (before, after *role, told bool) {
	for path, ro := range s.old.paths {
		if path.Connection != d.Connection || ro.name != d.Role {
			continue
		}
		next := s.new.paths[path]
		if told && next != after {
			return nil, nil, false
		}
		before, after, told = ro, next, true
	}
	return before, after, told
}
