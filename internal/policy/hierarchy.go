package policy

import (
	"fmt"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// share is a sharing rule: the records of some are opened to others.
type share struct {
	name   string
	pos    Pos
	object bridge.Object
	from   party
	to     party
	access Access
	opens  widening
}

// party is one side of a sharing rule.
type party struct {
	role         *role
	subordinates bool // and every role below it
	team         string
}

func (pa party) named() Party {
	out := Party{Subordinates: pa.subordinates, Team: pa.team}
	if pa.role != nil {
		out.Role = pa.role.name
	}
	return out
}

// has says whether the role is of the party.
func (pa party) has(ro *role) bool {
	return pa.role != nil && (pa.role == ro || pa.subordinates && ro.isBelow(pa.role))
}

// isBelow says whether a role stands somewhere under another.
func (ro *role) isBelow(other *role) bool {
	for up := ro.under; up != nil; up = up.under {
		if up == other {
			return true
		}
	}
	return false
}

// outranks says whether the role's people see what those of the other own.
func (ro *role) outranks(other *role) bool { return !ro.noRank && other.isBelow(ro) }

// leads says whether the role outranks any.
func (ro *role) leads(p *Policy) bool { return slices.ContainsFunc(p.roles, ro.outranks) }

type shareText struct {
	Name   string      `yaml:"name"`
	On     string      `yaml:"on,required"`
	From   strict.Node `yaml:"from,required"`
	To     strict.Node `yaml:"to,required"`
	Access string      `yaml:"access,required"`
}

type partyText struct {
	Role         string `yaml:"role"`
	Subordinates bool   `yaml:"subordinates"`
	Team         string `yaml:"team"`
}

// tree hangs each role under its superior.
func (l *loader) tree(p *Policy, roles map[string]strict.Node) {
	for i, ro := range p.roles {
		ro.number = i
		n := roles[string(ro.name)].Child("under")
		name, written := n.Scalar()
		if !written {
			continue
		}
		if ro.under = p.role(bridge.Role(name)); ro.under == nil {
			l.find(n, "", noSuchRole(p.Roles()))
		}
		ro.ranked = Pos(n.Pos())
	}
	round := false
	for _, ro := range p.roles {
		if circle := ro.circle(); circle != nil {
			round = true
			n := roles[string(ro.name)].Child("under")
			l.find(n, "", phrase{
				"a role cannot stand below itself: {circle}; take one of these under away",
				"un rôle ne peut être sous lui-même : {circle} ; retirez l'un de ces under",
			}.With("{circle}", strings.Join(circle, " under ")))
		}
	}
	if round {
		for _, ro := range p.roles {
			ro.under = nil // nothing must walk in a circle; there will be no policy
		}
	}
}

// circle is the way from a role up to itself, nil if there is none.
func (ro *role) circle() []string {
	way := []string{string(ro.name)}
	seen := map[*role]bool{}
	for up := ro.under; up != nil && !seen[up]; up = up.under {
		way, seen[up] = append(way, string(up.name)), true
		if up == ro {
			return way
		}
	}
	return nil
}

// accessOf reads an access; false if there is no such one among those allowed.
func (l *loader) accessOf(n strict.Node, path, text string, allowed ...Access) (Access, bool) {
	if slices.Contains(allowed, Access(text)) {
		return Access(text), true
	}
	l.find(n, path, phrase{"no such access here; there are {names}", "pas d'accès de ce nom ici ; il y a {names}"}.With("{names}", list(allowed)))
	return "", false
}

// shareable says whether records of the object may be opened to others, and
// finds fault if not.
func (l *loader) shareable(n strict.Node, path string, object bridge.Object) bool {
	switch {
	case l.targets.verb(object) < 0:
		l.find(n, path, noSuchObject())
	case object == bridge.Activity:
		l.find(n, path, phrase{"activities are always private: only grants and rank reach them", "les activités sont toujours privées : seuls les droits et la hiérarchie y donnent accès"})
	case object == bridge.Contact:
		l.find(n, path, phrase{"contacts follow accounts: write account", "les contacts suivent les comptes : écrivez account"})
	case l.targets.place(object) < 0:
		l.find(n, path, phrase{"it has no owner, so it is reached by the scopes of grants alone", "cela n'a pas de propriétaire : seuls les périmètres des droits y donnent accès"})
	default:
		return true
	}
	return false
}

// openWhole is what an access to an object opens; contacts follow accounts.
func openWhole(object bridge.Object, access Access) widening {
	w := open(object, access)
	if object == bridge.Account {
		w |= open(bridge.Contact, access)
	}
	return w
}

// general reads what is opened whoever the owner is: an access for each object.
func (l *loader) general(nodes map[string]strict.Node, beside widening, allowed ...Access) opening {
	out := opening{at: make(map[bridge.Object]Pos, len(nodes))}
	for name, n := range nodes {
		text, _ := n.Scalar()
		object := bridge.Object(name)
		if !l.shareable(n, "", object) {
			continue
		}
		access, ok := l.accessOf(n, "", text, allowed...)
		if !ok {
			continue
		}
		out.wide |= openWhole(object, access)
		out.at[object] = Pos(n.Pos())
	}
	if n, there := nodes[string(bridge.Opportunity)]; there &&
		out.wide&open(bridge.Opportunity, AccessRead) != 0 && (out.wide|beside)&open(bridge.Account, AccessRead) == 0 {
		l.find(n, "", phrase{
			"a private account makes its opportunities private: open account as well, or leave opportunity private",
			"un compte privé rend ses opportunités privées : ouvrez aussi account, ou laissez opportunity privé",
		})
	}
	return out
}

// share reads a sharing rule; nil if it cannot be understood.
func (l *loader) share(p *Policy, i int, n strict.Node) *share {
	var text shareText
	if !l.decode(n, &text) {
		return nil
	}
	object := bridge.Object(text.On)
	access, known := l.accessOf(n, "access", text.Access, AccessRead, AccessWrite)
	from, fromOK := l.party(p, text.From)
	to, toOK := l.party(p, text.To)
	if !l.shareable(n, "on", object) || !known || !fromOK || !toOK {
		return nil
	}
	s := &share{
		name: fmt.Sprintf("sharing/%d", i+1), pos: Pos(n.Pos()), object: object,
		from: from, to: to, access: access, opens: openWhole(object, access),
	}
	if text.Name != "" {
		if !namePattern.MatchString(text.Name) {
			l.find(n, "name", nameForm)
		}
		s.name = "sharing/" + text.Name
	}
	return s
}

func (l *loader) party(p *Policy, n strict.Node) (party, bool) {
	var text partyText
	if !l.decode(n, &text) {
		return party{}, false
	}
	out := party{role: p.role(bridge.Role(text.Role)), subordinates: text.Subordinates, team: text.Team}
	switch {
	case (text.Role == "") == (text.Team == ""):
		l.find(n, "", phrase{
			"name a role or a team: {role: supervisor}, {role: supervisor, subordinates: true} or {team: plateau-1}",
			"nommez un rôle ou une équipe : {role: supervisor}, {role: supervisor, subordinates: true} ou {team: plateau-1}",
		})
	case text.Team != "" && text.Subordinates:
		l.find(n, "subordinates", phrase{"a team has none: name a role", "une équipe n'en a pas : nommez un rôle"})
	case text.Role != "" && out.role == nil:
		l.find(n, "role", noSuchRole(p.Roles()))
	default:
		return out, true
	}
	return out, false
}

func (l *loader) sharing(p *Policy, nodes []strict.Node) {
	for i, n := range nodes {
		s := l.share(p, i, n)
		if s == nil {
			continue
		}
		if at := slices.IndexFunc(p.sharing, func(other *share) bool { return other.name == s.name }); at >= 0 {
			l.find(n, "name", phrase{
				"a second sharing rule {name} (the first is at line {line}): give it another name",
				"une seconde règle de partage {name} (la première est à la ligne {line}) : donnez-lui un autre nom",
			}.With("{name}", s.name, "{line}", p.sharing[at].pos.Line))
			continue
		}
		p.sharing = append(p.sharing, s)
	}
}

// openUp lays down who is given whose records, by rank and by sharing rules.
func (p *Policy) openUp() {
	p.toTeams = make(map[string]*given)
	for _, ro := range p.roles {
		ro.given = &given{}
		for _, other := range p.roles {
			if ro.outranks(other) {
				ro.given.openRole(other.number, len(p.roles), byRank)
				p.shares = true
			}
		}
	}
	for _, s := range p.sharing {
		p.shares = true
		from := p.members(s.from)
		for _, to := range p.receivers(s.to) {
			if s.from.role == nil {
				to.openTeam(s.from.team, s.opens)
			}
			for _, owner := range from {
				to.openRole(owner.number, len(p.roles), s.opens)
			}
		}
	}
}

// members are the roles of a party, none of a team.
func (p *Policy) members(of party) (out []*role) {
	if of.role == nil {
		return nil
	}
	for _, ro := range p.roles {
		if of.has(ro) {
			out = append(out, ro)
		}
	}
	return out
}

// receivers are what a sharing rule gives to.
func (p *Policy) receivers(to party) (out []*given) {
	if to.role == nil {
		if p.toTeams[to.team] == nil {
			p.toTeams[to.team] = &given{}
		}
		return []*given{p.toTeams[to.team]}
	}
	for _, ro := range p.members(to) {
		out = append(out, ro.given)
	}
	return out
}
