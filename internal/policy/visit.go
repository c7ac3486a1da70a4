package policy

import (
	"net/netip"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// visit is when and from where a test case asks, and who.
type visit struct {
	Visit
	person bridge.PersonID
}

// somebody is who asks where a test case names no person: no exception is theirs.
const somebody = bridge.PersonID("somebody")

const momentForm = "2006-01-02T15:04"

// visit reads when and from where a case asks; nil if it does not say when.
func (l *loader) visit(n strict.Node, text caseText, ro *role) *visit {
	if text.At == "" {
		if text.From != "" || text.Person != "" {
			l.find(n, "", phrase{
				"write when as well, as in at: 2026-11-23T21:00: without it rights alone decide",
				"écrivez aussi quand, comme at: 2026-11-23T21:00 : sans cela les droits seuls décident",
			})
		}
		return nil
	}
	zone := time.UTC
	if ro != nil && ro.window != nil {
		zone = ro.window.zone
	}
	out := &visit{person: somebody}
	var err error
	if out.At, err = time.ParseInLocation(momentForm, text.At, zone); err != nil {
		l.find(n, "at", phrase{"write it like 2026-11-23T21:00, by the clock of the role's window", "écrivez-le comme 2026-11-23T21:00, à l'heure de la fenêtre d'accès du rôle"})
	}
	if text.From != "" {
		if out.From, err = netip.ParseAddr(text.From); err != nil {
			l.find(n, "from", phrase{"write an address like 10.20.0.7 or 2001:db8::7", "écrivez une adresse comme 10.20.0.7 ou 2001:db8::7"})
		}
	}
	if text.Person != "" {
		out.person = bridge.PersonID(text.Person)
	}
	return out
}

// shut says whether the visitor, as the role, is not let in; nil if they are.
func (v *visit) shut(p *Policy, ro *role) *Shut {
	if v == nil || ro.window == nil {
		return nil
	}
	return p.shuts(Subject{Person: v.person}, ro.name, ro.window, ro.window.visited(v.Visit))
}

// remedy is the exception that lets the visitor in, nothing if they are.
func (v *visit) remedy(p *Policy, ro *role) Remedy {
	if v == nil {
		return nil
	}
	return p.exceptionTo(Subject{Person: v.person}, ro.window, v.Visit)
}
