package bus

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every partition has one of the writers, all have as many, and those that stay
// keep most of what they had when one goes.
func TestSplit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		writers := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6} [0-9]{1,4}`), 1, 2*Partitions, rapid.ID[string]).Draw(t, "writers")
		owners := Split(crm, writers)
		count := map[string]int{}
		for p, w := range owners {
			if !slices.Contains(writers, w) {
				t.Fatalf("partition %d goes to %q", p, w)
			}
			count[w]++
		}
		for _, w := range writers {
			if n := count[w]; n < Partitions/len(writers) || n > Partitions/len(writers)+1 {
				t.Fatalf("%d writers, and %q has %d partitions", len(writers), w, n)
			}
		}
		backwards := slices.Clone(writers)
		slices.Reverse(backwards)
		if Split(crm, backwards) != owners {
			t.Fatal("the order of the names counts")
		}
	})
}

func TestFewPartitionsMove(t *testing.T) {
	t.Parallel()
	for n := 2; n <= 8; n++ {
		var writers []string
		for i := range n {
			writers = append(writers, fmt.Sprintf("writer %d", i))
		}
		before, after := Split(crm, writers), Split(crm, writers[1:])
		moved := 0
		for p := range before {
			if before[p] != writers[0] && before[p] != after[p] {
				moved++
			}
		}
		if moved > Partitions/4 {
			t.Errorf("one of %d leaves, and %d partitions of others move", n, moved)
		}
	}
	if owners := Split(crm, nil); owners[0] != "" {
		t.Errorf("nobody is %q", owners[0])
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	s := Of(0) | Of(63)
	if s.Len() != 2 || !s.Has(63) || s.Has(1) || All.Len() != Partitions || All&^s == All {
		t.Errorf("%x: %d", s, s.Len())
	}
}
