package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Check names what lint looks for.
type Check string

// The checks of a policy.
const (
	TooManyRoles   Check = "too_many_roles"  // more than people can keep apart
	UnusedRole     Check = "unused_role"     // nobody has it
	OnePerson      Check = "one_person"      // a role or profile made for one person
	CallerExports  Check = "caller_exports"  // who makes calls may take data out
	CallerDeletes  Check = "caller_deletes"  // who makes calls may delete
	SelfValidation Check = "self_validation" // a role validates what it proposes
	EmptyGrant     Check = "empty_grant"     // no field is of the classes it names
	DeniedGrant    Check = "denied_grant"    // denies take away all that a grant gives
	CoveredGrant   Check = "covered_grant"   // other grants give all that it gives
	Unchangeable   Check = "unchangeable"    // no two people could change the policy

	// What hangs on a field that is never asked of the CRM, since nobody may read
	// it.
	UnseenOwner      Check = "unseen_owner"      // whose a prospect is
	UnseenOpposition Check = "unseen_opposition" // that one is not to be called
)

// MostRoles is how many roles people can still explain to each other.
const MostRoles = 8

// Advice is what lint finds: nothing wrong, but more than the policy's people
// need, or less than its author thinks.
type Advice struct {
	Check Check `json:"check"`
	Pos
	Path string `json:"path,omitempty"`
	Text string `json:"text"`
	Fix  string `json:"fix"` // what to write instead
}

func (a Advice) String() string {
	at := strict.Finding{File: a.File, Line: a.Line, Col: a.Col, Path: a.Path, Text: a.Text + ". " + capital(a.Fix) + "."}
	return at.String()
}

// Users are those whom a policy is for.
type Users struct {
	People []bridge.Person
	Feeds  []Path // the profiles under which platforms' lists are worked
}

