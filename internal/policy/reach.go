package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// Access is how far records are opened beyond the scopes of a role's own
// grants. It says which records; a role's own grants on the object, in any
// scope, still say which fields and actions.
type Access string

// The accesses, each more than the one before.
const (
	AccessPrivate Access = "private"
	AccessRead    Access = "read"
	AccessWrite   Access = "read-write" // read, create, write and propose
	AccessFull    Access = "full"       // delete as well
)

func accesses() []Access { return []Access{AccessPrivate, AccessRead, AccessWrite, AccessFull} }

// owned are the objects whose records are somebody's, so that they can be
// opened to others. All the rest is reached by scope alone.
var owned = []bridge.Object{
	bridge.Account, bridge.Contact, bridge.ProspectObj, bridge.Opportunity, bridge.Activity, bridge.Appointment,
}

// widening is what is opened of a record: three bits an owned object, for
// reading, for changing and for deleting.
type widening uint32

const openBits = 3

// opens is the bit of an object's three that an action needs. Nothing is ever
// exported because it is shared.
var opens = [actionCount]widening{1, 2, 2, 2, 4, 0}

// open is what an access to one object opens.
func open(object bridge.Object, access Access) widening {
	at := slices.Index(owned, object)
	level := slices.Index(accesses(), access)
	if at < 0 || level < 0 {
		return 0
	}
	return (1<<level - 1) << (openBits * at)
}

// byRank is what a superior's rank opens: everything but deleting.
var byRank = func() (w widening) {
	for _, object := range owned {
		w |= open(object, AccessWrite)
	}
	return w
}()

// permits says whether the action, by its index, is opened on the owned object
// in that place; -1 is an object that is nobody's.
func (w widening) permits(action, place int) bool {
	return place >= 0 && w&(opens[action]<<(openBits*place)) != 0
}

// opening is what is opened of records whoever owns them.
type opening struct {
	wide widening
	at   map[bridge.Object]Pos // where it stands
}

// given is which of others' records a role, or a team's members, are given.
type given struct {
	roles []widening          // by the number of a role that the owner has; nil: nothing
	teams map[string]widening // by the team that the record belongs to
}

func (g *given) of(owner int) widening {
	if g == nil || g.roles == nil {
		return 0
	}
	return g.roles[owner]
}

func (g *given) ofTeam(team string) widening {
	if g == nil || g.teams == nil {
		return 0
	}
	return g.teams[team]
}

func (g *given) openRole(owner, roles int, w widening) {
	if g.roles == nil {
		g.roles = make([]widening, roles)
	}
	g.roles[owner] |= w
}

func (g *given) openTeam(team string, w widening) {
	if g.teams == nil {
		g.teams = make(map[string]widening)
	}
	g.teams[team] |= w
}

// asker is who wants something, as far as records can be opened to them.
type asker struct {
	role *role
	team string
}

// belonging is whose a record is: the roles its owner has, by number, and the
// team it belongs to.
type belonging struct {
	owners []int
	team   string
}

// shared is what rank and sharing rules open of the record. Somebody with
// several roles has the rank of each: what does not reach all of them does not
// reach their records.
func (p *Policy) shared(who asker, of belonging) widening {
	var team *given
	if who.team != "" {
		team = p.toTeams[who.team]
	}
	out := who.role.given.ofTeam(of.team) | team.ofTeam(of.team)
	if len(of.owners) == 0 {
		return out
	}
	all := ^widening(0)
	for _, owner := range of.owners {
		all &= who.role.given.of(owner) | team.of(owner)
	}
	return out | all
}

// widened is shared for a subject as the role and a record: every decision asks
// it, so it takes pointers.
func (p *Policy) widened(ro *role, s *Subject, r *Record) widening {
	if !p.shares {
		return 0
	}
	return p.shared(asker{ro, s.Team}, belonging{p.ranks[r.Owner], r.Team})
}

func (p *Policy) belongs(r Record) belonging { return belonging{p.ranks[r.Owner], r.Team} }

// general is what is opened of a record whoever owns it: the organisation's
// defaults, and what members of a team see of each other's.
func (p *Policy) general(set scopeSet) widening {
	if set&inTeam != 0 {
		return p.defaults.wide | p.teammates.wide
	}
	return p.defaults.wide
}

// extent is everything that decides which grants hold for a record.
type extent struct {
	set  scopeSet
	wide widening
}

// extent is that of a subject, as the role, on a record.
func (p *Policy) extent(ro *role, s Subject, r Record) extent {
	set := scopesOf(&s, &r)
	return extent{set, p.general(set) | p.widened(ro, &s, &r)}
}

// holds says whether a grant of the action, by its index, holds.
func (e extent) holds(t *targets, grant *rule, action int) bool {
	return e.set&grant.scope.bit() != 0 || e.wide.permits(action, t.place(grant.object))
}

// Staff says how each person comes in: their connections and profiles there. It
// is what tells the roles of a record's owner.
type Staff map[bridge.PersonID][]Path

// StaffOf is the staff that the people are, those who have left included: what
// they own still has superiors.
func StaffOf(people []bridge.Person) Staff {
	out := make(Staff, len(people))
	for _, person := range people {
		paths := make([]Path, 0, len(person.Phoning))
		for connection, login := range person.Phoning {
			paths = append(paths, Path{connection, login.Profile})
		}
		out[person.ID] = paths
	}
	delete(out, "") // nobody
	return out
}

// With is the policy for this staff: without one, nobody stands below anybody,
// and what is shared from a role is nobody's. The policy itself stays as it is.
func (p *Policy) With(staff Staff) *Policy {
	out := *p
	out.staff, out.ranks = staff, make(map[bridge.PersonID][]int, len(staff))
	for person := range staff {
		if roles := p.rolesOf(staff[person], Path{}, nil); len(roles) > 0 {
			out.ranks[person] = roles
		}
	}
	return &out
}

// Staff is what With was given.
func (p *Policy) Staff() Staff { return p.staff }

// rolesOf are the numbers of the roles that the paths lead to, as if one path
// led to a role.
func (p *Policy) rolesOf(paths []Path, as Path, then *role) []int {
	var out []int
	for _, path := range paths {
		ro := p.paths[path]
		if path == as && then != nil {
			ro = then
		}
		if ro != nil && !slices.Contains(out, ro.number) {
			out = append(out, ro.number)
		}
	}
	return out
}

// Reaches says whether rank or a sharing rule may let the subject do the action
// on some record of the object that none of their scopes holds: then an index by
// scope does not find all that they may see.
func (p *Policy) Reaches(s Subject, action Action, object bridge.Object) bool {
	ro, mapped := p.paths[Path{s.Connection, s.Profile}]
	a, bit := action.index(), p.targets.verb(object)
	if !mapped || a < 0 || bit < 0 || !ro.ever[a].has(bit) {
		return false
	}
	place := p.targets.place(object)
	return ro.given.anywhere(a, place) || p.toTeams[s.Team].anywhere(a, place)
}

func (g *given) anywhere(action, place int) bool {
	if g == nil {
		return false
	}
	for _, w := range g.roles {
		if w.permits(action, place) {
			return true
		}
	}
	for _, w := range g.teams {
		if w.permits(action, place) {
			return true
		}
	}
	return false
}
