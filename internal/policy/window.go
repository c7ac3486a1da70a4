package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// Visit is when, and from which address, a person asks.
type Visit struct {
	At   time.Time
	From netip.Addr // not valid: nobody knows, so it is in no network
}

// window is when and from where the people of a role are let in.
type window struct {
	pos      Pos
	zone     *time.Location
	hours    week // nil: always
	networks []netip.Prefix
}

// exception lets one person in beyond their role's window, for a while. What it
// does not say is as in that window.
type exception struct {
	pos      Pos
	person   bridge.PersonID
	motive   string
	until    string // the last day, 2006-01-02, in the window's zone
	hours    week
	networks []netip.Prefix
}

// timely says whether the window is open at the moment.
func (w *window) timely(at time.Time) bool {
	return w.hours == nil || w.hours.has(minuteOf(at.In(w.zone)))
}

// near says whether the address is in one of the window's networks.
func (w *window) near(from netip.Addr) bool {
	return w.networks == nil || slices.ContainsFunc(w.networks, func(n netip.Prefix) bool { return n.Contains(from) })
}

func (w *window) opens(v Visit) bool { return w.timely(v.At) && w.near(v.From) }

// over says whether the exception's last day is past.
func (e *exception) over(at time.Time, zone *time.Location) bool {
	return at.In(zone).Format(time.DateOnly) > e.until
}

// widens is the window as the exception opens it.
func (e *exception) widens(w *window) *window {
	out := *w
	if e.hours != nil {
		out.hours = e.hours
	}
	if e.networks != nil {
		out.networks = e.networks
	}
	return &out
}

// windowOf is the window of those who come this way; nil: they are let in at
// any time from anywhere. Who has no role has the window of all.
func (p *Policy) windowOf(s Subject) *window {
	if ro, mapped := p.paths[Path{s.Connection, s.Profile}]; mapped {
		return ro.window
	}
	return p.window
}

// windows are what lets the person in, one of which is enough: their role's
// window and their exceptions that are not over.
func (p *Policy) windows(s Subject, w *window, at time.Time) []*window {
	out := []*window{w}
	for i := range p.exceptions {
		if e := &p.exceptions[i]; s.Person != "" && e.person == s.Person && !e.over(at, w.zone) {
			out = append(out, e.widens(w))
		}
	}
	return out
}

// Shut is that a person is not let in.
type Shut struct {
	Role bridge.Role `json:"role,omitempty"`
	Pos  Pos         `json:"pos"`            // of the window
	Away bool        `json:"away,omitempty"` // it is the address: from another one they were let in now
	Next time.Time   `json:"next,omitzero"`  // when they are let in from there; zero: not within a week
	Zone string      `json:"zone"`           // of the window's hours

	week week
}

// Shuts says whether the subject is not let in by that visit, and why; nil if
// they are: whoever works a platform's list is let in by that platform. An
// address that nobody knows is in no network.
func (p *Policy) Shuts(s Subject, v Visit) *Shut {
	role, _ := p.RoleOf(s.Connection, s.Profile)
	return p.shuts(s, role, p.windowOf(s), v)
}

// shuts is Shuts of the window of a role.
func (p *Policy) shuts(s Subject, role bridge.Role, w *window, v Visit) *Shut {
	if w == nil || s.Person == "" || p.letIn(s, w, v) {
		return nil
	}
	out := &Shut{Role: role, Pos: w.pos, Next: p.opensNext(s, w, v), Zone: w.zone.String(), week: w.hours}
	out.Away = slices.ContainsFunc(p.windows(s, w, v.At), func(o *window) bool { return o.timely(v.At) })
	return out
}

func (p *Policy) letIn(s Subject, w *window, v Visit) bool {
	return slices.ContainsFunc(p.windows(s, w, v.At), func(o *window) bool { return o.opens(v) })
}

// opensNext is the next minute within a week at which the visitor is let in
// from the same address. Clocks are set forward and back, so it looks at each.
func (p *Policy) opensNext(s Subject, w *window, v Visit) time.Time {
	at := v.At.In(w.zone).Truncate(time.Minute)
	for range weekLength + dayLength {
		at = at.Add(time.Minute)
		if p.letIn(s, w, Visit{at, v.From}) {
			return at
		}
	}
	return time.Time{}
}

var (
	shutPhrase = phrase{"outside the access hours {of role} ({hours}, {zone})", "hors des heures d'accès {of role} ({hours}, {zone})"}
	awayPhrase = phrase{"{role} is not let in from this network", "{role} n'est pas admis depuis ce réseau"}
	backPhrase = phrase{"; come back at {next}", " ; revenez à partir du {next}"}
	askPhrase  = phrase{"; for an exception until a date, ask whoever keeps the policy", " ; pour une exception jusqu'à une date, demandez à qui tient la politique"}
	roleWord   = phrase{"role {name}", "le rôle {name}"}
	noRoleWord = phrase{"who has no role", "qui n'a pas de rôle"}
	ofRole     = phrase{"of role {name}", "du rôle {name}"}
	ofNoRole   = phrase{"of who has no role", "de qui n'a pas de rôle"}
)

// Text says why, and what to do, as one sentence without a full stop.
func (s *Shut) Text(lang string) string {
	who, whose := noRoleWord, ofNoRole
	if s.Role != "" {
		who, whose = roleWord.With("{name}", s.Role), ofRole.With("{name}", s.Role)
	}
	p := shutPhrase
	if s.Away {
		p = awayPhrase
	}
	text := p.Fill(lang, "{role}", who.In(lang), "{of role}", whose.In(lang), "{hours}", strings.Join(s.week.lines(lang), "; "), "{zone}", s.Zone)
	if !s.Next.IsZero() {
		text += backPhrase.Fill(lang, "{next}", s.Next.Format("2006-01-02 15:04 MST"))
	}
	return text + askPhrase.In(lang)
}
