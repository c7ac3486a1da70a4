package policy

import (
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// part is one item of a grant as written: a verb under actions, a field or a
// class under an action.
type part struct {
	role  *role
	grant *rule
	pos   Pos    // of the grant
	list  string // the key it stands under
	item  string
	node  strict.Node
	// What it gives: targets of one action, by its index.
	action int
	bits   mask
}

// parts lists all items of all grants, role by role, as written.
func (p *Policy) parts(root strict.Node) []*part {
	var out []*part
	for _, ro := range p.roles {
		for _, n := range root.Child("roles").Child(string(ro.name)).Child("grants").Items() {
			at := slices.IndexFunc(ro.rules, func(r *rule) bool { return !r.deny && r.pos.Line == n.Pos().Line && r.pos.Col == n.Pos().Col })
			if at < 0 {
				continue // it was loaded: each stands somewhere
			}
			for _, list := range []string{"actions", "read", "create", "write", "propose", "export"} {
				for _, item := range n.Child(list).Items() {
					out = append(out, p.part(ro, ro.rules[at], Pos(n.Pos()), list, item))
				}
			}
		}
	}
	return out
}

func (p *Policy) part(ro *role, grant *rule, pos Pos, list string, n strict.Node) *part {
	item, _ := n.Scalar()
	out := &part{role: ro, grant: grant, pos: pos, list: list, item: item, node: n}
	alone := &rule{object: grant.object, covers: p.targets.noRights()}
	action := Action(list)
	if list == "actions" {
		action = Action(item)
		alone.grantObject(p.targets, action)
	} else if selected, err := p.targets.parseSelection(grant.object, item); err == nil {
		alone.grantList(p.targets, action, []selection{selected})
	}
	out.action = action.index()
	out.bits = alone.covers[out.action]
	return out
}

// wide says how wide the part's scope is: what reaches furthest goes first.
func (a *part) wide() int { return slices.Index(Scopes(), a.grant.scope) }

// judged says whether each use of the part leaves a record. Reading and exporting
// leave none, and a policy's own rights are for days that seldom come.
func (a *part) judged() bool {
	switch Actions()[a.action] {
	case Create, Write, Propose, Delete:
		return a.grant.object != bridge.PolicyObj
	}
	return false
}

// words is the part as its author would write it alone.
func (a *part) words() string {
	if a.list == "actions" {
		return "actions: " + a.item
	}
	return a.list + ": " + strings.TrimSpace(a.item)
}
