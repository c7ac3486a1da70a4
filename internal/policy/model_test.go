package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passerelle/internal/bridge"
)

// model is a policy as data, with an evaluator that is slow and obviously
// right: the tests compare the compiled policy with it.
type model struct {
	catalog  bridge.Catalog
	roles    map[string]*modelRole
	profiles map[Path]string

	defaults  map[bridge.Object]Access
	teammates map[bridge.Object]Access
	sharing   []modelShare
	staff     Staff

	context map[string]modelContext
}

// modelContext is a derived field: its expression, and the fields behind it.
type modelContext struct {
	typ, expr string
	from      []bridge.FieldName
}

type modelShare struct {
	on       bridge.Object
	from, to modelParty
	access   Access
}

type modelParty struct {
	role  string
	below bool
	team  string
}

type modelRole struct {
	under  string
	noRank bool
	grants []modelGrant
	denies []modelDeny
	shows  []string // derived fields
	counts Scope    // whose statistics
}

type modelGrant struct {
	name    string
	on      bridge.Object
	scope   Scope
	actions []Action
	lists   map[Action][]string
}

type modelDeny struct {
	name    string
	on      bridge.Object
	whole   bool // without fields
	fields  []string
	except  []string
	actions []Action // none: all
}

// allows is the naive decision.
func (m model) allows(s Subject, action Action, t Target, r Record) bool {
	name, mapped := m.profiles[Path{s.Connection, s.Profile}]
	if !mapped || !m.exists(t) {
		return false
	}
	for _, d := range m.roles[name].denies {
		if m.denies(d, action, t) {
			return false
		}
	}
	for _, g := range m.roles[name].grants {
		if m.grants(g, action, t) && (holds(g.scope, s, r) || m.opened(name, s, action, t.Object, r)) {
			return true
		}
	}
	return false
}

// opened says whether a record is opened beyond the scopes of grants.
func (m model) opened(role string, s Subject, action Action, on bridge.Object, r Record) bool {
	if on == bridge.Contact {
		on = bridge.Account
	}
	if enough(m.defaults[on], action) {
		return true
	}
	if r.Team != "" && r.Team == s.Team && enough(m.teammates[on], action) {
		return true
	}
	var owners []string
	for _, path := range m.staff[r.Owner] {
		if owner, mapped := m.profiles[path]; mapped {
			owners = append(owners, owner)
		}
	}
	reached := len(owners) > 0
	for _, owner := range owners {
		reached = reached && m.reaches(role, s, action, on, func(from modelParty) bool { return from.team == "" && m.isOf(from, owner) }, owner)
	}
	return reached || m.reaches(role, s, action, on, func(from modelParty) bool { return from.team != "" && from.team == r.Team }, "")
}

// reaches says whether rank over the owner's role, or a sharing rule from whom
// it says, opens the object.
func (m model) reaches(role string, s Subject, action Action, on bridge.Object, from func(modelParty) bool, owner string) bool {
	ranked := slices.Contains([]bridge.Object{bridge.Account, bridge.ProspectObj, bridge.Opportunity, bridge.Activity, bridge.Appointment}, on)
	if owner != "" && ranked && !m.roles[role].noRank && m.below(owner, role) && enough(AccessWrite, action) {
		return true
	}
	return slices.ContainsFunc(m.sharing, func(share modelShare) bool {
		to := share.to.team != "" && share.to.team == s.Team || share.to.team == "" && m.isOf(share.to, role)
		return share.on == on && enough(share.access, action) && to && from(share.from)
	})
}

func (m model) isOf(p modelParty, role string) bool {
	return p.role == role || p.below && m.below(role, p.role)
}

// below says whether one role stands somewhere under another.
func (m model) below(role, other string) bool {
	up := m.roles[role].under
	return up != "" && (up == other || m.below(up, other))
}

func enough(access Access, action Action) bool {
	switch action {
	case Read:
		return access == AccessRead || access == AccessWrite || access == AccessFull
	case Create, Write, Propose:
		return access == AccessWrite || access == AccessFull
	case Delete:
		return access == AccessFull
	}
	return false
}

func (m model) writeOpenings(b *strings.Builder) {
	for key, all := range map[string]map[bridge.Object]Access{"defaults": m.defaults, "teammates": m.teammates} {
		fmt.Fprintf(b, "%s:\n  {", key)
		for _, object := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(b, "%s: %s, ", object, all[object])
		}
		b.WriteString("}\n")
	}
	if len(m.sharing) > 0 {
		b.WriteString("sharing:\n")
	}
	for _, s := range m.sharing {
		fmt.Fprintf(b, "  - {on: %s, from: %s, to: %s, access: %s}\n", s.on, s.from, s.to, s.access)
	}
}

func (p modelParty) String() string {
	if p.team != "" {
		return "{team: " + p.team + "}"
	}
	return fmt.Sprintf("{role: %s, subordinates: %v}", p.role, p.below)
}

// derives says whether the cards of the profile are derived from the field.
func (m model) derives(path Path, f bridge.FieldName) bool {
	role, mapped := m.profiles[path]
	return mapped && slices.ContainsFunc(m.roles[role].shows, func(name string) bool {
		return slices.Contains(m.context[name].from, f) || name == ContextCustomer && f == bridge.FieldStatus
	})
}

func (m model) exists(t Target) bool {
	if t.Field == "" {
		return slices.Contains(bridge.Objects(), t.Object)
	}
	_, ok := m.catalog.Def(t.Field)
	return ok
}

