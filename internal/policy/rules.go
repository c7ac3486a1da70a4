package policy

import (
	"fmt"
	"slices"

	"passerelle/internal/bilingual"
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
		l.find(n, "scope", noSuchScope())
		return nil
	}
	r := l.rule(ro, n, object, text.Name, text.On+"/"+text.Scope)
	if r == nil {
		return nil
	}
	if object == bridge.PolicyObj && scope != All {
		l.find(n, "scope", phrase{
			"the policy is nobody's record, so this would never hold: write scope: all",
			"la politique n'est la fiche de personne, cela ne vaudrait donc jamais : écrivez scope: all",
		})
	}
	r.scope = scope
	for i, action := range text.Actions {
		if a := Action(action); a.index() >= 0 {
			r.grantObject(l.targets, a)
		} else {
			l.find(n, itemPath("actions", i), noSuchAction())
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
		l.find(n, "", phrase{
			"it grants nothing: add actions: [read], or read: [class public], or the like",
			"cela ne donne aucun droit : ajoutez actions: [read], ou read: [class public], par exemple",
		})
	}
	return r
}

var fieldByField = phrase{
	"to {action} is given field by field here: name the fields instead of class {class}",
	"{action} se donne ici champ par champ : nommez les champs au lieu de class {class}",
}

// grantable reads a grant's list for an action and refuses classes that must
// be named field by field.
func (l *loader) grantable(n strict.Node, object bridge.Object, action Action, items []string) []selection {
	selected := l.selections(n, object, string(action), items)
	return slices.DeleteFunc(selected, func(s selection) bool {
		if s.class == "" || byClass(action, s.class) {
			return false
		}
		l.find(n, string(action), fieldByField.With("{action}", verbs[action], "{class}", s.class))
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
	fields := l.selections(n, object, "fields", l.items(text.Fields, phrase{"leave fields out to deny the whole object", "ne mettez pas fields pour interdire l'objet entier"}))
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
	for i, item := range l.items(text.Actions, phrase{"leave actions out to deny them all", "ne mettez pas actions pour les interdire toutes"}) {
		action := Action(item)
		switch {
		case action.index() < 0:
			l.find(n, itemPath("actions", i), noSuchAction())
		case action == Delete && text.Fields.Kind() != strict.Absent:
			l.find(n, itemPath("actions", i), phrase{"fields are not deleted: deny it without fields", "on ne supprime pas un champ : interdisez-le sans fields"})
		default:
			out = append(out, action)
		}
	}
	return out
}

// items reads a list that, if it is there, has something in it: an empty deny
// must not pass for one.
func (l *loader) items(n strict.Node, instead phrase) []string {
	var out []string
	if n.Kind() == strict.Absent || !l.decode(n, &out) {
		return nil
	}
	if len(out) == 0 {
		l.find(n, "", phrase{"an empty list denies nothing: {instead}", "une liste vide n'interdit rien : {instead}"}.With("{instead}", instead))
	}
	return out
}

// rule begins a rule on an object, named by hand or after what it is about.
func (l *loader) rule(ro *role, n strict.Node, object bridge.Object, name, about string) *rule {
	if l.targets.verb(object) < 0 {
		l.find(n, "on", noSuchObject())
		return nil
	}
	if name == "" {
		name = about
	} else if !namePattern.MatchString(name) {
		l.find(n, "name", nameForm)
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
			l.find(n, itemPath(key, i), bilingual.Of(err))
			continue
		}
		out = append(out, s)
	}
	return out
}

func itemPath(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
