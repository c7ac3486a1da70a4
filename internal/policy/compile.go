package policy

import (
	"fmt"
	"strings"

	"passerelle/internal/bridge"
)

func (t *targets) noRights() rights {
	var r rights
	for a := range r {
		r[a] = t.empty()
	}
	return r
}

// compile makes the role's rows: what may be done with a record, for every set
// of scopes it can be in.
func (ro *role) compile(p *Policy) {
	var used scopeSet
	if p.teammates.wide != 0 {
		used = inTeam
	}
	for _, rule := range ro.rules {
		if !rule.deny {
			used |= rule.scope.bit()
		}
	}
	used &^= inAll
	for set := range scopeSet(scopeRows) {
		if set&^used == 0 {
			ro.rows[set] = ro.row(p.targets, extent{set | inAll, p.general(set)})
		} else {
			ro.rows[set] = ro.rows[set&used] // smaller, so made before
		}
	}
	ro.ever = ro.rows[used]
	ro.below = ro.rows[0]
	if ro.leads(p) {
		ro.below = ro.row(p.targets, extent{inAll, p.defaults.wide | byRank})
	}
}

func (ro *role) row(t *targets, e extent) *rights {
	out := t.noRights()
	for _, rule := range ro.rules {
		if rule.deny {
			continue
		}
		for a := range out {
			if e.holds(t, rule, a) {
				out[a].add(rule.covers[a])
			}
		}
	}
	for _, rule := range ro.rules {
		if !rule.deny {
			continue
		}
		for a := range out {
			out[a].remove(rule.covers[a])
		}
	}
	return &out
}

// selection is a parsed item of a field list: a field, or a class of the
// object's fields.
type selection struct {
	field bridge.FieldName
	class bridge.Class
}

// parseSelection reads "prospect.phone" or "class personal" as a part of the
// object.
func (t *targets) parseSelection(object bridge.Object, item string) (selection, error) {
	if class, ok := strings.CutPrefix(item, "class "); ok {
		return parseClass(strings.TrimSpace(class))
	}
	name := bridge.FieldName(item)
	switch {
	case t.field(name) < 0:
		return selection{}, fmt.Errorf("not in the catalogue; write a field such as %s, or a class such as class public", t.example(object))
	case name.Object() != object:
		return selection{}, fmt.Errorf("%s is a field of %s: write it in a rule on %s", name, name.Object(), name.Object())
	}
	return selection{field: name}, nil
}

func parseClass(name string) (selection, error) {
	for _, c := range bridge.Classes() {
		if string(c) == name {
			return selection{class: c}, nil
		}
	}
	return selection{}, fmt.Errorf("no such class; there are %s", list(bridge.Classes()))
}

// example is a field of the object, for findings.
func (t *targets) example(object bridge.Object) string {
	for _, name := range t.names {
		if name.Object() == object {
			return string(name)
		}
	}
	return "prospect.phone"
}

// apply calls mark with the bit of every field of the object in the selection.
func (t *targets) apply(object bridge.Object, s selection, mark func(bit int)) {
	if s.field != "" {
		mark(t.field(s.field))
		return
	}
	t.fieldsOf(object, func(bit int, class bridge.Class) {
		if class == s.class {
			mark(bit)
		}
	})
}

func (t *targets) fieldsOf(object bridge.Object, visit func(bit int, class bridge.Class)) {
	for i, name := range t.names {
		if name.Object() != object {
			continue
		}
		def, _ := t.catalog.Def(name)
		visit(i, def.Class)
	}
}

// byClass says whether the action may be granted on a whole class. What it
// refuses must be named field by field: mass export, and setting what the
// structure of the CRM hangs on (owner, pipeline, account status).
func byClass(action Action, class bridge.Class) bool {
	switch action {
	case Export, Delete:
		return false
	case Write, Create:
		return class != bridge.Structural
	}
	return true
}

// withObject says whether a grant of the action on the whole object takes the
// fields of the class along. Confidential ones, which all fields without a
// class are, it does not.
func withObject(action Action, class bridge.Class) bool {
	return byClass(action, class) && class != bridge.Confidential
}

// grantList lets the grant cover the action on the selected fields.
func (r *rule) grantList(t *targets, action Action, selected []selection) {
	m := r.covers[action.index()]
	for _, s := range selected {
		t.apply(r.object, s, m.set)
	}
	if action.impliesVerb() && m.count() > 0 {
		m.set(t.verb(r.object))
	}
}

// grantObject lets the grant cover the action on the whole object.
func (r *rule) grantObject(t *targets, action Action) {
	m := r.covers[action.index()]
	m.set(t.verb(r.object))
	t.fieldsOf(r.object, func(bit int, class bridge.Class) {
		if withObject(action, class) {
			m.set(bit)
		}
	})
}

// denyObject lets the deny cover the action on the whole object, without
// exception.
func (r *rule) denyObject(t *targets, action Action) {
	m := r.covers[action.index()]
	m.set(t.verb(r.object))
	t.fieldsOf(r.object, func(bit int, _ bridge.Class) { m.set(bit) })
}

// thereAre says which roles one may write.
func thereAre(roles []bridge.Role) string {
	if len(roles) == 0 {
		return "there are none"
	}
	return "there are " + list(roles)
}

// list writes names one after the other.
func list[S ~string](names []S) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	return strings.Join(words, ", ")
}
