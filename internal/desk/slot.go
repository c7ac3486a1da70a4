package desk

import (
	"cmp"
	"sync"
	"time"

	"passerelle/internal/bridge"
)

// The length of an appointment that does not say.
const defaultMinutes = 60

const localLayout = "2006-01-02T15:04:05"

// locations are the zones met so far: the library reads its files each time.
var locations sync.Map // name to *time.Location

// location finds a zone by its IANA name.
func location(name string) (*time.Location, error) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), nil
	}
	loc, err := time.LoadLocation(name)
	if err == nil {
		locations.Store(name, loc)
	}
	return loc, err
}

// slot reads a moment: with an offset it is that instant, without one it is
// wall time in zone, else in the salesperson's zone, the connection's or the
// bridge's.
func (c *command) slot(at, zone string, with bridge.PersonID, connection bridge.ConnectionName) (bridge.Slot, error) {
	if zone == "" && with != "" {
		if p, ok := c.Person(with); ok {
			zone = p.Zone
		}
	}
	zone = cmp.Or(zone, c.Zones[connection], c.opts.Zone)
	loc, err := location(zone)
	if err != nil || zone == "Local" {
		return bridge.Slot{}, &Invalid{"zone", phrase{"not an IANA time zone such as Europe/Paris", "pas un fuseau horaire IANA comme Europe/Paris"}}
	}
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		return bridge.Slot{Local: t.In(loc).Format(localLayout), Zone: zone, UTC: t.UTC()}, nil
	}
	for _, layout := range []string{localLayout, "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		t, err := time.ParseInLocation(layout, at, loc)
		if err != nil {
			continue
		}
		if t.Format(layout) != at {
			return bridge.Slot{}, &Invalid{"at", phrase{"that hour does not exist on that day in {zone}: the clocks go forward", "cette heure n'existe pas ce jour-là en {zone} : on passe à l'heure d'été"}.With("{zone}", zone)}
		}
		return bridge.Slot{Local: t.Format(localLayout), Zone: zone, UTC: t.UTC()}, nil
	}
	return bridge.Slot{}, &Invalid{"at", phrase{"not a time like 2026-11-23T10:30 or 2026-11-23T10:30:00+01:00", "pas une heure comme 2026-11-23T10:30 ou 2026-11-23T10:30:00+01:00"}}
}

// meeting reads an appointment out of a next step.
func (c *command) meeting(next bridge.Next, connection bridge.ConnectionName) (*bridge.Meeting, error) {
	with := bridge.PersonID(next.With)
	if with != "" {
		if _, ok := c.Person(with); !ok {
			return nil, &Invalid{"next.with", phrase{"nobody by this id: it names the salesperson", "personne n'a cet identifiant : c'est celui du commercial"}}
		}
	}
	slot, err := c.slot(next.At, next.Zone, with, connection)
	if err != nil {
		return nil, err
	}
	slot.Minutes = cmp.Or(next.Minutes, defaultMinutes)
	return &bridge.Meeting{Slot: slot, Salesperson: with, Subject: next.Subject, Place: next.Place}, nil
}

func ends(s bridge.Slot) time.Time { return s.UTC.Add(time.Duration(s.Minutes) * time.Minute) }

func overlap(a, b bridge.Slot) bool { return a.UTC.Before(ends(b)) && b.UTC.Before(ends(a)) }