func (m model) grants(g modelGrant, action Action, t Target) bool {
	if g.on != t.Object {
		return false
	}
	if t.Field == "" {
		if slices.Contains(g.actions, action) {
			return true
		}
		if action == Write || action == Propose || action == Delete {
			return false
		}
		return slices.ContainsFunc(m.catalog.Names(), func(f bridge.FieldName) bool {
			return f.Object() == g.on && m.listed(g.lists[action], f)
		})
	}
	if m.listed(g.lists[action], t.Field) {
		return true
	}
	def, _ := m.catalog.Def(t.Field)
	switch {
	case !slices.Contains(g.actions, action), def.Class == bridge.Confidential:
		return false
	case action == Read || action == Propose:
		return true
	case action == Write || action == Create:
		return def.Class != bridge.Structural
	}
	return false
}

func (m model) denies(d modelDeny, action Action, t Target) bool {
	if d.on != t.Object || len(d.actions) > 0 && !slices.Contains(d.actions, action) {
		return false
	}
	if t.Field == "" {
		return d.whole
	}
	return (d.whole || m.listed(d.fields, t.Field)) && !m.listed(d.except, t.Field)
}

func (m model) listed(items []string, f bridge.FieldName) bool {
	def, _ := m.catalog.Def(f)
	return slices.Contains(items, string(f)) || slices.Contains(items, "class "+string(def.Class))
}

func holds(scope Scope, s Subject, r Record) bool {
	switch scope {
	case Own:
		return r.Owner != "" && r.Owner == s.Person
	case Assigned:
		return r.Handed || r.Assignee != "" && r.Assignee == s.Person
	case Team:
		return r.Team != "" && r.Team == s.Team
	case Territory:
		return r.Territory != "" && r.Territory == s.Territory
	case Campaign:
		return r.CampaignTeam != "" && r.CampaignTeam == s.Team
	case Principal:
		return r.Principal != "" && r.Principal == s.Principal
	}
	return scope == All
}

func (m model) clone() model {
	out := m // nothing changes what is opened
	out.roles, out.profiles = map[string]*modelRole{}, maps.Clone(m.profiles)
	for name, role := range m.roles {
		c := &modelRole{under: role.under, noRank: role.noRank, shows: role.shows, counts: role.counts}
		for _, g := range role.grants {
			g.actions = slices.Clone(g.actions)
			lists := map[Action][]string{}
			for a, items := range g.lists {
				lists[a] = slices.Clone(items)
			}
			g.lists = lists
			c.grants = append(c.grants, g)
		}
		for _, d := range role.denies {
			d.fields, d.except, d.actions = slices.Clone(d.fields), slices.Clone(d.except), slices.Clone(d.actions)
			c.denies = append(c.denies, d)
		}
		out.roles[name] = c
	}
	return out
}

// apply is the model with the edits made, as a person would make them.
func (m model) apply(edits []Edit) model {
	out := m.clone()
	for i, e := range edits {
		role, fresh := out.roles[string(e.Role)], fmt.Sprintf("edit-%d", i)
		switch e.Kind {
		case MapProfile:
			out.profiles[e.Path] = string(e.Role)
		case AddDeny:
			d := modelDeny{name: fresh, on: e.Target.Object, whole: e.Target.Field == "", actions: []Action{e.Action}}
			if e.Target.Field != "" {
				d.fields = []string{string(e.Target.Field)}
			}
			role.denies = append(role.denies, d)
		case AddGrant:
			role.widen(e, fresh)
		case LiftDeny:
			role.lift(e, fresh, m.catalog)
		}
	}
	return out
}

func (role *modelRole) widen(e Edit, fresh string) {
	i := slices.IndexFunc(role.grants, func(g modelGrant) bool { return string(e.Role)+"/"+g.name == e.Rule })
	if e.Rule == "" {
		role.grants = append(role.grants, modelGrant{name: fresh, on: e.Target.Object, scope: e.Scope, lists: map[Action][]string{}})
		i = len(role.grants) - 1
	}
	g := &role.grants[i]
	if e.Target.Field == "" {
		g.actions = append(g.actions, e.Action)
	} else {
		g.lists[e.Action] = append(g.lists[e.Action], string(e.Target.Field))
	}
}

// lift splits the deny in two: what it said of the other actions, and what it
// said of this one less the target.
func (role *modelRole) lift(e Edit, fresh string, catalog bridge.Catalog) {
	i := slices.IndexFunc(role.denies, func(d modelDeny) bool { return string(e.Role)+"/"+d.name == e.Rule })
	d := role.denies[i]
	others, rest := d, d
	others.actions = slices.DeleteFunc(actionsOf(d), func(a Action) bool { return a == e.Action || a == Delete && !d.whole })
	rest.name, rest.actions = fresh, []Action{e.Action}
	if e.Target.Field != "" {
		rest.except = append(slices.Clone(d.except), string(e.Target.Field))
	} else {
		rest.whole = false
		for _, c := range bridge.Classes() {
			rest.fields = append(rest.fields, "class "+string(c))
		}
	}
	role.denies = slices.Delete(role.denies, i, i+1)
	if len(others.actions) > 0 {
		role.denies = append(role.denies, others)
	}
	if e.Action != Delete {
		role.denies = append(role.denies, rest)
	}
}

func actionsOf(d modelDeny) []Action {
	if len(d.actions) == 0 {
		return Actions()
	}
	return slices.Clone(d.actions)
}
