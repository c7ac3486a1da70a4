package policy

import (
	"maps"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Bound says whose rights in a CRM the policy keeps within.
type Bound string

// The bounds.
const (
	BoundKey    Bound = "key"    // those of the connection's credentials
	BoundPerson Bound = "person" // and those of the person's own user there, where they have one
)

// Forbidden is what somebody may not do in a CRM. What a CRM does not tell is
// not forbidden.
type Forbidden struct {
	Objects map[bridge.Object]Forbids
	Fields  map[bridge.FieldName]Forbids
}

// Forbids is what of one object or field is forbidden.
type Forbids struct {
	Read, Create, Write bool
	Others              bool // everything, of records that they do not own
}

// Told is what a CRM has told of rights. A nil Forbidden was never told: it
// forbids everything.
type Told struct {
	Key    *Forbidden
	People map[bridge.PersonID]*Forbidden // of those who have a user there
}

// bounded are the objects whose records are the CRM's. Calls and appointments are
// the bridge's own: one that was made is taken whatever the CRM says.
var bounded = []bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Contact, bridge.Opportunity}

// ceiling is what a CRM withholds from somebody, of their own records and of
// others'.
type ceiling struct {
	own, others *rights
	never       bool // the rights were never read
}

// roof is the ceilings under a connection.
type roof struct {
	key    *ceiling
	people map[bridge.PersonID]*ceiling
}

type crmBound struct {
	by  Bound
	pos Pos
}

func (l *loader) crmRights(p *Policy, connections map[string]strict.Node) {
	for name, n := range connections {
		text, _ := n.Scalar()
		by := Bound(text)
		if by != BoundKey && by != BoundPerson {
			l.find(n, "", phrase{"whose rights in the CRM bind: write key, or person", "à quels droits du CRM s'en tenir : écrivez key (ceux de la clé), ou person (ceux de la personne)"})
			continue
		}
		if p.crms == nil {
			p.crms = map[bridge.ConnectionName]crmBound{}
		}
		p.crms[bridge.ConnectionName(name)] = crmBound{by, Pos(n.Pos())}
	}
	if len(p.crms) > 0 {
		p.bind(nil)
	}
}

// CRMRights are the connections whose CRM's own rights the policy keeps within.
func (p *Policy) CRMRights() map[bridge.ConnectionName]Bound {
	out := map[bridge.ConnectionName]Bound{}
	for name, b := range p.crms {
		out[name] = b.by
	}
	return out
}

// CRMRightsAt is where the policy names the connection.
func (p *Policy) CRMRightsAt(name bridge.ConnectionName) Pos { return p.crms[name].pos }

// Within is the policy within what the CRMs have told of their rights. Without
// that, what it names is withheld whole. The policy itself stays as it is.
func (p *Policy) Within(told map[bridge.ConnectionName]Told) *Policy {
	if len(p.crms) == 0 {
		return p
	}
	out := *p
	out.bind(told)
	return &out
}

// Told is what Within was given.
func (p *Policy) Told() map[bridge.ConnectionName]Told { return p.told }

// Like is the policy for the people of another, and within the same rights.
func (p *Policy) Like(other *Policy) *Policy { return p.With(other.staff).Within(other.told) }

func (p *Policy) bind(told map[bridge.ConnectionName]Told) {
	p.told, p.roofs = told, make(map[bridge.ConnectionName]*roof, len(p.crms))
	for name, b := range p.crms {
		r := &roof{key: p.ceilingOf(told[name].Key)}
		if b.by == BoundPerson {
			r.people = map[bridge.PersonID]*ceiling{}
			for person, forbidden := range told[name].People {
				r.people[person] = r.key.and(p.targets, p.ceilingOf(forbidden))
			}
		}
		p.roofs[name] = r
	}
}

// ceilingOf compiles what is forbidden.
func (p *Policy) ceilingOf(f *Forbidden) *ceiling {
	own, others := p.targets.noRights(), p.targets.noRights()
	out := &ceiling{own: &own, others: &others, never: f == nil}
	for _, object := range bounded {
		whole := Forbids{Read: out.never, Create: out.never, Write: out.never}
		if f != nil {
			whole = f.Objects[object]
		}
		out.withhold(p.targets.verb(object), whole)
		p.targets.fieldsOf(object, func(bit int, _ bridge.Class) {
			out.withhold(bit, whole)
			if f != nil {
				out.withhold(bit, f.Fields[p.targets.names[bit]])
			}
		})
	}
	return out
}

