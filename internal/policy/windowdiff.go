package policy

import (
	"net/netip"
	"slices"
	"strings"

	"passerelle/internal/bridge"
)

// WindowChange is when or from where the people of a role, or a person by an
// exception, are let in from one policy to the next, and were not, or no longer.
type WindowChange struct {
	Role     bridge.Role     `json:"role,omitempty"`
	Person   bridge.PersonID `json:"person,omitempty"` // of an exception
	Until    string          `json:"until,omitempty"`  // of an exception
	Gains    bool            `json:"gains"`
	Hours    []string        `json:"hours,omitempty"`
	Networks []string        `json:"networks,omitempty"`
	Keeps    []string        `json:"keeps,omitempty"` // of Networks that are lost: those within that still are let in
	Zone     string          `json:"zone,omitempty"`  // of Hours; alone: the hours are by another clock now

	week week
}

// anywhere is what a window without networks lets in.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

func windowChanges(old, new *Policy) []WindowChange {
	var out []WindowChange
	for _, ro := range new.roles {
		if before := old.role(ro.name); before != nil {
			out = append(out, compareWindows(ro.name, before.window, ro.window)...)
		}
	}
	return append(out, exceptionChanges(old, new)...)
}

func compareWindows(name bridge.Role, old, new *window) []WindowChange {
	var out []WindowChange
	add := func(gains bool, hours week, networks, keeps []string, zone string) {
		if len(hours) > 0 {
			out = append(out, WindowChange{Role: name, Gains: gains, Hours: hours.lines("en"), Zone: zone, week: hours})
		}
		if len(networks) > 0 {
			out = append(out, WindowChange{Role: name, Gains: gains, Networks: networks, Keeps: keeps})
		}
	}
	before, after := old.whole(), new.whole()
	from, to := old.from(), new.from()
	gained, lost := texts(outside(to, from)), outside(from, to)
	kept := texts(within(to, lost))
	add(true, after.week.less(before.week), gained, nil, after.Zone)
	add(false, before.week.less(after.week), texts(lost), kept, before.Zone)
	if before.Hours != nil && after.Hours != nil && before.Zone != after.Zone {
		out = append(out, WindowChange{Role: name, Gains: true, Zone: after.Zone})
	}
	return out
}

// whole is the window as a week, whatever it leaves open.
func (w *window) whole() Window {
	out := Window{week: week{{0, weekLength}}}
	if w == nil {
		return out
	}
	out.Zone = w.zone.String()
	if w.hours != nil {
		out.week, out.Hours = w.hours, w.hours.lines("en")
	}
	return out
}

// from is the networks that the window lets in.
func (w *window) from() []netip.Prefix {
	if w == nil || w.networks == nil {
		return anywhere
	}
	return w.networks
}

// outside are those of the networks that do not lie in the others altogether.
func outside(networks, others []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(networks), func(n netip.Prefix) bool { return covered(n, others) })
}

// within are those that lie in one of the others.
func within(networks, others []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(networks), func(n netip.Prefix) bool {
		return !slices.ContainsFunc(others, func(o netip.Prefix) bool { return encloses(o, n) })
	})
}

func encloses(network, part netip.Prefix) bool {
	return network.Bits() <= part.Bits() && network.Overlaps(part)
}

// covered says whether each address of the network is in one of the others:
// where some are, it looks at its halves.
func covered(network netip.Prefix, others []netip.Prefix) bool {
	if slices.ContainsFunc(others, func(o netip.Prefix) bool { return encloses(o, network) }) {
		return true
	}
	if !slices.ContainsFunc(others, network.Overlaps) {
		return false
	}
	low := netip.PrefixFrom(network.Addr(), network.Bits()+1)
	return covered(low, others) && covered(upperHalf(network), others)
}

// upperHalf is the second half of a network that is more than one address.
func upperHalf(network netip.Prefix) netip.Prefix {
	bytes, bit := network.Addr().AsSlice(), network.Bits()
	bytes[bit/8] |= 1 << (7 - bit%8)
	addr, _ := netip.AddrFromSlice(bytes)
	return netip.PrefixFrom(addr, bit+1)
}

