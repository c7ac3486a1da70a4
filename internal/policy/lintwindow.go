package policy

import (
	"slices"
	"strconv"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// The checks of access windows and the exceptions to them.
const (
	ShutOut          Check = "shut_out"          // who may change the policy is not let in at the hub's own socket
	LiveException    Check = "live_exception"    // it lets somebody in until a day that is still to come
	LongException    Check = "long_exception"    // and that day is further off than LongestException
	ExpiredException Check = "expired_exception" // its last day is past
	UnknownException Check = "unknown_exception" // it is for nobody whom the config knows
	IdleException    Check = "idle_exception"    // it lets in nowhere and never beyond the window
)

// LongestException is how many days ahead an exception may end and still be one:
// the quarter after which rights are reviewed.
const LongestException = 90

// LintWindows finds windows that keep whoever may change the policy from the
// hub's own socket, and every exception: those that let somebody in at the
// moment, those whose last day is past, and with people those for none of them.
func (p *Policy) LintWindows(file, lang string, now time.Time, people []bridge.Person) []Advice {
	root, err := strict.Parse(file, p.text)
	if err != nil {
		return nil // it was loaded: there is no such text
	}
	l := &linter{policy: p, lang: lang, roles: root.Child("roles")}
	if p.shutsOut(people, now) {
		l.shutOut(root.Child("window"))
	}
	for _, n := range root.Child("window").Child("exceptions").Items() {
		at := slices.IndexFunc(p.exceptions, func(e exception) bool { return sameLine(e.pos, Pos(n.Pos())) })
		if at < 0 {
			continue
		}
		e := p.exceptions[at]
		l.add(p.exceptionCheck(&e, now, people), n,
			"{person}", string(e.person), "{until}", e.until, "{most}", strconv.Itoa(LongestException))
	}
	return l.found
}

// exceptionCheck is what lint says of the exception, by the clock of the zone.
func (p *Policy) exceptionCheck(e *exception, now time.Time, people []bridge.Person) Check {
	zone := p.lastZone(e.person, people)
	switch {
	case e.over(now, zone):
		return ExpiredException
	case people != nil && !slices.ContainsFunc(people, func(p bridge.Person) bool { return p.ID == e.person && p.Active }):
		return UnknownException
	case !slices.ContainsFunc(p.windowsOf(e.person, people), e.adds):
		return IdleException
	case !e.over(now.AddDate(0, 0, LongestException+1), zone):
		return LongException
	}
	return LiveException
}

// windowsOf are the windows of the person's roles; without people those of every
// role. One is nil where the role is let in at any time from anywhere.
func (p *Policy) windowsOf(person bridge.PersonID, people []bridge.Person) []*window {
	var out []*window
	if people == nil {
		for _, ro := range p.roles {
			out = append(out, ro.window)
		}
	}
	for _, someone := range people {
		for connection := range someone.Phoning {
			if someone.ID == person {
				out = append(out, p.windowOf(SubjectOf(bridge.Actor{Person: someone, Connection: connection})))
			}
		}
	}
	return out
}

// adds says whether the exception lets in when or from where the window does not.
func (e *exception) adds(w *window) bool {
	return w != nil && (w.hours != nil && len(e.hours.less(w.hours)) > 0 || len(outside(e.networks, w.from())) > 0)
}

// shutOut puts its advice at the window that shuts out one of those who may
// change the policy.
func (l *linter) shutOut(general strict.Node) {
	p := l.policy
	for _, ro := range p.roles {
		changes := ro.can(p.targets, Propose, bridge.PolicyObj) || ro.can(p.targets, Write, bridge.PolicyObj)
		if !changes || ro.window == nil || ro.window.near(HubSocket) {
			continue
		}
		at := l.role(ro).Child("window")
		if at.Child("networks").Kind() == strict.Absent {
			at = general
		}
		l.add(ShutOut, at, "{address}", HubSocket.String(), "{role}", string(ro.name))
		return
	}
}

// sameLine says whether two places are the same, whatever the file is called.
func sameLine(a, b Pos) bool { return a.Line == b.Line && a.Col == b.Col }

// lastZone is the zone by which the person's exceptions are over: that of all,
// else of a role of theirs.
func (p *Policy) lastZone(person bridge.PersonID, people []bridge.Person) *time.Location {
	if p.window != nil {
		return p.window.zone
	}
	for _, someone := range people {
		for connection, login := range someone.Phoning {
			if ro := p.paths[Path{connection, login.Profile}]; someone.ID == person && ro != nil && ro.window != nil {
				return ro.window.zone
			}
		}
	}
	return time.UTC
}