func (c *ceiling) withhold(bit int, f Forbids) {
	for action, no := range map[Action]bool{Read: f.Read, Export: f.Read, Create: f.Create, Write: f.Write, Propose: f.Write} {
		if no {
			c.own[action.index()].set(bit)
		}
		if no || f.Others {
			c.others[action.index()].set(bit)
		}
	}
}

// and is both ceilings, the second that of a person. What somebody may not write
// themselves they may propose: who validates it need not be them, and the key
// writes it.
func (c *ceiling) and(t *targets, person *ceiling) *ceiling {
	own, others := t.noRights(), t.noRights()
	for a := range own {
		own[a].add(c.own[a])
		others[a].add(c.others[a])
		if a != Propose.index() {
			own[a].add(person.own[a])
			others[a].add(person.others[a])
		}
	}
	return &ceiling{own: &own, others: &others, never: c.never || person.never}
}

// withheld is what the record's CRM withholds from the subject of an action, by
// its index; nil for nothing.
func (p *Policy) withheld(s *Subject, r *Record, a int) mask {
	if p.roofs == nil {
		return nil
	}
	c := p.above(s, r)
	switch {
	case c == nil:
		return nil
	case r.Owner != "" && r.Owner == s.Person:
		return c.own[a]
	}
	return c.others[a]
}

func (p *Policy) above(s *Subject, r *Record) *ceiling {
	under, named := p.roofs[r.CRM]
	if !named {
		return nil
	}
	if theirs, told := under.people[s.Person]; told {
		return theirs
	}
	return under.key
}

// Asks says whether a field may be asked of a CRM: its key may read it, as far as
// the policy keeps within that.
func (p *Policy) Asks(crm bridge.ConnectionName, name bridge.FieldName) bool {
	under, named := p.roofs[crm]
	bit := p.targets.field(name)
	return !named || bit >= 0 && !under.key.own[Read.index()].has(bit)
}

// Unread says whether the policy keeps within the rights of a CRM that has never
// told them: then nothing of it may be had.
func (p *Policy) Unread(crm bridge.ConnectionName) bool {
	under, named := p.roofs[crm]
	return named && under.key.never
}

// Withheld is a right that some role has by the policy, and that the key of a CRM
// has not.
type Withheld struct {
	Action Action `json:"action"`
	Target Target `json:"target"`
}

// Withholds lists what the key of a CRM keeps from roles that would have it.
func (p *Policy) Withholds(crm bridge.ConnectionName) []Withheld {
	under, named := p.roofs[crm]
	if !named {
		return nil
	}
	var out []Withheld
	for _, action := range []Action{Read, Create, Write, Propose} {
		a := action.index()
		granted := func(bit int) bool {
			return slices.ContainsFunc(p.roles, func(ro *role) bool { return ro.ever[a].has(bit) })
		}
		for bit, name := range p.targets.names {
			if under.key.own[a].has(bit) && granted(bit) {
				out = append(out, Withheld{action, OnField(name)})
			}
		}
	}
	return out
}

// Uses lists the fields of the CRM's objects that some role may do the action
// on.
func (p *Policy) Uses(action Action) []bridge.FieldName {
	all := p.targets.empty()
	for _, ro := range p.roles {
		all.add(ro.ever[action.index()])
	}
	return slices.DeleteFunc(FieldMask{targets: p.targets, bits: all}.Names(), func(n bridge.FieldName) bool {
		return !slices.Contains(bounded, n.Object())
	})
}

// BoundChange is a connection whose rights a new policy keeps within otherwise.
type BoundChange struct {
	Connection bridge.ConnectionName `json:"connection"`
	Old        Bound                 `json:"old,omitempty"` // "": not at all
	New        Bound                 `json:"new,omitempty"`
}

func boundChanges(old, new *Policy) []BoundChange {
	out := []BoundChange{}
	before, after := old.CRMRights(), new.CRMRights()
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before[name] != after[name] {
			out = append(out, BoundChange{name, before[name], after[name]})
		}
	}
	return out
}

// overhead is what of a CRM's rights stood in the way.
type overhead struct {
	connection    bridge.ConnectionName
	person, never bool
}

// overheadOf finds who in the CRM lacks the right; false if nobody does.
func (p *Policy) overheadOf(s *Subject, r *Record, a, bit int) (overhead, bool) {
	no := p.withheld(s, r, a)
	if no == nil || !no.has(bit) {
		return overhead{}, false
	}
	c, key := p.above(s, r), p.roofs[r.CRM].key
	ofKey := key.others[a]
	if r.Owner != "" && r.Owner == s.Person {
		ofKey = key.own[a]
	}
	return overhead{r.CRM, !ofKey.has(bit), c.never}, true
}
