package calling

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

var said = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// anyOpposition draws from few ids, so that repeats and disagreeing reports of
// the same event are common.
func anyOpposition() *rapid.Generator[Opposition] {
	return rapid.Custom(func(t *rapid.T) Opposition {
		return Opposition{
			ID:     rapid.SampledFrom([]string{"", "a", "b", "c", "d"}).Draw(t, "id"),
			Scope:  rapid.SampledFrom([]Scope{ScopePerson, ScopeNumber}).Draw(t, "scope"),
			At:     said.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * time.Hour),
			By:     rapid.SampledFrom([]bridge.PersonID{"", "alice", "bob"}).Draw(t, "by"),
			Motive: rapid.SampledFrom([]string{"", "said so", "wrote"}).Draw(t, "motive"),
		}
	})
}

func anyLift() *rapid.Generator[*Lift] {
	return rapid.Custom(func(t *rapid.T) *Lift {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		return &Lift{
			At:     said.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * time.Hour),
			By:     rapid.SampledFrom([]bridge.PersonID{"", "carol", "dave"}).Draw(t, "by"),
			Motive: rapid.SampledFrom([]string{"", " ", "asked for a call"}).Draw(t, "motive"),
		}
	})
}

func anyOppositions() *rapid.Generator[Oppositions] {
	return rapid.Custom(func(t *rapid.T) Oppositions {
		var out Oppositions
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			one := anyOpposition().Draw(t, "one")
			one.Lift = anyLift().Draw(t, "lift")
			out = append(out, one)
		}
		return out
	})
}

// No permutation, repetition or delay of events makes an opposed number
// callable; and what was lifted comes back only by something new.
func TestOpposedUntilLifted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyOpposition(), 1, 8).Draw(t, "events")
		events = append(events, rapid.SliceOf(rapid.SampledFrom(events)).Draw(t, "repeats")...)
		events = rapid.Permutation(events).Draw(t, "order")

		var state Oppositions
		seen, lifted := map[string]bool{}, map[string]bool{}
		standing := func() bool { return len(seen) > len(lifted) }
		for i, event := range events {
			state = state.Oppose(event)
			seen[event.settled().ID] = true
			if state.Opposed() != standing() {
				t.Fatalf("after event %d: opposed is %v, want %v: %+v", i, state.Opposed(), standing(), state)
			}
			lift := anyLift().Draw(t, "lift")
			if lift == nil {
				continue
			}
			next, err := state.Lift(*lift)
			if good := lift.By != "" && lift.Motive == "asked for a call"; good != (err == nil) {
				t.Fatalf("lift %+v: %v", lift, err)
			}
			if err == nil {
				for id := range seen {
					lifted[id] = true
				}
			}
			if next.Opposed() != standing() {
				t.Fatalf("after the lift %+v: opposed is %v, want %v", lift, next.Opposed(), standing())
			}
			state = next
		}
	})
}

// Whoever merges what, in whatever order, however often: the same result.
func TestMergeIsASemilattice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyOppositions().Draw(t, "a"), anyOppositions().Draw(t, "b"), anyOppositions().Draw(t, "c")
		same := func(what string, x, y Oppositions) {
			if diff := cmp.Diff(x, y); diff != "" {
				t.Fatalf("%s: %s", what, diff)
			}
		}
		same("commutative", Merge(a, b), Merge(b, a))
		same("associative", Merge(Merge(a, b), c), Merge(a, Merge(b, c)))
		same("idempotent", Merge(a, b), Merge(Merge(a, b), b))
	})
}

// What no valid lift touches stays opposed through every merge.
func TestMergeNeverLifts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		state := Oppositions{}.Oppose(Opposition{ID: "the one", Scope: ScopeNumber, At: said})
		for range rapid.IntRange(1, 5).Draw(t, "n") {
			other := anyOppositions().Draw(t, "other")
			if rapid.Bool().Draw(t, "left") {
				state = Merge(state, other)
			} else {
				state = Merge(other, state)
			}
			if !state.Opposed() {
				t.Fatalf("no longer opposed: %+v", state)
			}
		}
	})
}

func TestLift(t *testing.T) {
	t.Parallel()
	state := Oppositions{}.Oppose(Opposition{ID: "e1", Scope: ScopePerson, At: said})
	for name, lift := range map[string]Lift{
		"nobody":       {At: said, Motive: "new consent"},
		"no motive":    {At: said, By: "alice"},
		"blank motive": {At: said, By: "alice", Motive: " \t"},
	} {
		if got, err := state.Lift(lift); !errors.Is(err, ErrLift) || !got.Opposed() {
			t.Errorf("%s: error %v, opposed %v", name, err, got.Opposed())
		}
	}
	lifted, err := state.Lift(Lift{At: said.Add(time.Hour), By: "alice", Motive: "new consent"})
	if err != nil || lifted.Opposed() {
		t.Fatalf("lifted: %+v, %v", lifted, err)
	}
	if !state.Opposed() {
		t.Error("the value before was changed in place")
	}
	if again := lifted.Oppose(Opposition{ID: "e1", Scope: ScopePerson, At: said.Add(-time.Hour)}); again.Opposed() {
		t.Error("a repeat of what was lifted opposes again")
	}
	if again := lifted.Oppose(Opposition{ID: "e0", Scope: ScopePerson, At: said.Add(-time.Hour)}); !again.Opposed() {
		t.Error("an older refusal that arrives late does not oppose")
	}
	claim := Opposition{ID: "e2", At: said, Lift: &Lift{At: said, By: "mallory", Motive: "so I say"}}
	if again := lifted.Oppose(claim); !again.Opposed() {
		t.Error("a report lifted itself")
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	cases := map[bridge.Disposition][]Scope{
		bridge.DispOptOut:        {ScopePerson, ScopeNumber},
		"wrong_number":           {ScopeNumber},
		"invalid_number":         {ScopeNumber},
		bridge.DispNotInterested: nil,
		"never heard of":         nil,
	}
	for d, want := range cases {
		if diff := cmp.Diff(want, Scopes(d)); diff != "" {
			t.Errorf("%s: %s", d, diff)
		}
	}
}

func ExampleOppositions() {
	var one Oppositions
	one = one.Oppose(Opposition{ID: "call-17", Scope: ScopePerson, At: said})
	one = one.Oppose(Opposition{ID: "call-17", Scope: ScopePerson, At: said}) // delivered twice
	fmt.Println(one.Opposed(), len(one))
	one, _ = one.Lift(Lift{At: said, By: "claire", Motive: "wrote to us for a quote"})
	fmt.Println(one.Opposed())
	// Output:
	// true 1
	// false
}
