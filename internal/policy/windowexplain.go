package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"passerelle/internal/bridge"
)

// Exception is an exception to an access window, to be added.
type Exception struct {
	Person  bridge.PersonID `json:"person"`
	Until   string          `json:"until"`             // the day in question
	Hours   string          `json:"hours,omitempty"`   // the hour in question, as one writes it; "": those of the role do
	Network string          `json:"network,omitempty"` // the address in question; "": the role's networks do
}

// ExplainAt is Explain for somebody who asks at a moment, from an address: a
// right is of no use outside the access window. An address that is not valid
// stands for one in the networks of their role.
func (p *Policy) ExplainAt(s Subject, action Action, t Target, r Record, v Visit) Explanation {
	out := p.Explain(s, action, t, r)
	if w := p.windowOf(s); w != nil {
		out.Shut = p.Shuts(s, w.visited(v))
	}
	if out.Allowed {
		if out.Shut == nil {
			return out
		}
		out.Allowed, out.Cause, out.Reason = false, CauseWindow, out.Shut.Text("en")
		out.Rule, out.Pos = windowRule, out.Shut.Pos
		out.Remedy = nil
	} else if len(out.Remedy) == 0 {
		return out
	}
	out.Remedy = append(out.Remedy, p.exceptionTo(s, p.windowOnce(s, out.Remedy), v)...)
	return out
}

// windowRule is the rule that an access window is told as.
const windowRule = "window"

// visited is the visit, from the window's own networks if nobody knows whence.
func (w *window) visited(v Visit) Visit {
	if !v.From.IsValid() && len(w.networks) > 0 {
		v.From = w.networks[0].Addr()
	}
	return v
}

// windowOnce is the subject's window once the remedy is made: it may map their
// profile.
func (p *Policy) windowOnce(s Subject, r Remedy) *window {
	if len(r) > 0 && r[0].Kind == MapProfile {
		return p.role(r[0].Role).window
	}
	return p.windowOf(s)
}

// exceptionTo is the exception that lets the person in, nothing if they are.
func (p *Policy) exceptionTo(s Subject, w *window, v Visit) Remedy {
	if w == nil || s.Person == "" {
		return nil
	}
	v = w.visited(v)
	if p.letIn(s, w, v) {
		return nil
	}
	at := v.At.In(w.zone)
	e := Exception{Person: s.Person, Until: at.Format(time.DateOnly)}
	if !w.timely(v.At) {
		e.Hours = fmt.Sprintf(`%s: ["%02d:00-%02d:00"]`, dayNames[minuteOf(at)/dayLength].In("en"), at.Hour(), at.Hour()+1)
	}
	if !w.near(v.From) {
		e.Network = netip.PrefixFrom(v.From, v.From.BitLen()).String()
	}
	return Remedy{{Kind: AddException, Exception: e}}
}

// snippet is the exception as one writes it.
func (e Exception) snippet() string {
	out := fmt.Sprintf("{person: %s, until: %s, motive: …", e.Person, e.Until)
	if e.Hours != "" {
		out += ", hours: {" + e.Hours + "}"
	}
	if e.Network != "" {
		out += `, networks: ["` + e.Network + `"]`
	}
	return out + "}"
}

// Window is when and from where a role's people are let in, in words.
type Window struct {
	Zone     string   `json:"zone"`
	Hours    []string `json:"hours,omitempty"`    // none: always
	Networks []string `json:"networks,omitempty"` // none: from anywhere

	week week
}

func (w *window) told() *Window {
	if w == nil {
		return nil
	}
	return &Window{Zone: w.zone.String(), Hours: w.hours.lines("en"), Networks: texts(w.networks), week: w.hours}
}

func texts(networks []netip.Prefix) []string {
	var out []string
	for _, n := range networks {
		out = append(out, n.String())
	}
	return out
}

// NamedException is an exception as the matrix tells it.
type NamedException struct {
	Person   bridge.PersonID `json:"person"`
	Until    string          `json:"until"`
	Motive   string          `json:"motive"`
	Hours    []string        `json:"hours,omitempty"`
	Networks []string        `json:"networks,omitempty"`

	week week
}

func (e exception) told() NamedException {
	return NamedException{e.person, e.until, e.motive, e.hours.lines("en"), texts(e.networks), e.hours}
}

// Exceptions lists the exceptions to access windows, in their order, those that
// are over too.
func (p *Policy) Exceptions() []NamedException {
	var out []NamedException
	for _, e := range p.exceptions {
		out = append(out, e.told())
	}
	return slices.Clip(out)
}
