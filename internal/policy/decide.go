package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// Verdict is a decision and the rule that made it.
type Verdict struct {
	Allowed bool        `json:"allowed"`
	Role    bridge.Role `json:"role,omitempty"`
	Rule    string      `json:"rule,omitempty"` // name of the grant or deny; "" if no rule covers it
	Pos     Pos         `json:"pos,omitzero"`   // of the rule
	Reason  string      `json:"reason"`         // in English, for people; never a value
	Why     phrase      `json:"-"`              // the reason of a refusal in both languages
	// Opened is what let a grant hold beyond its scope; zero if it held by itself.
	Opened Opened `json:"opened,omitzero"`
}

// Where is the rule's name and place, for refusals and the ledger.
func (v Verdict) Where() string {
	if v.Rule == "" {
		return ""
	}
	return v.Rule + " (" + v.Pos.String() + ")"
}

// Admission is what becomes of a set of changed fields.
type Admission struct {
	Write   []bridge.FieldName // may be written
	Propose []bridge.FieldName // may be proposed to a supervisor
	Refused []bridge.Refusal
}

// Allows says whether the subject may do action on the object itself: the
// question every command asks. It is [Policy.Can] without words and allocates
// nothing.
func (p *Policy) Allows(s Subject, action Action, object bridge.Object, r Record) bool {
	return p.allows(&s, action, p.targets.verb(object), &r)
}

// AllowsField says whether the subject may do action on one field of the record:
// [Policy.Explain] without words. It allocates nothing.
func (p *Policy) AllowsField(s Subject, action Action, name bridge.FieldName, r Record) bool {
	return p.allows(&s, action, p.targets.field(name), &r)
}

// allows decides. Every question of the floor comes here, so it takes pointers.
func (p *Policy) allows(s *Subject, action Action, bit int, r *Record) bool {
	a := action.index()
	if a < 0 || bit < 0 {
		return false
	}
	role := p.comesAs(s)
	if role == nil {
		return false
	}
	if !role.rows[scopesOf(s, r)&^inAll][a].has(bit) &&
		(!p.shares || !role.ever[a].has(bit) || !p.widened(role, s, r).permits(a, int(p.targets.places[bit]))) {
		return false
	}
	if p.roofs == nil {
		return true
	}
	no := p.withheld(s, r, a)
	return no == nil || !no.has(bit)
}

// fields are the targets that the subject may do the action on.
func (p *Policy) fields(s *Subject, r *Record, a int) FieldMask {
	role := p.comesAs(s)
	if role == nil {
		return FieldMask{}
	}
	return FieldMask{p.targets, role.rows[scopesOf(s, r)&^inAll][a], role.ever[a], p.widened(role, s, r), a, p.withheld(s, r, a)}
}

// seat is one way in and the role it leads to.
type seat struct {
	connection bridge.ConnectionName
	role       *role
}

// seat lays down the ways in by their profile: one hash is cheaper than two.
func (p *Policy) seat() {
	p.seats = make(map[bridge.Profile][]seat, len(p.paths))
	for path, ro := range p.paths {
		p.seats[path.Profile] = append(p.seats[path.Profile], seat{path.Connection, ro})
	}
}

// comesAs is the role that the subject comes as, nil for none.
func (p *Policy) comesAs(s *Subject) *role {
	for _, seat := range p.seats[s.Profile] {
		if seat.connection == s.Connection {
			return seat.role
		}
	}
	return nil
}

// Can decides whether the subject may do action on the object itself.
func (p *Policy) Can(s Subject, action Action, object bridge.Object, r Record) Verdict {
	return p.verdict(s, action, OnObject(object), r)
}

// ReadMask is the set of fields the subject may read of the record. It
// allocates nothing.
func (p *Policy) ReadMask(s Subject, r Record) FieldMask {
	return p.fields(&s, &r, Read.index())
}

// Project is the part of the fields that the subject may read of the record:
// never more, and nothing that the catalog does not define.
func (p *Policy) Project(s Subject, r Record, fields map[bridge.FieldName]bridge.Value) map[bridge.FieldName]bridge.Value {
	readable := p.ReadMask(s, r)
	if readable.targets == nil {
		return map[bridge.FieldName]bridge.Value{}
	}
	out := make(map[bridge.FieldName]bridge.Value, min(len(fields), readable.most()))
	for name, value := range fields {
		if readable.Has(name) {
			out[name] = value
		}
	}
	return out
}

// ChangeMask is the set of fields that the subject may write or propose of the
// record: those that [Policy.Admit] would not refuse.
func (p *Policy) ChangeMask(s Subject, r Record) FieldMask {
	write, propose := p.fields(&s, &r, Write.index()), p.fields(&s, &r, Propose.index())
	if write.targets == nil {
		return FieldMask{}
	}
	all := p.targets.empty()
	for bit := range p.targets.names {
		if write.has(bit) || propose.has(bit) {
			all.set(bit)
		}
	}
	return FieldMask{targets: p.targets, bits: all}
}

// Admit decides what becomes of changed fields of a record, each on its own:
// written with the right to write, else proposed with the right to propose,
// else refused with the reason, the rule and the smallest change of policy that
// would let it through. The order is kept, a name given twice counts once.
func (p *Policy) Admit(s Subject, r Record, changed []bridge.FieldName) Admission {
	var out Admission
	for i, name := range changed {
		bit := p.targets.field(name)
		switch {
		case slices.Contains(changed[:i], name):
		case p.allows(&s, Write, bit, &r):
			out.Write = append(out.Write, name)
		case p.allows(&s, Propose, bit, &r):
			out.Propose = append(out.Propose, name)
		default:
			out.Refused = append(out.Refused, p.refusal(s, r, name))
		}
	}
	return out
}
