package policy

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"text/tabwriter"

	"pgregory.net/rapid"
)

// peer is a policy engine with the sample in it. What it answers asks the same
// question again and again.
type peer interface {
	ask(question) func() (bool, error)
	card(q question, record map[string]string) func() ([]byte, error)
}

var peers = []struct {
	name string
	make func(sample) (peer, error)
}{{"passerelle", newPasserelle}, {"casbin", newCasbin}, {"cedar-go", newCedar}, {"OPA", newOPA}}

func all(t testing.TB) (out []peer) {
	for _, p := range peers {
		made, err := p.make(newSample())
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		out = append(out, made)
	}
	return out
}

// record is a prospect with its forty fields.
func record() map[string]string {
	out := map[string]string{}
	for i, name := range fields {
		out[name] = fmt.Sprintf("valeur %d", i)
	}
	return out
}

func TestAllAnswerTheSame(t *testing.T) {
	asked := all(t)
	granted := 0
	rapid.Check(t, func(t *rapid.T) {
		person := rapid.SampledFrom([]string{"", "alice", "vera"})
		team := rapid.SampledFrom([]string{"", "floor", "field"})
		q := question{
			person: rapid.SampledFrom([]string{"alice", "vera"}).Draw(t, "person"), role: rapid.SampledFrom(newSample().roles()).Draw(t, "role"),
			team: team.Draw(t, "team"), action: rapid.SampledFrom([]string{"read", "write"}).Draw(t, "action"), field: rapid.SampledFrom(fields).Draw(t, "field"),
			owner: person.Draw(t, "owner"), assignee: person.Draw(t, "assignee"), recordTeam: team.Draw(t, "record's team"), campaign: team.Draw(t, "campaign's team"),
		}
		var first bool
		var card []byte
		for i, p := range asked {
			got, err := p.ask(q)()
			if err != nil {
				t.Fatalf("%s: %v", peers[i].name, err)
			}
			shown, err := p.card(q, record())()
			if err != nil {
				t.Fatalf("%s: %v", peers[i].name, err)
			}
			if i == 0 {
				first, card = got, bytes.Clone(shown)
			}
			if got != first || !bytes.Equal(card, shown) {
				t.Fatalf("%s says %v and %s, passerelle %v and %s: %+v", peers[i].name, got, shown, first, card, q)
			}
		}
		if first {
			granted++
		}
	})
	if granted < 10 {
		t.Errorf("%d questions were granted: the sample asks nothing", granted)
	}
}

// rounds is how often everything is measured, one peer after the other.
const rounds = 3

// TestFigures prints what each takes, in nanoseconds: the median of the rounds,
// and how many times as much as ours.
func TestFigures(t *testing.T) {
	asked := all(t)
	questions := []struct {
		name string
		of   func(i int) func() error
	}{
		{"a decision: read prospect.phone, assigned", func(i int) func() error { return deciding(asked[i], about(phone), true) }},
		{"a decision: read account.margin, denied", func(i int) func() error { return deciding(asked[i], about(margin), false) }},
		{"a card: 40 fields, some 20 to be seen, as JSON", func(i int) func() error { return showing(asked[i]) }},
		{"a change of rules, to the first decision", func(i int) func() error { return changing(i) }},
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nns\tpasserelle\tcasbin\tcedar-go\tOPA\tallocations")
	for _, q := range questions {
		took, allocated := make([][]float64, len(asked)), ""
		for range rounds {
			for i := range asked {
				r := measure(t, q.of(i))
				took[i] = append(took[i], float64(r.NsPerOp()))
				if len(took[i]) == rounds {
					allocated += fmt.Sprint(r.AllocsPerOp(), " ")
				}
			}
		}
		fmt.Fprintf(w, "%s\t%.0f", q.name, median(took[0]))
		for _, theirs := range took[1:] {
			fmt.Fprintf(w, "\t%.0f (x%.*f)", median(theirs), digits(median(theirs)/median(took[0])), median(theirs)/median(took[0]))
		}
		fmt.Fprintf(w, "\t%s\n", allocated)
	}
	w.Flush()
}

// digits are those behind the point that a ratio needs.
func digits(ratio float64) int {
	if ratio < 10 {
		return 1
	}
	return 0
}

func deciding(p peer, q question, want bool) func() error {
	ask := p.ask(q)
	return func() error {
		if got, err := ask(); err != nil || got != want {
			return fmt.Errorf("%v, %v", got, err)
		}
		return nil
	}
}

func showing(p peer) func() error {
	show := p.card(about(""), record())
	return func() error {
		card, err := show()
		if err == nil && len(card) < 100 {
			err = fmt.Errorf("no card: %s", card)
		}
		return err
	}
}

func changing(i int) func() error {
	s := newSample()
	return func() error {
		p, err := peers[i].make(s)
		if err != nil {
			return err
		}
		return deciding(p, about(phone), true)()
	}
}

func measure(t *testing.T, fn func() error) testing.BenchmarkResult {
	return testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := fn(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
