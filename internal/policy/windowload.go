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
		l.find(n, "exceptions", phrase{
			"an exception is a person's, whatever their role: write it under window at the top of the policy",
			"une exception est celle d'une personne, quel que soit son rôle : écrivez-la sous window en tête de la politique",
		})
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
		l.find(n, "", phrase{
			"it keeps nobody out: add zone and hours, or networks: [10.0.0.0/8], or leave it out",
			"elle n'écarte personne : ajoutez zone et hours, ou networks: [10.0.0.0/8], ou supprimez-la",
		})
	}
	if text.Zone != "" {
		zone, err := time.LoadLocation(text.Zone)
		if err != nil || text.Zone == "Local" {
			l.find(n, "zone", phrase{"no such time zone; write one like Europe/Paris", "pas de fuseau horaire de ce nom ; écrivez-en un comme Europe/Paris"})
			zone = time.UTC
		}
		w.zone = zone
	}
	if text.Hours.Kind() != strict.Absent {
		w.hours = l.hours(text.Hours)
		if w.zone == nil {
			l.find(n, "hours", phrase{"say by whose clock: add zone: Europe/Paris or another one", "dites à quelle heure locale : ajoutez zone: Europe/Paris ou un autre fuseau"})
		}
	}
	if text.Networks.Kind() != strict.Absent {
		w.networks = l.networks(text.Networks)
	}
	return text, true
}

var (
	noHours = phrase{
		"an empty list is no hours: write some, such as 08:00-20:00, or leave the days out",
		"une liste vide, ce n'est aucune heure : écrivez-en, comme 08:00-20:00, ou supprimez ces jours",
	}
	noNetworks = phrase{
		"an empty list lets nobody in: write networks such as 10.0.0.0/8, or leave it out",
		"une liste vide ne laisse entrer personne : écrivez des réseaux comme 10.0.0.0/8, ou supprimez-la",
	}
)

// hours reads a table of days and hours.
func (l *loader) hours(n strict.Node) week {
	out := week{}
	var table map[string]strict.Node
	if !l.decode(n, &table) {
		return out
	}
	if len(table) == 0 {
		l.find(n, "", phrase{"an empty one lets nobody in: write hours, such as mon-fri: [08:00-20:00]", "vide, il ne laisse entrer personne : écrivez des heures, comme mon-fri: [08:00-20:00]"})
	}
	for _, key := range n.Keys() {
		days := parseDays(key)
		if days == nil {
			l.find(n.Child(key), "", daysForm)
		}
		for _, item := range l.someOf(n.Child(key), noHours) {
			text, scalar := item.Scalar()
			hours, ok := parseHours(text)
			switch {
			case !scalar: // what YAML makes of them between braces
				l.find(item, "", phrase{
					"between braces hours stand in quotes: {mon-fri: [\"08:00-20:00\"]}",
					"entre accolades, les heures s'écrivent entre guillemets : {mon-fri: [\"08:00-20:00\"]}",
				})
			case !ok:
				l.find(item, "", hoursForm)
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
	for _, item := range l.someOf(n, noNetworks) {
		text, _ := item.Scalar()
		prefix, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			l.find(item, "", phrase{
				"write an address and the length of the network's part, like 10.20.0.0/16 or 2001:db8::/32; one address is 10.20.0.7/32",
				"écrivez une adresse et la longueur de la partie réseau, comme 10.20.0.0/16 ou 2001:db8::/32 ; une seule adresse s'écrit 10.20.0.7/32",
			})
		case prefix.Addr().Is4In6():
			l.find(item, "", phrase{"write it as IPv4: addresses are seen so", "écrivez-la en IPv4 : c'est ainsi que les adresses sont vues"})
		case prefix != prefix.Masked():
			l.find(item, "", phrase{
				"the address has bits behind the network's part: it begins at another address, or the length is larger",
				"l'adresse dépasse la partie réseau : le réseau commence à une autre adresse, ou la longueur est plus grande",
			})
		default:
			out = append(out, prefix)
		}
	}
	return out
}

// someOf reads a list that has something in it.
func (l *loader) someOf(n strict.Node, instead phrase) []strict.Node {
	var out []strict.Node
	if l.decode(n, &out) && len(out) == 0 {
		l.find(n, "", instead)
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
		l.find(n, "until", phrase{"write the last day on which it holds, like 2027-01-31", "écrivez le dernier jour où elle vaut, comme 2027-01-31"})
	}
	if text.Hours.Kind() != strict.Absent {
		e.hours = l.hours(text.Hours)
	}
	if text.Networks.Kind() != strict.Absent {
		e.networks = l.networks(text.Networks)
	}
	if e.hours == nil && e.networks == nil {
		l.find(n, "", phrase{
			"it lets nobody in: add hours: {sat: [\"09:00-12:00\"]}, or networks; what it does not say stays as the role has it",
			"elle ne laisse entrer personne : ajoutez hours: {sat: [\"09:00-12:00\"]}, ou networks ; ce qu'elle ne dit pas reste comme pour le rôle",
		})
	}
	return e, true
}
