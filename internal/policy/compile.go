package policy

import (
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
		return selection{}, phrase{
			"not in the catalogue; write a field such as {example}, or a class such as class public",
			"absent du catalogue ; écrivez un champ comme {example}, ou une classe comme class public",
		}.With("{example}", t.example(object)).Err()
	case name.Object() != object:
		return selection{}, phrase{"{name} is a field of {object}: write it in a rule on {object}", "{name} est un champ de {object} : écrivez-le dans une règle sur {object}"}.With("{name}", name, "{object}", name.Object()).Err()
	}
	return selection{field: name}, nil
}

func parseClass(name string) (selection, error) {
	for _, c := range bridge.Classes() {
		if string(c) == name {
			return selection{class: c}, nil
		}
	}
	return selection{}, phrase{"no such class; there are {names}", "pas de classe de ce nom ; il y a {names}"}.With("{names}", list(bridge.Classes())).Err()
}

// example is a field of the object, for findings.
func (t *targets) example(object bridge.Object) string {
	for _, name := range t.names {
		if def, _ := t.catalog.Def(name); name.Object() == object && def.Class != bridge.Confidential {
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

// noSuchRole says which roles one may write.
func noSuchRole(roles []bridge.Role) phrase {
	if len(roles) == 0 {
		return phrase{"no such role; there are none", "pas de rôle de ce nom ; il n'y en a aucun"}
	}
	return phrase{"no such role; there are {roles}", "pas de rôle de ce nom ; il y a {roles}"}.With("{roles}", list(roles))
}

var (
	notInCatalogue = phrase{"not in the catalogue; write a field such as {example}", "absent du catalogue ; écrivez un champ comme {example}"}
	notKnown       = phrase{"{name} is not in the catalogue; write a field such as {example}", "{name} est absent du catalogue ; écrivez un champ comme {example}"}
)

func noSuchObject() phrase {
	return phrase{"no such object; there are {objects}", "pas d'objet de ce nom ; il y a {objects}"}.With("{objects}", list(bridge.Objects()))
}

func noSuchAction() phrase {
	return phrase{"no such action; there are {actions}", "pas d'action de ce nom ; il y a {actions}"}.With("{actions}", list(Actions()))
}

func noSuchScope() phrase {
	return phrase{"no such scope; there are {scopes}", "pas de périmètre de ce nom ; il y a {scopes}"}.With("{scopes}", list(Scopes()))
}

// list writes names one after the other.
func list[S ~string](names []S) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	return strings.Join(words, ", ")
}
