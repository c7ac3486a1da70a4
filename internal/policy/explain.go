package policy

import "passerelle/internal/bridge"

// Target is what a right is about: a field, or with an empty Field the object
// itself.
type Target struct {
	Object bridge.Object    `json:"object"`
	Field  bridge.FieldName `json:"field,omitempty"`
}

// OnField is a field as a target.
func OnField(name bridge.FieldName) Target { return Target{name.Object(), name} }

// OnObject is an object itself as a target.
func OnObject(object bridge.Object) Target { return Target{Object: object} }

func (t Target) String() string {
	if t.Field != "" {
		return string(t.Field)
	}
	return string(t.Object)
}

// bit is the target's bit, -1 if there is no such field or object.
func (t *targets) bit(target Target) int {
	if target.Field != "" {
		return t.field(target.Field)
	}
	return t.verb(target.Object)
}

// Explanation is a decision with everything that led to it. It never holds a
// value.
type Explanation struct {
	Verdict
	Subject    Subject            `json:"subject"`
	Action     Action             `json:"action"`
	Target     Target             `json:"target"`
	Cause      Cause              `json:"cause"`
	Proposable bool               `json:"proposable,omitempty"` // a refused write that may be proposed
	Shut       *Shut              `json:"shut,omitempty"`       // of ExplainAt: they are not let in, whatever their rights
	Supposed   bool               `json:"supposed,omitempty"`   // nobody named a record, and this one is theirs in every way
	From       []bridge.FieldName `json:"from,omitempty"`       // what a context field is derived from
	Considered []Considered       `json:"considered,omitempty"` // by precedence: denies, then grants
	Remedy     Remedy             `json:"remedy,omitempty"`     // the smallest change that would flip it; empty if no policy could

	judged judgement
}

// Considered is a rule that covers the action on the target.
type Considered struct {
	Rule    string `json:"rule"`
	Pos     Pos    `json:"pos"`
	Deny    bool   `json:"deny,omitempty"`
	Scope   Scope  `json:"scope"`
	Holds   bool   `json:"holds"`             // the record is in its scope
	Opened  bool   `json:"opened,omitempty"`  // the record is opened to it beyond its scope
	Decided bool   `json:"decided,omitempty"` // it made the decision
}

// Explain says whether the subject may do action on the target, why, and what
// would change it. It always agrees with Can, Project and Admit.
func (p *Policy) Explain(s Subject, action Action, t Target, r Record) Explanation {
	if t.Field.Object() == contextObject {
		return p.explainContext(s, action, t)
	}
	j := p.judge(s, action, t, r)
	out := Explanation{
		Verdict: p.verdict(s, action, t, r), Subject: s, Action: action, Target: t,
		Cause: j.cause, Remedy: p.remedy(s, action, t, r), judged: j,
	}
	if j.role == nil {
		return out
	}
	e, a, bit := p.extent(j.role, s, r), action.index(), p.targets.bit(t)
	out.Proposable = action == Write && !out.Allowed && p.allows(&s, Propose, bit, &r)
	for _, rule := range j.role.rules {
		if !rule.covers[a].has(bit) {
			continue
		}
		out.Considered = append(out.Considered, Considered{
			Rule: rule.name, Pos: rule.pos, Deny: rule.deny, Scope: rule.scope,
			Holds: e.set&rule.scope.bit() != 0, Decided: rule == j.rule && j.cause != CauseScope,
			Opened: !rule.deny && e.wide.permits(a, int(p.targets.places[bit])),
		})
	}
	return out
}
