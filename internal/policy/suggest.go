package policy

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Deed is a command of which no decision is kept, only that somebody in a role
// has carried it out: it hung on an action on an object, of whatever record.
type Deed struct {
	At         time.Time
	Who        string
	Role       bridge.Role
	Connection bridge.ConnectionName // that they came through
	Action     Action
	Object     bridge.Object
	Mark       string // names the record without telling it, where it was one
}

// Habits gather what people did with their rights under a policy.
type Habits struct {
	policy *Policy
	uses   map[use]*tally
	seen   int
	first  time.Time
}

// use is one way in which a right was used.
type use struct {
	role, action, bit int
	extent
	anywhere bool // nobody knows of which record
}

// tally is how often that was, and by whom.
type tally struct {
	times int
	last  time.Time
	who   map[string]bool
}

// HabitsUnder begins to gather what is done under a policy.
func HabitsUnder(p *Policy) *Habits { return &Habits{policy: p, uses: map[use]*tally{}} }

// Add takes in a past decision: by the rights that it hung on, and those by which
// its changes went on. What the policy would refuse anyway uses nothing of it.
func (h *Habits) Add(past Past) {
	h.met(past.At)
	needs, _ := past.needs()
	for _, n := range needs {
		if h.policy.meets(past.Subject, n) == "" {
			return
		}
	}
	if past.Meeting {
		needs = append(needs, past.proposal())
	}
	for _, n := range needs {
		if a := h.policy.meets(past.Subject, n); a != "" {
			h.used(past, a, h.policy.targets.verb(n.object), n.record)
		}
	}
	h.changed(past)
}

// changed takes in the changes that came with a command.
func (h *Habits) changed(past Past) {
	for _, name := range past.Asked {
		if a := h.policy.fate(past, name); a != "" {
			h.used(past, a, h.policy.targets.field(name), past.Record)
		}
	}
	for _, name := range past.Follows {
		if h.policy.follows(past, name) {
			h.used(past, Write, h.policy.targets.field(name), past.Record)
		}
	}
}

// Did takes in a command of which no decision is kept.
func (h *Habits) Did(d Deed) {
	ro := h.policy.role(d.Role)
	if ro == nil {
		return // the operator, or a role that is no more
	}
	h.met(d.At)
	bit := h.policy.targets.verb(d.Object)
	h.count(use{role: ro.number, action: d.Action.index(), bit: bit, anywhere: true}, d.At, d.Who)
}

func (h *Habits) met(at time.Time) {
	h.seen++
	if h.first.IsZero() || at.Before(h.first) {
		h.first = at
	}
}

func (h *Habits) used(past Past, action Action, bit int, r Record) {
	ro := h.policy.paths[Path{past.Subject.Connection, past.Subject.Profile}]
	key := use{role: ro.number, action: action.index(), bit: bit, extent: h.policy.extent(ro, past.Subject, r)}
	h.count(key, past.At, string(past.Subject.Person))
}

func (h *Habits) count(key use, at time.Time, who string) {
	t, ok := h.uses[key]
	if !ok {
		t = &tally{who: map[string]bool{}}
		h.uses[key] = t
	}
	t.times++
	t.who[who] = true
	if at.After(t.last) {
		t.last = at
	}
}

// holds says whether the part lets its role do what was done.
func (a *part) holds(t *targets, u use) bool {
	return a.role.number == u.role && a.action == u.action && a.bits.has(u.bit) &&
		(u.anywhere || u.extent.holds(t, a.grant, u.action))
}

// Suggestion is what could be taken out of a policy, and what that would have
// refused.
type Suggestion struct {
	Policy  string    `json:"policy"` // its hash
	Since   time.Time `json:"since"`  // what was done before is not looked at
	First   time.Time `json:"first,omitzero"`
	Until   time.Time `json:"until"`
	Active  time.Time `json:"active,omitzero"` // since when the policy decides
	Done    int       `json:"done"`            // what was done in that time
	Offers  []Offer   `json:"offers"`
	Sparing []Offer   `json:"sparing"`  // used, the least first
	Silent  int       `json:"unjudged"` // items whose use leaves no record
}

// Offer is an item of a grant, or a grant whole, that could go.
type Offer struct {
	Role    bridge.Role `json:"role"`
	Rule    string      `json:"rule"`
	Pos                 // of the item, or of the grant
	Path    string      `json:"path"`
	Whole   bool        `json:"whole,omitempty"` // the grant: nothing of it is left
	Items   []string    `json:"items"`
	Scope   Scope       `json:"scope"`
	Refused int         `json:"refused"` // past actions that would have been
	People  int         `json:"people"`  // whose
	Last    time.Time   `json:"last,omitzero"`
}

// Suggest finds what could go of the policy, which stands in the file: items of
// grants without which everything that was done would have been done all the
// same, all of them together. What was used it lists apart, the least first.
func (h *Habits) Suggest(file string) Suggestion {
	out := Suggestion{Policy: h.policy.hash, First: h.first, Done: h.seen, Offers: []Offer{}, Sparing: []Offer{}}
	root, err := strict.Parse(file, h.policy.text)
	if err != nil {
		return out // it was loaded: there is no such text
	}
	all := h.policy.parts(*root)
	gone := map[*part]bool{}
	for _, a := range slices.SortedStableFunc(slices.Values(all), func(a, b *part) int { return cmp.Compare(b.wide(), a.wide()) }) {
		if !a.judged() {
			out.Silent++
		} else if h.without(all, a, gone).times == 0 {
			gone[a] = true
		}
	}
	out.Offers = offersOf(all, gone)
	for _, a := range all {
		if a.judged() && !gone[a] {
			out.Sparing = append(out.Sparing, a.offer(h.without(all, a, gone)))
		}
	}
	slices.SortStableFunc(out.Sparing, func(a, b Offer) int { return cmp.Compare(a.Refused, b.Refused) })
	return out
}

// without is what would not have been done without the part, and those that are
// gone already.
func (h *Habits) without(all []*part, a *part, gone map[*part]bool) tally {
	out := tally{who: map[string]bool{}}
	for u, t := range h.uses {
		if !a.holds(h.policy.targets, u) {
			continue
		}
		other := func(b *part) bool { return b != a && !gone[b] && b.holds(h.policy.targets, u) }
		if slices.ContainsFunc(all, other) {
			continue
		}
		out.times += t.times
		maps.Copy(out.who, t.who)
		if t.last.After(out.last) {
			out.last = t.last
		}
	}
	return out
}

func (a *part) offer(t tally) Offer {
	return Offer{
		Role: a.role.name, Rule: a.grant.name, Pos: Pos(a.node.Pos()), Path: a.node.Path(), Items: []string{a.words()},
		Scope: a.grant.scope, Refused: t.times, People: len(t.who), Last: t.last,
	}
}

// offersOf are the parts that may go, a grant at a time where all of it may.
func offersOf(all []*part, gone map[*part]bool) []Offer {
	out := []Offer{}
	for i := 0; i < len(all); {
		grant := all[i].grant
		end := i
		for end < len(all) && all[end].grant == grant {
			end++
		}
		of := all[i:end]
		i = end
		if !slices.ContainsFunc(of, func(a *part) bool { return !gone[a] }) {
			out = append(out, wholeOffer(of))
			continue
		}
		for _, a := range of {
			if gone[a] {
				out = append(out, a.offer(tally{}))
			}
		}
	}
	return out
}

func wholeOffer(of []*part) Offer {
	out := of[0].offer(tally{})
	out.Whole, out.Items = true, nil
	out.Pos = of[0].pos
	for _, a := range of {
		out.Items = append(out.Items, a.words())
	}
	return out
}
