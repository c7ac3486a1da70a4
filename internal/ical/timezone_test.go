package ical

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
)

func TestTimezone(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{
		"Europe/Paris":     "DTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200",
		"Asia/Kolkata":     "TZOFFSETTO:+0530",
		"America/St_Johns": "TZOFFSETFROM:-0330\r\nTZOFFSETTO:-0230",
		"UTC":              "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000",
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		s := span{}.with(time.Date(2026, 6, 1, 0, 0, 0, 0, loc)).with(time.Date(2026, 1, 1, 0, 0, 0, 0, loc))
		cal := ics.NewCalendar()
		cal.Components = append(cal.Components, timezone(zone, s))
		if got := cal.Serialize(ics.WithNewLine("\r\n")); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q:\n%s", zone, want, got)
		}
	}
}
