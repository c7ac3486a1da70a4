package policy

import (
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// The checks of exceptions to access windows.
const (
	ExpiredException Check = "expired_exception" // its last day is past
	UnknownException Check = "unknown_exception" // it is for nobody whom the config knows
)

// LintExceptions finds exceptions to access windows that let nobody in: those
// whose last day is past at the moment, and with people those for none of them.
func (p *Policy) LintExceptions(file, lang string, now time.Time, people []bridge.Person) []Advice {
	root, err := strict.Parse(file, p.text)
	if err != nil {
		return nil // it was loaded: there is no such text
	}
	l := &linter{policy: p, lang: lang}
	for _, n := range root.Child("window").Child("exceptions").Items() {
		at := slices.IndexFunc(p.exceptions, func(e exception) bool { return sameLine(e.pos, Pos(n.Pos())) })
		if at < 0 {
			continue
		}
		e := p.exceptions[at]
		words := []string{"{person}", string(e.person), "{until}", e.until}
		if e.over(now, p.lastZone(e.person, people)) {
			l.add(ExpiredException, n, words...)
		} else if people != nil && !slices.ContainsFunc(people, func(p bridge.Person) bool { return p.ID == e.person && p.Active }) {
			l.add(UnknownException, n, words...)
		}
	}
	return l.found
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
