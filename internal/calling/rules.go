package calling

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
)

// RuleSet says as data when the leads of a campaign may be called. Opposition,
// a number already on somebody's line and the lead's own next action bind under
// every rule set.
type RuleSet struct {
	Name        string
	Doc         string // one line, for the integrator
	MaxAttempts int    // counted calls to one lead in its campaign; 0 is no cap
}

// Always allows any hour of any day.
const Always = "always"

var ruleSets = []RuleSet{
	{Name: Always, Doc: "any hour of any day; opposition, shared numbers and the next action still bind"},
}

// Rules finds a rule set by the name that a campaign gives it.
func Rules(name string) (RuleSet, error) {
	for _, r := range ruleSets {
		if r.Name == name {
			return r, nil
		}
	}
	return RuleSet{}, fmt.Errorf("rule set %q: known are %s", name, strings.Join(RuleSetNames(), ", "))
}

// RuleSetNames lists the rule sets in alphabetical order.
func RuleSetNames() []string {
	names := make([]string, 0, len(ruleSets))
	for _, r := range ruleSets {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

// Attempt is one call that was made, answered or not.
type Attempt struct {
	At          time.Time
	Disposition bridge.Disposition
}

// Attempts are calls made to one prospect, in any order.
type Attempts []Attempt

// Counted is how many of them count for frequency rules. A call whose
// disposition nobody knows counts: the telephone rang.
func (a Attempts) Counted() int {
	n := 0
	for _, attempt := range a {
		if info, known := attempt.Disposition.Info(); !known || info.Counts {
			n++
		}
	}
	return n
}

// Situation is what a check looks at.
type Situation struct {
	Now       time.Time
	Zone      *time.Location // the called party's; nil is UTC
	Opposed   bool           // the person, or each number that could be called
	Attempts  Attempts       // of the lead in its campaign
	NextAt    time.Time      // the lead is not due before; zero is due
	BusyUntil time.Time      // until then another lead with the number has it; zero is free
}

// The rules that a verdict may name.
const (
	RuleOpposition  = "opposition"
	RuleMaxAttempts = "max_attempts"
	RuleNextAt      = "next_at"
	RuleDuplicate   = "duplicate"
)

// Verdict is the answer of a check. Allowed has no rule and no reason.
type Verdict struct {
	Allowed bool
	Next    time.Time      // refused: the next lawful moment; zero is never
	Rule    string         // the rule that ends last
	Reason  bilingual.Text // for people
}

// Check says whether a call may be made now, and if not, when. Checking again
// at Next with all else unchanged is allowed.
func (r RuleSet) Check(s Situation) Verdict {
	verdict := Verdict{Allowed: true}
	for _, rule := range checks {
		v := rule(r, s)
		switch {
		case v.Allowed:
		case v.Next.IsZero():
			return v
		case verdict.Allowed || v.Next.After(verdict.Next):
			verdict = v
		}
	}
	return verdict
}

// checks are the rules in the order in which they are named when several
// refuse for ever.
var checks = []func(RuleSet, Situation) Verdict{opposition, maxAttempts, nextAction, duplicate}

func opposition(_ RuleSet, s Situation) Verdict {
	if !s.Opposed {
		return Verdict{Allowed: true}
	}
	return Verdict{Rule: RuleOpposition, Reason: bilingual.Text{"they asked not to be called", "la personne a demandé à ne pas être appelée"}}
}

func maxAttempts(r RuleSet, s Situation) Verdict {
	made := s.Attempts.Counted()
	if r.MaxAttempts == 0 || made < r.MaxAttempts {
		return Verdict{Allowed: true}
	}
	return Verdict{Rule: RuleMaxAttempts, Reason: bilingual.Text{
		"{made} calls were made, the campaign allows {most}", "{made} appels ont été passés, la campagne en permet {most}",
	}.With("{made}", made, "{most}", r.MaxAttempts)}
}

func nextAction(_ RuleSet, s Situation) Verdict {
	return until(s, s.NextAt, RuleNextAt, bilingual.Text{"the next call is due at {at}", "le prochain appel est prévu le {at}"})
}

func duplicate(_ RuleSet, s Situation) Verdict {
	return until(s, s.BusyUntil, RuleDuplicate, bilingual.Text{"another lead with the same number is being worked until {at}", "une autre fiche avec le même numéro est en cours jusqu'au {at}"})
}

func until(s Situation, at time.Time, rule string, reason bilingual.Text) Verdict {
	if !at.After(s.Now) {
		return Verdict{Allowed: true}
	}
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return Verdict{Next: at, Rule: rule, Reason: reason.With("{at}", at.In(zone).Format("2006-01-02 15:04 MST"))}
}
