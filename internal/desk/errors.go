package desk

import (
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Denied is a command that the policy does not allow.
type Denied struct {
	What    string
	Verdict policy.Verdict
}

func (e *Denied) Error() string {
	if e.Verdict.Reason == "" {
		return "you may not " + e.What
	}
	return "you may not " + e.What + ": " + e.Verdict.Reason
}

// NotFound is a command on something that is not there, or not for this person
// to know of.
type NotFound struct{ What, ID string }

func (e *NotFound) Error() string { return fmt.Sprintf("there is no %s %s", e.What, e.ID) }

// Forgotten is a report on a prospect whom the bridge was told to forget: there
// is nothing to keep of it.
type Forgotten struct{}

func (e *Forgotten) Error() string { return "the prospect was forgotten: nothing is kept of it" }

// Clash is a command that the state of things does not allow now.
type Clash struct{ Why string }

func (e *Clash) Error() string { return e.Why }

// Invalid is a command with a part that makes no sense.
type Invalid struct {
	Part string // of the request: "next.at"
	Why  string
}

func (e *Invalid) Error() string { return e.Part + ": " + e.Why }

// Closed says that nothing may be called now, and when it may.
type Closed struct {
	Next   time.Time // the next lawful moment; zero: none is known
	Rule   string
	Reason string
}

func (e *Closed) Error() string { return e.Reason }

func denied(p *policy.Policy, s policy.Subject, a policy.Action, o bridge.Object, r policy.Record, what string) error {
	return &Denied{What: what, Verdict: p.Can(s, a, o, r)}
}