// Lint finds what of the policy goes beyond least privilege or does nothing:
// in the order of the text, which stands in the file, in French if lang is
// "fr", else in English. Without users it asks only what the text can answer.
func (p *Policy) Lint(file, lang string, users *Users) []Advice {
	root, err := strict.Parse(file, p.text)
	if err != nil {
		return nil // it was loaded: there is no such text
	}
	l := &linter{policy: p, lang: lang, roles: root.Child("roles"), profiles: root.Child("profiles"), sharing: root.Child("sharing").Items()}
	l.count()
	for _, ro := range p.roles {
		l.used(ro, users)
		l.caller(ro)
		l.validator(ro)
		l.idle(ro)
		l.bare(ro)
	}
	if users != nil {
		l.personal(users.People)
	}
	l.asked()
	l.changeable(users)
	slices.SortStableFunc(l.found, func(a, b Advice) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return l.found
}

type linter struct {
	policy          *Policy
	lang            string
	roles, profiles strict.Node
	sharing         []strict.Node
	found           []Advice
}

// advice is how a check puts what it finds, and what to do about it.
type advice struct{ text, fix phrase }

func (l *linter) add(check Check, at strict.Node, words ...string) {
	said := advices[check]
	l.found = append(l.found, Advice{
		Check: check, Pos: Pos(at.Pos()), Path: at.Path(),
		Text: said.text.Fill(l.lang, words...), Fix: said.fix.Fill(l.lang, words...),
	})
}

func (l *linter) role(ro *role) strict.Node { return l.roles.Child(string(ro.name)) }

// rule is where a rule of the role stands.
func (l *linter) rule(ro *role, r *rule) strict.Node {
	node := l.role(ro)
	for _, key := range []string{"grants", "deny"} {
		for _, n := range node.Child(key).Items() {
			if Pos(n.Pos()) == r.pos {
				return n
			}
		}
	}
	return node
}

// count finds too many roles, and the two that differ least.
func (l *linter) count() {
	roles := l.policy.roles
	if len(roles) <= MostRoles {
		return
	}
	least, pair := -1, [2]*role{}
	for i, a := range roles {
		for _, b := range roles[i+1:] {
			if d := a.distance(l.policy.targets, b); least < 0 || d < least {
				least, pair = d, [2]*role{a, b}
			}
		}
	}
	l.add(TooManyRoles, l.roles, "{count}", fmt.Sprint(len(roles)), "{most}", fmt.Sprint(MostRoles),
		"{role}", string(pair[0].name), "{other}", string(pair[1].name), "{rights}", fmt.Sprint(least))
}

// distance is the number of rights, of records in one scope at a time, that one
// of the roles has and the other has not.
func (ro *role) distance(t *targets, other *role) int {
	n := 0
	for _, s := range Scopes() {
		a, b := ro.in(t, s), other.in(t, s)
		for i := range a {
			both := slices.Clone(a[i])
			for w := range both {
				both[w] ^= b[i][w]
			}
			n += both.count()
		}
	}
	return n
}

// used finds a role that no profile stands for, or that nobody's profile does.
func (l *linter) used(ro *role, users *Users) {
	for path, of := range l.policy.paths {
		if of == ro && (users == nil || users.come(path)) {
			return
		}
	}
	l.add(UnusedRole, l.role(ro), "{role}", string(ro.name))
}

// come says whether somebody active comes, or a list is worked, this way.
func (u *Users) come(path Path) bool {
	return slices.Contains(u.Feeds, path) || slices.ContainsFunc(u.People, func(p bridge.Person) bool {
		login, there := p.Phoning[path.Connection]
		return there && p.Active && login.Profile == path.Profile
	})
}

// can says whether the role has the verb on the object for some record.
func (ro *role) can(t *targets, action Action, object bridge.Object) bool {
	return ro.ever[action.index()].has(t.verb(object))
}

// calls says whether the role is that of people who make calls: it records
// them, and what came of them, and runs no campaign.
func (ro *role) calls(t *targets) bool {
	outcome := ro.can(t, Propose, bridge.Appointment) || ro.ever[Write.index()].has(t.field(bridge.FieldStatus))
	return outcome && ro.can(t, Create, bridge.Activity) && !ro.can(t, Write, bridge.CampaignObj)
}

// caller finds grants that let callers take data out or delete it.
func (l *linter) caller(ro *role) {
	t := l.policy.targets
	if !ro.calls(t) {
		return
	}
	for _, r := range ro.rules {
		words := []string{"{role}", string(ro.name), "{name}", r.name, "{object}", string(r.object)}
		if ro.gives(r, Export) {
			l.add(CallerExports, l.rule(ro, r), words...)
		}
		if ro.gives(r, Delete) {
			l.add(CallerDeletes, l.rule(ro, r), words...)
		}
	}
}

// gives says whether a grant of the role lets it do the action on anything,
// denies considered.
func (ro *role) gives(r *rule, action Action) bool {
	return !r.deny && ro.left(r)[action.index()].count() > 0
}

// left is what denies leave of a grant.
func (ro *role) left(grant *rule) rights {
	var out rights
	for a, covers := range grant.covers {
		out[a] = slices.Clone(covers)
		for _, r := range ro.rules {
			if r.deny {
				out[a].remove(r.covers[a])
			}
		}
	}
	return out
}

// validator finds a role that validates what it proposes, appointments or
// fields: both are decided with the right to write appointments.
func (l *linter) validator(ro *role) {
	t := l.policy.targets
	proposed := ro.proposes(t)
	if len(proposed) == 0 || !ro.can(t, Write, bridge.Appointment) {
		return
	}
	verb := t.verb(bridge.Appointment)
	for _, r := range ro.rules {
		if !r.deny && r.covers[Write.index()].has(verb) {
			l.add(SelfValidation, l.rule(ro, r), "{role}", string(ro.name), "{name}", r.name, "{proposed}", list(proposed))
		}
	}
}

// proposes lists what the role may propose and not simply write: appointment,
// and fields.
func (ro *role) proposes(t *targets) []string {
	var out []string
	if ro.can(t, Propose, bridge.Appointment) {
		out = append(out, string(bridge.Appointment))
	}
	for bit, name := range t.names {
		if name.Object() != bridge.Appointment && ro.ever[Propose.index()].has(bit) && !ro.ever[Write.index()].has(bit) {
			out = append(out, string(name))
		}
	}
	return out
}

// idle finds grants without which the role could do just as much. Of two that
// are alike the first one stays.
func (l *linter) idle(ro *role) {
	gone := map[*rule]bool{}
	for _, r := range slices.Backward(ro.rules) {
		if r.deny {
			continue
		}
		check, because := l.policy.superfluous(ro, r, gone)
		if check == "" {
			continue
		}
		gone[r] = true
		l.add(check, l.rule(ro, r), "{role}", string(ro.name), "{name}", r.name, "{object}", string(r.object), "{rules}", list(because))
	}
}

// superfluous says why the role loses nothing without the grant, if those that
// are gone are not there either, and the rules that make it so; "" if it does.
func (p *Policy) superfluous(ro *role, grant *rule, gone map[*rule]bool) (Check, []string) {
	if grant.covers.count() == 0 {
		return EmptyGrant, nil
	}
	left, denies := ro.left(grant), []string{}
	for _, r := range ro.rules {
		if r.deny && r.covers.meet(grant.covers) {
			denies = append(denies, r.name)
		}
	}
	if left.count() == 0 {
		return DeniedGrant, denies
	}
	var others []string
	where := extent{grant.scope.bit() | inAll, p.general(grant.scope.bit())}
	for _, r := range ro.rules {
		if r == grant || r.deny || gone[r] {
			continue
		}
		common := r.covers.only(func(a int) bool { return where.holds(p.targets, r, a) })
		if common.meet(left) {
			others = append(others, r.name)
			left.without(common)
		}
	}
	if left.count() == 0 {
		return CoveredGrant, others
	}
	return "", nil
}

// only is the rights to those actions, by their index, that hold.
func (r *rights) only(holds func(action int) bool) rights {
	var out rights
	for a, covers := range r {
		out[a] = make(mask, len(covers))
		if holds(a) {
			out[a].add(covers)
		}
	}
	return out
}

// meet says whether both cover some action on something.
func (r *rights) meet(other rights) bool {
	for a := range r {
		for i, w := range r[a] {
			if w&other[a][i] != 0 {
				return true
			}
		}
	}
	return false
}

func (r *rights) without(other rights) {
	for a := range r {
		r[a].remove(other[a])
	}
}

// personal finds roles and profiles that are called after a person: rights of
// their own, whatever their work.
func (l *linter) personal(people []bridge.Person) {
	named := func(name string) (bridge.PersonID, bool) {
		for _, p := range people {
			if strings.EqualFold(name, string(p.ID)) {
				return p.ID, true
			}
			for _, login := range p.Phoning {
				if strings.EqualFold(name, login.Name) {
					return p.ID, true
				}
			}
		}
		return "", false
	}
	for _, ro := range l.policy.roles {
		if person, ok := named(string(ro.name)); ok {
			l.add(OnePerson, l.role(ro), "{name}", string(ro.name), "{person}", string(person))
		}
	}
	for _, path := range l.policy.Paths() {
		if person, ok := named(string(path.Profile)); ok {
			at := l.profiles.Child(string(path.Connection)).Child(string(path.Profile))
			l.add(OnePerson, at, "{name}", string(path.Profile), "{person}", string(person))
		}
	}
}

// changeable finds a policy that could never be replaced by the rules.
func (l *linter) changeable(users *Users) {
	if users != nil && l.policy.Changeable(users.People) || users == nil && l.policy.names(Propose, anyWindow) && l.policy.names(Write, anyWindow) {
		return
	}
	l.add(Unchangeable, l.roles, "{grant}", "{on: policy, scope: all, actions: [read, propose, write]}")
}
