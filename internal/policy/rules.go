package policy

import (
	"fmt"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// grant reads a grant; nil if it cannot be understood.
func (l *loader) grant(ro *role, n strict.Node) *rule {
	var text grantText
	if !l.decode(n, &text) {
		return nil
	}
	scope, object := Scope(text.Scope), bridge.Object(text.On)
	if !slices.Contains(Scopes(), scope) {
		l.findf(n, "scope", "no such scope; there are %s", list(Scopes()))
		return nil
	}
	r := l.rule(ro, n, object, text.Name, text.On+"/"+text.Scope)
	if r == nil {
		return nil
	}
	if object == bridge.PolicyObj && scope != All {
		l.findf(n, "scope", "the policy is nobody's record, so this would never hold: write scope: all")
	}
	r.scope = scope
	for i, action := range text.Actions {
		if a := Action(action); a.index() >= 0 {
			r.grantObject(l.targets, a)
		} else {
			l.findf(n, itemPath("actions", i), "no such action; there are %s", list(Actions()))
		}
	}
	lists := []struct {
		action Action
		items  []string
	}{{Read, text.Read}, {Create, text.Create}, {Write, text.Write}, {Propose, text.Propose}, {Export, text.Export}}
	empty := len(text.Actions) == 0
	for _, field := range lists {
		empty = empty && len(field.items) == 0
		r.grantList(l.targets, field.action, l.grantable(n, object, field.action, field.items))
	}
	if empty {
		l.findf(n, "", "it grants nothing: add actions: [read], or read: [class public], or the like")
	}
	return r
}

// grantable reads a grant's list for an action and refuses classes that must
// be named field by field.
func (l *loader) grantable(n strict.Node, object bridge.Object, action Action, items []string) []selection {
	selected := l.selections(n, object, string(action), items)
	return slices.DeleteFunc(selected, func(s selection) bool {
		if s.class == "" || byClass(action, s.class) {
			return false
		}
		l.findf(n, string(action), "to %s is given field by field here: name the fields instead of class %s", action, s.class)
		return true
	})
}

// deny reads a deny; nil if it cannot be understood.
func (l *loader) deny(ro *role, n strict.Node) *rule {
	var text denyText
	if !l.decode(n, &text) {
		return nil
	}
	object := bridge.Object(text.On)
	r := l.rule(ro, n, object, text.Name, "deny/"+text.On)
	if r == nil {
		return nil
	}
	r.deny, r.scope = true, All
	fields := l.selections(n, object, "fields", l.items(text.Fields, "leave fields out to deny the whole object"))
	except := l.selections(n, object, "except", text.Except)
	for _, action := range l.denied(n, text) {
		m := r.covers[action.index()]
		if text.Fields.Kind() == strict.Absent {
			r.denyObject(l.targets, action)
		}
		for _, s := range fields {
			l.targets.apply(object, s, m.set)
		}
		for _, s := range except {
			l.targets.apply(object, s, m.clear)
		}
	}
	return r
}

// denied is what actions a deny is about.
func (l *loader) denied(n strict.Node, text denyText) []Action {
	if text.Actions.Kind() == strict.Absent {
		return Actions()
	}
	var out []Action
	for i, item := range l.items(text.Actions, "leave actions out to deny them all") {
		action := Action(item)
		switch {
		case action.index() < 0:
			l.findf(n, itemPath("actions", i), "no such action; there are %s", list(Actions()))
		case action == Delete && text.Fields.Kind() != strict.Absent:
			l.findf(n, itemPath("actions", i), "fields are not deleted: deny it without fields")
		default:
			out = append(out, action)
		}
	}
	return out
}

// items reads a list that, if it is there, has something in it: an empty deny
// must not pass for one.
func (l *loader) items(n strict.Node, instead string) []string {
	var out []string
	if n.Kind() == strict.Absent || !l.decode(n, &out) {
		return nil
	}
	if len(out) == 0 {
		l.findf(n, "", "an empty list denies nothing: %s", instead)
	}
	return out
}

// rule begins a rule on an object, named by hand or after what it is about.
func (l *loader) rule(ro *role, n strict.Node, object bridge.Object, name, about string) *rule {
	if l.targets.verb(object) < 0 {
		l.findf(n, "on", "no such object; there are %s", list(bridge.Objects()))
		return nil
	}
	if name == "" {
		name = about
	} else if !namePattern.MatchString(name) {
		l.findf(n, "name", "%s", nameForm)
		return nil
	}
	return &rule{
		name: string(ro.name) + "/" + name, pos: Pos(n.Pos()), object: object,
		covers: l.targets.noRights(),
	}
}

func (l *loader) selections(n strict.Node, object bridge.Object, key string, items []string) []selection {
	var out []selection
	for i, item := range items {
		s, err := l.targets.parseSelection(object, item)
		if err != nil {
			l.findf(n, itemPath(key, i), "%s", err)
			continue
		}
		out = append(out, s)
	}
	return out
}

func itemPath(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