func exceptionChanges(old, new *Policy) []WindowChange {
	before, after := old.exceptionsTold(), new.exceptionsTold()
	var out []WindowChange
	for _, e := range after {
		if !slices.ContainsFunc(before, e.same) {
			e.Gains = true
			out = append(out, e)
		}
	}
	for _, e := range before {
		if !slices.ContainsFunc(after, e.same) {
			out = append(out, e)
		}
	}
	return out
}

func (p *Policy) exceptionsTold() []WindowChange {
	var out []WindowChange
	for _, e := range p.exceptions {
		out = append(out, WindowChange{Person: e.person, Until: e.until, Hours: e.hours.lines("en"), Networks: texts(e.networks), week: e.hours})
	}
	return out
}

func (c WindowChange) same(o WindowChange) bool {
	return c.Person == o.Person && c.Until == o.Until && slices.Equal(c.Hours, o.Hours) && slices.Equal(c.Networks, o.Networks)
}

var (
	windowsHeading = phrase{"Access windows", "Plages d'accès"}
	windowGain     = phrase{"{who} is let in {what} as well", "{who} est aussi admis {what}"}
	windowLoss     = phrase{"{who} is no longer let in {what}", "{who} n'est plus admis {what}"}
	zoneChange     = phrase{"the hours of {who} are by the clock of {zone} now", "les heures de {who} se lisent désormais à l'heure de {zone}"}
	fromWord       = phrase{"from {networks}", "depuis {networks}"}
	anywhereWord   = phrase{"from anywhere", "de n'importe où"}
	stillFrom      = phrase{" (but still from {networks})", " (mais encore depuis {networks})"}
	untilWord      = phrase{"{who}, as an exception until {until},", "{who}, par exception jusqu'au {until},"}
)

// Text says the change as one sentence without a full stop.
func (c WindowChange) Text(lang string) string {
	who := string(c.Role)
	if c.Person != "" {
		who = untilWord.Fill(lang, "{who}", string(c.Person), "{until}", c.Until)
	}
	what := windowText(lang, c.week, c.Networks)
	switch {
	case what == "":
		return zoneChange.Fill(lang, "{who}", who, "{zone}", c.Zone)
	case c.Gains:
		return windowGain.Fill(lang, "{who}", who, "{what}", what)
	}
	text := windowLoss.Fill(lang, "{who}", who, "{what}", what)
	if len(c.Keeps) > 0 {
		text += stillFrom.Fill(lang, "{networks}", strings.Join(c.Keeps, ", "))
	}
	return text
}

// windowText says hours and networks: "mon-fri 08:00-20:00 from 10.0.0.0/8".
func windowText(lang string, hours week, networks []string) string {
	var parts []string
	if len(hours) > 0 {
		parts = append(parts, strings.Join(hours.lines(lang), "; "))
	}
	switch {
	case slices.Equal(networks, texts(anywhere)):
		parts = append(parts, anywhereWord.In(lang))
	case len(networks) > 0:
		parts = append(parts, fromWord.Fill(lang, "{networks}", strings.Join(networks, ", ")))
	}
	return strings.Join(parts, " ")
}

var (
	exceptionWindow = phrase{"{who} is let in {what} ({motive})", "{who} est admis {what} ({motive})"}
)

// Text says when and from where, with the zone of the hours.
func (w *Window) Text(lang string) string {
	text := windowText(lang, w.week, w.Networks)
	if len(w.week) > 0 {
		text += " (" + w.Zone + ")"
	}
	return text
}

// Text says the exception as one sentence without a full stop.
func (e NamedException) Text(lang string) string {
	who := untilWord.Fill(lang, "{who}", string(e.Person), "{until}", e.Until)
	return exceptionWindow.Fill(lang, "{who}", who, "{what}", windowText(lang, e.week, e.Networks), "{motive}", e.Motive)
}
