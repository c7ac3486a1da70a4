package desk

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/policy"
)

// What a shadow has found outlives it; of the examples it keeps who and when, and
// of another draft nothing.
func TestWhatAShadowFoundIsKept(t *testing.T) {
	t.Parallel()
	stricter := strings.Replace(plateau, "write: [prospect.status, prospect.comment]", "write: [prospect.comment]", 1)
	live, draft, other := loaded(t, plateau), loaded(t, stricter), loaded(t, stricter+"# another\n")
	d := dayUnder(t, filepath.Join(t.TempDir(), "store.db"), func(r *Rules) { r.Policy, r.Draft = live, draft })
	before, _ := d.desk.Beside()
	if len(before.Effects) == 0 {
		t.Fatal("nothing differs")
	}
	if err := d.desk.opts.Shadow.Keep(t.Context(), d.store); err != nil {
		t.Fatal(err)
	}
	again := func() *Shadow {
		s, err := NewShadow(d.store, d.clock, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Stop)
		return s
	}
	for _, e := range before.Effects {
		for i := range e.Examples {
			if e.Examples[i].Lead == "" {
				t.Errorf("%s names no lead", e.Text("en"))
			}
			e.Examples[i].Lead = ""
		}
	}
	if diff := cmp.Diff(before.Text("en"), again().found(live, draft).told.Text("en")); diff != "" {
		t.Errorf("after a restart (-before +after): %s", diff)
	}
	if got := again().found(live, other).told; got.Decisions != 0 {
		t.Errorf("another draft begins with %d decisions", got.Decisions)
	}
}

// A draft that cannot decide at all is nothing to those who work.
func TestAShadowThatFailsIsNotFelt(t *testing.T) {
	t.Parallel()
	broken := &policy.Policy{}
	d := dayUnder(t, filepath.Join(t.TempDir(), "store.db"), func(r *Rules) { r.Draft = broken })
	for kind, f := range d.fates {
		if !f.ok {
			t.Errorf("%s was refused", kind)
		}
	}
	if b, _ := d.desk.Beside(); b.Skipped < len(d.fates) || len(b.Effects) > 0 {
		t.Errorf("%d were skipped; %v", b.Skipped, b.Effects)
	}
}

// Who comes too fast is not held up.
func TestAShadowThatIsSlowIsNotFelt(t *testing.T) {
	t.Parallel()
	s := &Shadow{in: make(chan []glimpse)} // nobody takes anything
	s.see(make([]glimpse, 3))
	if got := s.skipped.Load(); got != 3 {
		t.Errorf("%d skipped", got)
	}
}

// BenchmarkShadow is a card looked at, and a lead asked for by somebody whom it
// is refused, with and without a draft beside.
func BenchmarkShadow(b *testing.B) {
	for name, draft := range map[string]*policy.Policy{"without": nil, "with": loaded(b, plateau)} {
		b.Run(name, func(b *testing.B) {
			f := newFloor(b)
			f.pull(map[string]string{"1": "01 99 00 00 01"})
			r := *f.desk.Rules()
			r.Draft = draft
			f.desk.Swap(f.desk.Rules(), &r)
			sam, lead := as("sam"), leadID("1")
			for b.Loop() {
				if _, err := f.desk.Lead(sam, lead); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
