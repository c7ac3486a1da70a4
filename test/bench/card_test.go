package bench

import (
	"encoding/json"
	"fmt"
	"testing"

	"passerelle/internal/bridge"
)

// cardGoal is what a card of 40 fields may take to become JSON, in nanoseconds.
const cardGoal = 400

// TestCard measures a card of 40 fields on its way to JSON against its goal, and
// package encoding/json against the same.
func TestCard(t *testing.T) {
	card := map[bridge.FieldName]bridge.Value{}
	for i, name := range bridge.Standard().Names()[:40] {
		card[name] = bridge.Value(fmt.Sprintf("Société numéro %d", i))
	}
	out := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { out = bridge.AppendFields(out[:0], card) }); n != 0 {
		t.Errorf("a card allocates %v times", n)
	}
	ours := line{what: "a card of 40 fields to JSON", unit: " ns", goal: "1.00 at most", remark: "0 allocations"}
	theirs := line{what: "  the same by reflection", unit: " ns"}
	for range *rounds {
		ours.ours = append(ours.ours, nanoseconds(func() error {
			out = bridge.AppendFields(out[:0], card)
			return nil
		}))
		theirs.ours = append(theirs.ours, nanoseconds(func() error {
			_, err := json.Marshal(card)
			return err
		}))
		ours.limit = append(ours.limit, cardGoal)
	}
	theirs.limit = ours.limit
	table = append(table, ours, theirs)
}

func nanoseconds(fn func() error) float64 {
	return float64(testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if err := fn(); err != nil {
				b.Fatal(err)
			}
		}
	}).NsPerOp())
}
