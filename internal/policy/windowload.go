package policy

import (
	"net/netip"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

type windowSource struct {
	Zone       string        `yaml:"zone"`
	Hours      strict.Node   `yaml:"hours"`
	Networks   strict.Node   `yaml:"networks"`
	Exceptions []strict.Node `yaml:"exceptions"`
}

type exceptionSource struct {
	Person   string      `yaml:"person,required"`
	Until    string      `yaml:"until,required"`
	Motive   string      `yaml:"motive,required"`
	Hours    strict.Node `yaml:"hours"`
	Networks strict.Node `yaml:"networks"`
}

// generalWindow reads what holds for all roles, and the exceptions.
func (l *loader) generalWindow(p *Policy, n strict.Node) {
	p.window = &window{pos: Pos(n.Pos())}
	if n.Kind() == strict.Absent {
		return
	}
	text, ok := l.window(n, p.window)
	if !ok {
		return
	}
	for _, item := range text.Exceptions {
		if e, ok := l.exception(item); ok {
			p.exceptions = append(p.exceptions, e)
		}
	}
}

// roleWindow reads a role's own window: what it does not say is as for all.
func (l *loader) roleWindow(general window, n strict.Node) *window {
	if n.Kind() == strict.Absent {
		return general.orNone()
	}
	own := general
	own.pos = Pos(n.Pos())
	if text, ok := l.window(n, &own); ok && len(text.Exceptions) > 0 {
		l.findf(n, "exceptions", "an exception is a person's, whatever their role: write it under window at the top of the policy")
	}
	return own.orNone()
}

// orNone is the window, nil if it keeps nobody out.
func (w window) orNone() *window {
	if w.hours == nil && w.networks == nil {
		return nil
	}
	if w.zone == nil {
		w.zone = time.UTC // of the days on which exceptions end
	}
	return &w
}

// window reads a window over what it holds.
func (l *loader) window(n strict.Node, w *window) (text windowSource, ok bool) {
	if !l.decode(n, &text) {
		return text, false
	}
	if len(n.Keys()) == 0 {
		l.findf(n, "", "it keeps nobody out: add zone and hours, or networks: [10.0.0.0/8], or leave it out")
	}
	if text.Zone != "" {
		zone, err := time.LoadLocation(text.Zone)
		if err != nil || text.Zone == "Local" {
			l.findf(n, "zone", "no such time zone; write one like Europe/Paris")
			zone = time.UTC
		}
		w.zone = zone
	}
	if text.Hours.Kind() != strict.Absent {
		w.hours = l.hours(text.Hours)
		if w.zone == nil {
			l.findf(n, "hours", "say by whose clock: add zone: Europe/Paris or another one")
		}
	}
	if text.Networks.Kind() != strict.Absent {
		w.networks = l.networks(text.Networks)
	}
	return text, true
}

// hours reads a table of days and hours.
func (l *loader) hours(n strict.Node) week {
	out := week{}
	var table map[string]strict.Node
	if !l.decode(n, &table) {
		return out
	}
	if len(table) == 0 {
		l.findf(n, "", "an empty one lets nobody in: write hours, such as mon-fri: [08:00-20:00]")
	}
	for _, key := range n.Keys() {
		days := parseDays(key)
		if days == nil {
			l.findf(n.Child(key), "", "%s", daysForm)
		}
		for _, item := range l.someOf(n.Child(key), "an empty list is no hours: write some, such as 08:00-20:00, or leave the days out") {
			text, scalar := item.Scalar()
			hours, ok := parseHours(text)
			switch {
			case !scalar: // what YAML makes of them between braces
				l.findf(item, "", "between braces hours stand in quotes: {mon-fri: [\"08:00-20:00\"]}")
			case !ok:
				l.findf(item, "", "%s", hoursForm)
			}
			for _, day := range days {
				out = out.with(span{day*dayLength + hours.from, day*dayLength + hours.to})
			}
		}
	}
	return out
}

// networks reads a list of address ranges.
func (l *loader) networks(n strict.Node) []netip.Prefix {
	out := []netip.Prefix{}
	for _, item := range l.someOf(n, "an empty list lets nobody in: write networks such as 10.0.0.0/8, or leave it out") {
		text, _ := item.Scalar()
		prefix, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			l.findf(item, "", "write an address and the length of the network's part, like 10.20.0.0/16 or 2001:db8::/32; one address is 10.20.0.7/32")
		case prefix.Addr().Is4In6():
			l.findf(item, "", "write it as IPv4: addresses are seen so")
		case prefix != prefix.Masked():
			l.findf(item, "", "the address has bits behind the network's part: it begins at another address, or the length is larger")
		default:
			out = append(out, prefix)
		}
	}
	return out
}

// someOf reads a list that has something in it.
func (l *loader) someOf(n strict.Node, instead string) []strict.Node {
	var out []strict.Node
	if l.decode(n, &out) && len(out) == 0 {
		l.findf(n, "", "%s", instead)
	}
	return out
}

func (l *loader) exception(n strict.Node) (e exception, ok bool) {
	var text exceptionSource
	if !l.decode(n, &text) {
		return e, false
	}
	e = exception{pos: Pos(n.Pos()), person: bridge.PersonID(text.Person), motive: text.Motive, until: text.Until}
	if _, err := time.Parse(time.DateOnly, text.Until); err != nil {
		l.findf(n, "until", "write the last day on which it holds, like 2027-01-31")
	}
	if text.Hours.Kind() != strict.Absent {
		e.hours = l.hours(text.Hours)
	}
	if text.Networks.Kind() != strict.Absent {
		e.networks = l.networks(text.Networks)
	}
	if e.hours == nil && e.networks == nil {
		l.findf(n, "", "it lets nobody in: add hours: {sat: [\"09:00-12:00\"]}, or networks; what it does not say stays as the role has it")
	}
	return e, true
}
