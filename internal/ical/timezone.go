package ical

import (
	"fmt"
	"time"

	ics "github.com/arran4/golang-ical"
)

// span is a stretch of time.
type span struct{ from, to time.Time }

// with is the span stretched to hold t.
func (s span) with(t time.Time) span {
	if s.from.IsZero() || t.Before(s.from) {
		s.from = t
	}
	if t.After(s.to) {
		s.to = t
	}
	return s
}

// timezone describes a zone over a span by its actual changes of offset: rules
// that were replaced in between stay true for the years they were in force.
func timezone(name string, s span) *ics.VTimezone {
	tz := ics.NewTimezone(name)
	tz.Properties = nil
	tz.SetProperty(ics.ComponentProperty("TZID"), name)
	for at := s.from; ; {
		start, end := at.ZoneBounds()
		tz.Components = append(tz.Components, observance(at, start))
		if end.IsZero() || end.After(s.to) {
			return tz
		}
		at = end
	}
}

// observance is one offset from the moment it came into force.
func observance(at, since time.Time) ics.Component {
	abbreviation, offset := at.Zone()
	before := offset
	start := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	if !since.IsZero() {
		_, before = since.Add(-time.Second).Zone()
		start = since.UTC().Add(time.Duration(before) * time.Second) // on the wall before the change
	}
	var base ics.ComponentBase
	base.SetProperty(ics.ComponentPropertyDtStart, start.Format("20060102T150405"))
	base.SetProperty(ics.ComponentProperty("TZOFFSETFROM"), offsetText(before))
	base.SetProperty(ics.ComponentProperty("TZOFFSETTO"), offsetText(offset))
	base.SetProperty(ics.ComponentProperty("TZNAME"), abbreviation)
	if at.IsDST() {
		return &ics.Daylight{ComponentBase: base}
	}
	return &ics.Standard{ComponentBase: base}
}

func offsetText(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if s := seconds % 60; s != 0 {
		text += fmt.Sprintf("%02d", s)
	}
	return text
}
