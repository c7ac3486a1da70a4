package outbox

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTransitionsAreThoseOfTheDrawing(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("STATES.md")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[State][]State{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z–]+) \| ([a-z]+) \| .+ \|$`).FindAllStringSubmatch(string(text), -1) {
		from, to := State(row[1]), State(row[2])
		switch {
		case row[1] == "from":
			continue
		case row[1] == "–":
			if to != Pending {
				t.Errorf("a write begins as %s", to)
			}
			continue
		}
		drawn[from] = append(drawn[from], to)
	}
	coded := map[State][]State{}
	for from, to := range Transitions {
		coded[from] = slices.Sorted(slices.Values(to))
	}
	for from := range drawn {
		slices.Sort(drawn[from])
	}
	if diff := cmp.Diff(drawn, coded); diff != "" {
		t.Errorf("transitions (-STATES.md +code):\n%s", diff)
	}
	for _, s := range States() {
		if final := s == Applied || s == Superseded || s == Discarded; s.Final() != final {
			t.Errorf("%s: final %v", s, s.Final())
		}
		if onTheWay := s == Pending || s == Relayed || s == Sending; s.onTheWay() != onTheWay {
			t.Errorf("%s: holds others back %v", s, s.onTheWay())
		}
	}
}
