package calling

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
)

func TestRules(t *testing.T) {
	t.Parallel()
	r, err := Rules(Always)
	if err != nil || r.Name != Always {
		t.Fatalf("Rules(%q) = %v, %v", Always, r, err)
	}
	if _, err := Rules("sometimes"); err == nil || !strings.Contains(err.Error(), Always) {
		t.Errorf("an unknown rule set: %v; want the names of the known", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	night := time.Date(2026, 12, 25, 3, 0, 0, 0, time.UTC) // no office hour anywhere in Europe
	later := night.Add(2 * time.Hour)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	calls := Attempts{{night, "no_answer"}, {night, "busy"}}
	cases := []struct {
		name string
		max  int
		s    Situation
		want Verdict
	}{
		{"any hour of a holiday", 0, Situation{Now: night}, Verdict{Allowed: true}},
		{"due since long", 0, Situation{Now: night, NextAt: night.Add(-time.Hour)}, Verdict{Allowed: true}},
		{"due this instant", 0, Situation{Now: night, NextAt: night}, Verdict{Allowed: true}},
		{"not due", 0, Situation{Now: night, NextAt: later, Zone: paris},
			Verdict{Next: later, Rule: RuleNextAt, Reason: bilingual.Text{"the next call is due at 2026-12-25 06:00 CET", "le prochain appel est prévu le 2026-12-25 06:00 CET"}}},
		{"number on the line", 0, Situation{Now: night, BusyUntil: later},
			Verdict{Next: later, Rule: RuleDuplicate, Reason: bilingual.Text{"another lead with the same number is being worked until 2026-12-25 05:00 UTC", "une autre fiche avec le même numéro est en cours jusqu'au 2026-12-25 05:00 UTC"}}},
		{"both: the later decides", 0, Situation{Now: night, NextAt: later.Add(time.Hour), BusyUntil: later},
			Verdict{Next: later.Add(time.Hour), Rule: RuleNextAt, Reason: bilingual.Text{"the next call is due at 2026-12-25 06:00 UTC", "le prochain appel est prévu le 2026-12-25 06:00 UTC"}}},
		{"opposed, whatever else", 0, Situation{Now: night, Opposed: true, NextAt: later},
			Verdict{Rule: RuleOpposition, Reason: bilingual.Text{"they asked not to be called", "la personne a demandé à ne pas être appelée"}}},
		{"no cap", 0, Situation{Now: night, Attempts: calls}, Verdict{Allowed: true}},
		{"under the cap", 3, Situation{Now: night, Attempts: calls}, Verdict{Allowed: true}},
		{"at the cap", 2, Situation{Now: night, Attempts: calls, NextAt: later},
			Verdict{Rule: RuleMaxAttempts, Reason: bilingual.Text{"2 calls were made, the campaign allows 2", "2 appels ont été passés, la campagne en permet 2"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rules := RuleSet{Name: "test", MaxAttempts: c.max}
			if diff := cmp.Diff(c.want, rules.Check(c.s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	calls := Attempts{{Disposition: "no_answer"}, {Disposition: bridge.DispTest}, {Disposition: "duplicate"}, {Disposition: "never heard of"}}
	if got := calls.Counted(); got != 2 {
		t.Errorf("Counted = %d; want 2: the unanswered call and the one nobody understands", got)
	}
}

// The moment that a refusal names is lawful, and no earlier one is.
func TestNextIsTheFirstLawfulMoment(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "unset") {
			return time.Time{}
		}
		return start.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "minutes")) * time.Minute)
	})
	rapid.Check(t, func(t *rapid.T) {
		rules := RuleSet{MaxAttempts: rapid.IntRange(0, 3).Draw(t, "cap")}
		s := Situation{
			Now: start, Opposed: rapid.Bool().Draw(t, "opposed"),
			Attempts: make(Attempts, rapid.IntRange(0, 4).Draw(t, "calls")),
			NextAt:   moment.Draw(t, "next"), BusyUntil: moment.Draw(t, "busy"),
		}
		v := rules.Check(s)
		if v.Allowed {
			if s.Opposed || v != (Verdict{Allowed: true}) {
				t.Fatalf("%+v is allowed: %+v", s, v)
			}
			return
		}
		if v.Rule == "" || v.Reason.In("en") == "" || v.Reason.In("fr") == "" {
			t.Fatalf("refused without saying why: %+v", v)
		}
		if v.Next.IsZero() {
			s.Now = start.AddDate(100, 0, 0)
			if rules.Check(s).Allowed {
				t.Fatalf("never, but allowed later: %+v", s)
			}
			return
		}
		s.Now = v.Next
		if again := rules.Check(s); !again.Allowed {
			t.Fatalf("not allowed at the moment it named: %+v", again)
		}
		s.Now = v.Next.Add(-time.Nanosecond)
		if rules.Check(s).Allowed {
			t.Fatalf("allowed before the moment it named: %+v", s)
		}
	})
}
