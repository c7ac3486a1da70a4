package policy

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
)

// EffectKind is what a new policy does to what used to happen.
type EffectKind string

// The kinds of effects, the riskiest first.
const (
	Shown    EffectKind = "shown"    // a card or a list holds a field that it did not
	Derived  EffectKind = "derived"  // a card holds a context field that is derived otherwise
	Allowed  EffectKind = "allowed"  // a command is carried out that was refused
	Written  EffectKind = "written"  // a change goes to the CRM that was proposed or refused
	Refused  EffectKind = "refused"  // a command is refused that was carried out
	Lost     EffectKind = "lost"     // a change is refused that was written or proposed
	Proposed EffectKind = "proposed" // a change waits for a supervisor that was written or refused
	Hidden   EffectKind = "hidden"   // a card or a list lacks a field that it held
)

// EffectKinds lists them all.
func EffectKinds() []EffectKind {
	return []EffectKind{Shown, Derived, Allowed, Written, Refused, Lost, Proposed, Hidden}
}

// Effect is what would have been otherwise, of all decisions that differ in the
// same way.
type Effect struct {
	Kind      EffectKind  `json:"kind"`
	Role      bridge.Role `json:"role"` // under the policy in force; "" is none
	Action    Action      `json:"action"`
	Targets   []string    `json:"targets"` // fields or objects
	Decisions int         `json:"decisions"`
	People    int         `json:"people"`
	Examples  []Example   `json:"examples"` // some, the latest first

	who map[bridge.PersonID]bool
}

// Example is one decision that would have been otherwise.
type Example struct {
	At     time.Time       `json:"at"`
	Person bridge.PersonID `json:"person,omitempty"`
	Record string          `json:"record,omitempty"` // its pseudonym, or
	Lead   bridge.LeadID   `json:"lead,omitempty"`
}

const maxExamples = 3

// Simulation decides again what was decided, under the policy in force and
// under a new one, and gathers where they differ.
type Simulation struct {
	old, new *Policy
	found    map[effectKey]*Effect
	decided  int
	apart    int
}

type effectKey struct {
	kind   EffectKind
	role   bridge.Role
	action Action
	target Target
}

// Simulate begins a simulation. Both policies must have been loaded against the
// same catalogue.
func Simulate(old, new *Policy) *Simulation {
	return &Simulation{old: old, new: new, found: map[effectKey]*Effect{}}
}

// Add decides one past decision again.
func (s *Simulation) Add(past Past) {
	needs, known := past.needs()
	if !known {
		s.apart++
		return
	}
	s.decided++
	for _, n := range needs {
		if s.old.meets(past.Subject, n) == "" {
			return // it is refused as things are
		}
	}
	for _, n := range needs {
		if s.new.meets(past.Subject, n) == "" {
			s.note(past, past.kinds(Refused, Hidden), n.actions[0], OnObject(n.object))
			return
		}
	}
	if past.Kind == "next" || past.Kind == "view" {
		s.cards(past)
		return
	}
	s.changes(past)
}

// kinds is the kind of an effect on the command itself: looking at a record is
// none.
func (p Past) kinds(command, look EffectKind) EffectKind {
	if p.Kind == "view" || p.Kind == "list" {
		return look
	}
	return command
}

// Refuse decides again what was just refused under the policy in force. Who was
// refused a lead, nobody knows which, may be handed their own or one of the pool.
func (s *Simulation) Refuse(past Past) {
	if _, known := past.needs(); !known {
		s.apart++
		return
	}
	s.decided++
	pool := past
	pool.Record.Assignee = ""
	if !s.allow(past) && past.Kind == "next" {
		s.allow(pool)
	}
}

// allow says whether what was refused would not have been.
func (s *Simulation) allow(past Past) bool {
	needs, _ := past.needs()
	lacking := needs[0]
	for _, n := range slices.Backward(needs) {
		if s.new.meets(past.Subject, n) == "" {
			return false
		}
		if s.old.meets(past.Subject, n) == "" {
			lacking = n
		}
	}
	s.note(past, past.kinds(Allowed, Shown), lacking.actions[0], OnObject(lacking.object))
	return true
}

// Between goes on between other copies of the two policies, for the people there
// are now.
func (s *Simulation) Between(old, new *Policy) { s.old, s.new = old, new }

// cards compares what the person would see of the record.
func (s *Simulation) cards(past Past) {
	old, new := s.old.ReadMask(past.Subject, past.Record), s.new.ReadMask(past.Subject, past.Record)
	for bit, name := range s.new.targets.names {
		before, after := old.has(bit), new.has(bit)
		if before == after || !past.maps(name) {
			continue
		}
		kind := Hidden
		if after {
			kind = Shown
		}
		s.note(past, kind, Read, OnField(name))
	}
	s.contexts(past)
}

