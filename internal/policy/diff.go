package policy

import (
	"cmp"
	"maps"
	"slices"

	"passerelle/internal/bridge"
)

// Change is a right that a role gains or loses from one policy to the next, or
// those of a profile whose role changes. Targets of one object, class and reach
// stand together.
type Change struct {
	Path   Path               `json:"path,omitzero"` // of a profile that moves to the role
	Role   bridge.Role        `json:"role"`
	Gains  bool               `json:"gains"`
	Action Action             `json:"action"`
	Object bridge.Object      `json:"object"`
	Fields []bridge.FieldName `json:"fields,omitempty"` // none: the object itself
	Class  bridge.Class       `json:"class,omitempty"`  // of the fields
	Scopes []Scope            `json:"scopes"`           // of which records
	Keeps  []Scope            `json:"keeps,omitempty"`  // of a loss: of which records it still may
	Risk   Risk               `json:"risk"`
}

// Move is a profile whose role changes. "" is none.
type Move struct {
	Path
	From bridge.Role `json:"from"`
	To   bridge.Role `json:"to"`
}

// Delta is what differs between two policies.
type Delta struct {
	Moves   []Move        `json:"moves"`
	Changes []Change      `json:"changes"` // the riskiest first
	Cards   []CardChange  `json:"cards"`
	Ranks   []RankChange  `json:"ranks"`
	Sharing []ShareChange `json:"sharing"`
	// Territories are those that come, go or are told otherwise.
	Territories []string `json:"territories"`
	// Windows are when and from where people are let in.
	Windows []WindowChange `json:"windows"`
	Limits  []LimitChange  `json:"limits"`

	Statistics []StatisticsChange `json:"statistics"`
	Strengths  []StrengthChange   `json:"requires"`
	Bounds     []BoundChange      `json:"crm_rights"`
}

// Diff says who gains and who loses what from old to new, which must have been
// loaded against the same catalogue. Roles are compared by name; a role that
// one of them does not have has no right there.
func Diff(old, new *Policy) Delta {
	out := Delta{Moves: moves(old, new)}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append(old.Roles(), new.Roles()...)))) {
		before, after := old.role(name), new.role(name)
		out.Changes = append(out.Changes, compare(new.targets, Change{Role: name}, before, after)...)
		out.Cards = append(out.Cards, cardChanges(name, old, new)...)
	}
	out.Ranks, out.Sharing, out.Territories = rankChanges(old, new), shareChanges(old, new), territoryChanges(old, new)
	out.Windows, out.Limits = windowChanges(old, new), limitChanges(old, new)
	out.Statistics, out.Strengths = statisticsChanges(old, new), strengthChanges(old, new)
	out.Bounds = boundChanges(old, new)
	for _, m := range out.Moves {
		who := Change{Path: m.Path, Role: cmp.Or(m.To, m.From)}
		out.Changes = append(out.Changes, compare(new.targets, who, old.paths[m.Path], new.paths[m.Path])...)
	}
	out.fill()
	slices.SortFunc(out.Cards, CardChange.compare)
	slices.SortFunc(out.Changes, func(a, b Change) int {
		return cmp.Or(-cmp.Compare(a.Risk, b.Risk), a.Path.compare(b.Path), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Object, b.Object),
			cmp.Compare(a.Action.index(), b.Action.index()), cmp.Compare(a.Class, b.Class), slices.Compare(a.Scopes, b.Scopes), slices.Compare(a.Fields, b.Fields))
	})
	return out
}

// fill makes lists of nothing of those that are none, as JSON tells them apart.
func (d *Delta) fill() {
	d.Moves, d.Changes, d.Cards = listed(d.Moves), listed(d.Changes), listed(d.Cards)
	d.Ranks, d.Sharing, d.Territories = listed(d.Ranks), listed(d.Sharing), listed(d.Territories)
	d.Windows, d.Limits = listed(d.Windows), listed(d.Limits)
	d.Statistics, d.Strengths, d.Bounds = listed(d.Statistics), listed(d.Strengths), listed(d.Bounds)
}

