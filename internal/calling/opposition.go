package calling

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
)

// Scope says what an opposition is about.
type Scope string

// The scopes. Each person and each number has [Oppositions] of its own.
const (
	ScopePerson Scope = "person"
	ScopeNumber Scope = "number"
)

// Opposition is one refusal to be called.
type Opposition struct {
	ID     string          `json:"id"` // of the event or command; repeats have the same. "" is named by its content
	Scope  Scope           `json:"scope"`
	At     time.Time       `json:"at"`           // when it was said
	By     bridge.PersonID `json:"by,omitempty"` // who took it down; "" is a system
	Motive string          `json:"motive,omitempty"`
	Lift   *Lift           `json:"lift,omitempty"` // nil: it stands
}

// Stands says that nobody lifted it.
func (o Opposition) Stands() bool { return o.Lift == nil || !o.Lift.valid() }

// settled is o with an id, and without a lift that is none.
func (o Opposition) settled() Opposition {
	if o.Stands() {
		o.Lift = nil
	}
	if o.ID == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q", o.Scope, o.At.UnixNano(), o.By, o.Motive))
		o.ID = hex.EncodeToString(sum[:16])
	}
	return o
}

// Lift ends oppositions. It has a person and a motive, always.
type Lift struct {
	At     time.Time       `json:"at"`
	By     bridge.PersonID `json:"by"`
	Motive string          `json:"motive"`
}

// ErrLift is a lift without a person or a motive.
var ErrLift = bilingual.Text{"an opposition is lifted only by a named person with a motive", "une opposition n'est levée que par une personne nommée, avec un motif"}.Err()

func (l Lift) valid() bool { return l.By != "" && strings.TrimSpace(l.Motive) != "" }

// Oppositions is everything said about one person or one number, lifted or not.
// The zero value is nobody objected. A value is never changed in place.
//
// It grows by [Oppositions.Oppose] and [Merge] in any order and any number of
// times to the same result. A lift ends what it saw; a repeat of that stays
// lifted, anything else opposes again, also if it was said earlier and only
// arrives now.
type Oppositions []Opposition

// Opposed says that one of them stands.
func (o Oppositions) Opposed() bool { return slices.ContainsFunc(o, Opposition.Stands) }

// Oppose adds one. Its Lift is ignored: a report cannot lift what it reports.
func (o Oppositions) Oppose(one Opposition) Oppositions {
	one.Lift = nil
	return Merge(o, Oppositions{one})
}

// Lift ends all that stand.
func (o Oppositions) Lift(l Lift) (Oppositions, error) {
	if !l.valid() {
		return o, ErrLift
	}
	out := slices.Clone(o)
	for i := range out {
		if out[i].Stands() {
			out[i].Lift = &l
		}
	}
	return out, nil
}

// Merge is all that both know. It is commutative, associative and idempotent. A
// lift that names no person or no motive is none.
func Merge(a, b Oppositions) Oppositions {
	byID := make(map[string]Opposition, len(a)+len(b))
	for _, one := range slices.Concat(a, b) {
		one = one.settled()
		if known, ok := byID[one.ID]; ok {
			one = join(known, one)
		}
		byID[one.ID] = one
	}
	out := make(Oppositions, 0, len(byID))
	for _, one := range byID {
		out = append(out, one)
	}
	slices.SortFunc(out, func(x, y Opposition) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// join makes one of two reports of the same opposition: the earlier one, with
// the earlier lift if any.
func join(a, b Opposition) Opposition {
	lift := earlierLift(a.Lift, b.Lift)
	if compareReports(b, a) < 0 {
		a = b
	}
	a.Lift = lift
	return a
}

func compareReports(a, b Opposition) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	return slices.Compare([]string{string(a.Scope), string(a.By), a.Motive}, []string{string(b.Scope), string(b.By), b.Motive})
}

func earlierLift(a, b *Lift) *Lift {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	c := b.At.Compare(a.At)
	if c == 0 {
		c = slices.Compare([]string{string(b.By), b.Motive}, []string{string(a.By), a.Motive})
	}
	if c < 0 {
		return b
	}
	return a
}

// Scopes says what a disposition opposes: nothing, the number (it is somebody
// else's or nobody's), or the person and the number they were called on.
func Scopes(d bridge.Disposition) []Scope {
	info, _ := d.Info()
	switch {
	case info.Class == bridge.ClassSuppress:
		return []Scope{ScopePerson, ScopeNumber}
	case info.SuppressNumber:
		return []Scope{ScopeNumber}
	}
	return nil
}