// contexts compares what the card would say of fields that it does not hold.
func (s *Simulation) contexts(past Past) {
	for name := range s.contextNames() {
		before, after := s.old.says(past, name), s.new.says(past, name)
		field := OnField(bridge.FieldName(string(contextObject) + "." + name))
		switch {
		case after && !before:
			s.note(past, Shown, Read, field)
		case before && !after:
			s.note(past, Hidden, Read, field)
		case before && !s.old.contextField(name).equal(s.new.contextField(name)):
			s.note(past, Derived, Read, field)
		}
	}
}

// contextNames are the context fields of either policy.
func (s *Simulation) contextNames() map[string]bool {
	out := map[string]bool{}
	for _, name := range slices.Concat(s.old.contextNames(), s.new.contextNames()) {
		out[name] = true
	}
	return out
}

// changes compares what becomes of the changes that came with a command.
func (s *Simulation) changes(past Past) {
	for _, name := range past.Asked {
		s.change(past, OnField(name), s.old.fate(past, name), s.new.fate(past, name))
	}
	for _, name := range past.Follows {
		if slices.Contains(past.Asked, name) {
			continue
		}
		fates := map[bool]Action{true: Write}
		s.change(past, OnField(name), fates[s.old.follows(past, name)], fates[s.new.follows(past, name)])
	}
	if past.Meeting {
		fate := func(p *Policy) Action {
			if p.meets(past.Subject, past.proposal()) == "" {
				return ""
			}
			return Propose
		}
		s.change(past, OnObject(bridge.Appointment), fate(s.old), fate(s.new))
	}
}

// change compares what becomes of one change.
func (s *Simulation) change(past Past, t Target, before, after Action) {
	switch {
	case before == after:
	case after == Write:
		s.note(past, Written, Write, t)
	case after == Propose:
		s.note(past, Proposed, Propose, t)
	default:
		s.note(past, Lost, before, t)
	}
}

func (s *Simulation) note(past Past, kind EffectKind, action Action, t Target) {
	role, _ := s.old.RoleOf(past.Subject.Connection, past.Subject.Profile)
	s.tally(effectKey{kind, role, action, t}, Example{past.At, past.Subject.Person, past.Mark, past.Lead})
}

// tally counts one decision that would have been otherwise.
func (s *Simulation) tally(key effectKey, x Example) {
	e, ok := s.found[key]
	if !ok {
		e = &Effect{Kind: key.kind, Role: key.role, Action: key.action, Targets: []string{key.target.String()}, who: map[bridge.PersonID]bool{}}
		s.found[key] = e
	}
	e.Decisions++
	if x.Person != "" {
		e.who[x.Person] = true
	}
	e.Examples = append(e.Examples, x)
	if len(e.Examples) > 2*maxExamples {
		e.Examples = latest(e.Examples)
	}
}

func latest(all []Example) []Example {
	slices.SortFunc(all, func(a, b Example) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Lead, b.Lead))
	})
	return all[:min(len(all), maxExamples)]
}

// Forecast is what would have been otherwise.
type Forecast struct {
	Decisions int      `json:"decisions"` // that were decided again
	Apart     int      `json:"apart"`     // that hang on more than their records keep
	Effects   []Effect `json:"effects"`   // the riskiest first
}

// Forecast is what the simulation has found so far.
func (s *Simulation) Forecast() Forecast {
	out := Forecast{Decisions: s.decided, Apart: s.apart, Effects: []Effect{}}
	all := make([]Effect, 0, len(s.found))
	for _, e := range s.found {
		told := *e
		told.People, told.Examples = len(e.who), latest(slices.Clone(e.Examples))
		all = append(all, told)
	}
	slices.SortFunc(all, func(a, b Effect) int { return cmp.Compare(a.Targets[0], b.Targets[0]) })
	for _, e := range all {
		at := slices.IndexFunc(out.Effects, e.alike)
		if at < 0 {
			out.Effects = append(out.Effects, e)
		} else {
			out.Effects[at].Targets = append(out.Effects[at].Targets, e.Targets...)
		}
	}
	slices.SortStableFunc(out.Effects, func(a, b Effect) int {
		return cmp.Or(
			cmp.Compare(slices.Index(EffectKinds(), a.Kind), slices.Index(EffectKinds(), b.Kind)),
			-cmp.Compare(a.Decisions, b.Decisions), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Action, b.Action),
		)
	})
	return out
}

// alike says whether both are told as one: the same happens to the same people
// as often.
func (e Effect) alike(other Effect) bool {
	return e.Kind == other.Kind && e.Role == other.Role && e.Action == other.Action && e.Decisions == other.Decisions &&
		maps.Equal(e.who, other.who) && slices.Equal(e.Examples, other.Examples)
}
