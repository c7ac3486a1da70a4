package ical

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"pgregory.net/rapid"
)

func calendar(t interface{ Fatal(...any) }, events ...Event) string {
	f := NewFeed("test", "Vera\r\nX-EVIL:1")
	for _, e := range events {
		f.Add(e.Start, e.Text())
	}
	raw, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A calendar shows the hour on the wall, on either side of a change of the clocks
// and over it.
func TestHoursAcrossSummerTime(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		zone, local string
		minutes     int
		end         string
	}{
		{"Europe/Paris", "2026-03-28T10:00:00", 60, "20260328T110000"},
		{"Europe/Paris", "2026-03-29T01:30:00", 60, "20260329T033000"},
		{"Europe/Paris", "2026-03-30T10:00:00", 60, "20260330T110000"},
		{"Europe/Paris", "2026-10-25T10:00:00", 90, "20261025T113000"},
		{"America/Cayenne", "2026-07-01T10:00:00", 60, "20260701T110000"},
		{"UTC", "2026-07-01T10:00:00", 60, "20260701T110000"},
	} {
		loc, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		start, err := time.ParseInLocation("2006-01-02T15:04:05", tc.local, loc)
		if err != nil {
			t.Fatal(err)
		}
		text := calendar(t, Event{UID: "u", Start: start, Minutes: tc.minutes, Changed: start})
		cal, err := ics.ParseCalendar(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := cal.Events()[0].GetStartAt()
		if err != nil || !got.Equal(start) {
			t.Errorf("%s %s: begins %v, %v", tc.zone, tc.local, got, err)
		}
		if !strings.Contains(text, "DTEND;TZID="+tc.zone+":"+tc.end+"\r\n") {
			t.Errorf("%s %s does not end at %s:\n%s", tc.zone, tc.local, tc.end, text)
		}
	}
}

// Whatever people type stays in its own text, and comes back out of the file.
func TestNobodysTextMakesALine(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	for _, name := range []string{
		"BEGIN", "END", "VERSION", "PRODID", "NAME", "X-WR-CALNAME", "TZID", "DTSTART", "DTEND", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME",
		"UID", "DTSTAMP", "SEQUENCE", "STATUS", "SUMMARY", "LOCATION", "DESCRIPTION",
	} {
		allowed[name] = true
	}
	piece := rapid.SampledFrom([]string{"\r\nATTACH:x", "\rATTACH:x", "\nEND:VEVENT", "\u2028X:1", "é", "日本", ";", ",", `\`, `\n`, ":", `"`, "=", "\x00", "\t", " ", "word", strings.Repeat("é", 60)})
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, label), "")
		}
		e := Event{
			UID: "u", Start: time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC), Minutes: 30, Changed: time.Unix(0, 0),
			Sequence: 2, Cancelled: true, Summary: text("summary"), Place: text("place"), Description: text("description"),
		}
		raw := calendar(t, e)
		for line := range strings.SplitSeq(strings.TrimSuffix(raw, "\r\n"), "\r\n") {
			if len(line) > lineLength || strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("a line of %d bytes: %q", len(line), line)
			}
			name, _, _ := strings.Cut(line, ":")
			name, _, _ = strings.Cut(name, ";")
			if !strings.HasPrefix(line, " ") && !allowed[name] {
				t.Fatalf("somebody's text made a line: %q", line)
			}
		}
		cal, err := ics.ParseCalendar(strings.NewReader(raw))
		if err != nil || len(cal.Events()) != 1 {
			t.Fatalf("%v, of\n%s", err, raw)
		}
		for property, want := range map[ics.ComponentProperty]string{
			ics.ComponentPropertySummary: typed(e.Summary), ics.ComponentPropertyLocation: typed(e.Place), ics.ComponentPropertyDescription: typed(e.Description),
		} {
			got := cal.Events()[0].GetProperty(property)
			if (got == nil) != (want == "") || got != nil && ics.FromText(got.Value) != want && got.Value != want {
				t.Fatalf("%s: %v, want %q", property, got, want)
			}
		}
	})
}