func listed[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func (p Path) compare(other Path) int {
	return cmp.Or(cmp.Compare(p.Connection, other.Connection), cmp.Compare(p.Profile, other.Profile))
}

func moves(old, new *Policy) []Move {
	all := maps.Clone(old.paths)
	maps.Copy(all, new.paths)
	var out []Move
	for path := range all {
		from, _ := old.RoleOf(path.Connection, path.Profile)
		to, _ := new.RoleOf(path.Connection, path.Profile)
		if from != to {
			out = append(out, Move{path, from, to})
		}
	}
	slices.SortFunc(out, func(a, b Move) int { return a.Path.compare(b.Path) })
	return out
}

// in is what a role may do with a record that is in one scope only; nothing
// if there is no such role.
func (ro *role) in(t *targets, s Scope) *rights {
	if ro == nil {
		none := t.noRights()
		return &none
	}
	if s == Subordinates {
		return ro.below
	}
	return ro.rows[s.bit()&^inAll]
}

// reach is in which scopes the right differs, as bits.
type reach struct{ gained, lost, kept scopeSet }

// compare lists what differs for whom the change is about. What differs for all
// records is not said again of narrower scopes.
func compare(t *targets, who Change, old, new *role) []Change {
	var out []Change
	for _, action := range Actions() {
		found := map[group][]bridge.FieldName{}
		for bit := range len(t.names) + len(objects) {
			r := differs(t, action, bit, old, new)
			if r.gained != 0 {
				found[t.group(bit, true, r.gained, 0)] = append(found[t.group(bit, true, r.gained, 0)], t.fieldAt(bit)...)
			}
			if r.lost != 0 {
				found[t.group(bit, false, r.lost, r.kept)] = append(found[t.group(bit, false, r.lost, r.kept)], t.fieldAt(bit)...)
			}
		}
		for g, fields := range found {
			out = append(out, g.change(who, action, fields))
		}
	}
	return out
}

func differs(t *targets, action Action, bit int, old, new *role) (r reach) {
	a := action.index()
	everywhere := [2]bool{old.in(t, All)[a].has(bit), new.in(t, All)[a].has(bit)}
	for _, s := range reaches() {
		before, after := old.in(t, s)[a].has(bit), new.in(t, s)[a].has(bit)
		told := s != All && everywhere == [2]bool{before, after} && before != after
		switch {
		case after && !before && !told:
			r.gained |= s.bit()
		case before && !after && !told:
			r.lost |= s.bit()
		}
		if after && !everywhere[1] {
			r.kept |= s.bit()
		}
	}
	return r
}

// group is what changes have in common that are told as one.
type group struct {
	gains  bool
	object bridge.Object
	class  bridge.Class // "" is the object itself
	scopes scopeSet
	keeps  scopeSet
}

func (t *targets) group(bit int, gains bool, scopes, keeps scopeSet) group {
	g := group{gains: gains, scopes: scopes, keeps: keeps}
	if bit >= len(t.names) {
		g.object = objects[bit-len(t.names)]
		return g
	}
	def, _ := t.catalog.Def(t.names[bit])
	g.object, g.class = t.names[bit].Object(), def.Class
	return g
}

func (t *targets) fieldAt(bit int) []bridge.FieldName {
	if bit < len(t.names) {
		return t.names[bit : bit+1]
	}
	return nil
}

func (g group) change(who Change, action Action, fields []bridge.FieldName) Change {
	return Change{
		Path: who.Path, Role: who.Role, Gains: g.gains, Action: action, Object: g.object, Fields: fields, Class: g.class,
		Scopes: g.scopes.list(), Keeps: g.keeps.list(), Risk: riskOf(action, g),
	}
}

func (set scopeSet) list() []Scope {
	var out []Scope
	for _, s := range reaches() {
		if set&s.bit() != 0 {
			out = append(out, s)
		}
	}
	return out
}

// Risk ranks changes: what could do the most harm is read first.
type Risk int

// The risks.
const (
	RiskNone   Risk = iota // somebody loses a right
	RiskLow                // a gain of what is public, or of proposing
	RiskMedium             // a gain of personal or commercial fields, or of a verb
	RiskHigh               // a gain of what leaves (export), ends (delete), pays or is kept from most
)

func riskOf(action Action, g group) Risk {
	switch {
	case !g.gains:
		return RiskNone
	case action == Export, action == Delete:
		return RiskHigh
	case action == Propose:
		return RiskLow
	case g.class == bridge.Financial, g.class == bridge.Confidential, g.class == bridge.Structural && action != Read:
		return RiskHigh
	case g.class == bridge.Public && action == Read:
		return RiskLow
	}
	return RiskMedium
}
