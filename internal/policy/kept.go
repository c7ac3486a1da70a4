package policy

import (
	"cmp"
	"maps"
	"slices"

	"passerelle/internal/bridge"
)

// Kept is what a simulation has found, as it is kept over a restart. It names no
// record.
type Kept struct {
	Decisions int          `json:"decisions"`
	Apart     int          `json:"apart"`
	Effects   []KeptEffect `json:"effects"`
}

// KeptEffect is one effect of one right.
type KeptEffect struct {
	Kind      EffectKind        `json:"kind"`
	Role      bridge.Role       `json:"role"`
	Action    Action            `json:"action"`
	Target    Target            `json:"target"`
	Decisions int               `json:"decisions"`
	People    []bridge.PersonID `json:"people,omitempty"`
	Examples  []Example         `json:"examples,omitempty"`
}

// Keep is what has been found so far.
func (s *Simulation) Keep() Kept {
	out := Kept{Decisions: s.decided, Apart: s.apart}
	for key, e := range s.found {
		kept := KeptEffect{Kind: key.kind, Role: key.role, Action: key.action, Target: key.target, Decisions: e.Decisions, People: slices.Sorted(maps.Keys(e.who))}
		for _, x := range latest(slices.Clone(e.Examples)) {
			kept.Examples = append(kept.Examples, Example{At: x.At, Person: x.Person})
		}
		out.Effects = append(out.Effects, kept)
	}
	slices.SortFunc(out.Effects, func(a, b KeptEffect) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Target.String(), b.Target.String()))
	})
	return out
}

// Resume goes on from what was kept of a simulation between the same policies.
func (s *Simulation) Resume(kept Kept) {
	s.decided, s.apart = kept.Decisions, kept.Apart
	for _, k := range kept.Effects {
		e := &Effect{
			Kind: k.Kind, Role: k.Role, Action: k.Action, Targets: []string{k.Target.String()}, Decisions: k.Decisions,
			Examples: k.Examples, who: map[bridge.PersonID]bool{},
		}
		for _, person := range k.People {
			e.who[person] = true
		}
		s.found[effectKey{k.Kind, k.Role, k.Action, k.Target}] = e
	}
}
