package ical

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
)

// Event is an appointment in a calendar.
type Event struct {
	UID      string
	Start    time.Time // in its zone, whose name is IANA's
	Minutes  int       // 0: it does not say
	Changed  time.Time // last
	Sequence int       // of a changed one: higher than before

	Cancelled                   bool
	Summary, Place, Description string // "" for none
}

// The longest line, in bytes.
const lineLength = 75

var lines = &ics.SerializationConfiguration{MaxLength: lineLength, PropertyMaxLength: lineLength, NewLine: "\r\n"}

// Text is the event as it stands in a calendar.
func (e Event) Text() string {
	const local = "20060102T150405"
	zone := ics.WithTZID(e.Start.Location().String())
	out := ics.NewEvent(e.UID)
	out.SetDtStampTime(e.Changed)
	out.SetProperty(ics.ComponentPropertyDtStart, e.Start.Format(local), zone)
	if e.Minutes > 0 {
		end := e.Start.Add(time.Duration(e.Minutes) * time.Minute)
		out.SetProperty(ics.ComponentPropertyDtEnd, end.Format(local), zone)
	}
	out.SetSequence(e.Sequence)
	status := ics.ObjectStatusConfirmed
	if e.Cancelled {
		status = ics.ObjectStatusCancelled
	}
	out.SetStatus(status)
	if s := typed(e.Summary); s != "" {
		out.SetSummary(s)
	}
	if s := typed(e.Place); s != "" {
		out.SetLocation(s)
	}
	if s := typed(e.Description); s != "" {
		out.SetDescription(s)
	}
	return out.Serialize(lines)
}

// typed is a text of people's without what could end a line of the file.
func typed(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\ufffd"))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// Feed is a calendar in the making.
type Feed struct {
	product, name string
	events        bytes.Buffer
	zones         map[string]span
}

// NewFeed begins a calendar: what makes it, and what it is called.
func NewFeed(product, name string) *Feed {
	return &Feed{product: product, name: name, zones: map[string]span{}}
}

// Add adds an event that begins then, as [Event.Text] made it.
func (f *Feed) Add(start time.Time, text string) {
	zone := start.Location().String()
	f.zones[zone] = f.zones[zone].with(start)
	f.events.WriteString(text)
}

// Bytes is the whole calendar.
func (f *Feed) Bytes() ([]byte, error) {
	cal := ics.NewCalendarFor("Passerelle")
	cal.SetProductId("-//Passerelle//" + f.product + "//EN")
	cal.SetXWRCalName(typed(f.name))
	for _, name := range slices.Sorted(maps.Keys(f.zones)) {
		cal.Components = append(cal.Components, timezone(name, f.zones[name]))
	}
	var b bytes.Buffer
	if err := cal.SerializeTo(&b, ics.WithNewLine("\r\n")); err != nil {
		return nil, err
	}
	const end = "END:VCALENDAR\r\n"
	b.Truncate(b.Len() - len(end))
	b.Write(f.events.Bytes())
	b.WriteString(end)
	return b.Bytes(), nil
}
