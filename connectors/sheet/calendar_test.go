package sheet

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

func TestAppointmentsAndTheirCalendar(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	first := meet("OP1", bridge.WriteMeeting, "1", "m1", "2026-10-24T09:30:00")
	first.Meeting.Note = "Sonner; code 12\nétage 3, à gauche \\ fond"
	second := meet("OP2", bridge.WriteMeeting, "2", "m2", "2026-10-26T09:30:00")
	third := meet("OP3", bridge.WriteMeeting, "3", "m3", "2026-11-02T10:00:00")
	third.Meeting.Slot.Zone = "Indian/Reunion"
	f.must(first, second, third, first)
	moved := meet("OP4", bridge.WriteMove, "1", "m1", "2026-10-27T11:00:00")
	f.must(moved, meet("OP5", bridge.WriteCancel, "2", "m2", "2026-10-26T09:30:00"))
	files := f.read("appointments.csv") + f.read("bob.ics")
	f.must(first, moved, second, meet("OP5", bridge.WriteCancel, "2", "m2", ""))
	f.reopen()
	f.must(first, moved)
	if again := f.read("appointments.csv") + f.read("bob.ics"); again != files {
		t.Errorf("a repeat changed something:\n%s", again)
	}
	for _, w := range []bridge.Write{first, moved, meet("OP5", bridge.WriteCancel, "2", "m2", "")} {
		if !f.present(w) {
			t.Errorf("%s is not found", w.Operation)
		}
	}
	golden.File(t, "testdata/appointments.csv", f.read("appointments.csv"))
	golden.File(t, "testdata/bob.ics", f.read("bob.ics"))
}

func TestCalendarIsReadableAndTrue(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	w := meet("OP1", bridge.WriteMeeting, "1", "m1", "2026-10-25T09:30:00") // the day clocks go back
	w.Meeting.Subject = "Démo, suite; fin"
	f.must(w)
	cal, err := ics.ParseCalendar(strings.NewReader(f.read("bob.ics")))
	if err != nil {
		t.Fatal(err)
	}
	events := cal.Events()
	if len(events) != 1 || events[0].Id() != "m1" {
		t.Fatalf("got %d events", len(events))
	}
	start, err := events[0].GetStartAt()
	if err != nil || !start.Equal(time.Date(2026, 10, 25, 8, 30, 0, 0, time.UTC)) {
		t.Errorf("start %v %v", start, err)
	}
	if got := ics.FromText(events[0].GetProperty(ics.ComponentPropertySummary).Value); got != "Démo, suite; fin" {
		t.Errorf("subject %q", got)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(f.read("bob.ics"), "\r\n"), "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
}

func TestAppointmentChangesHands(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(meet("OP1", bridge.WriteMeeting, "1", "m1", "2026-10-24T09:30:00"), meet("OP2", bridge.WriteMeeting, "2", "m2", "2026-10-25T09:30:00"))
	moved := meet("OP3", bridge.WriteMove, "1", "m1", "2026-10-27T11:00:00")
	moved.Meeting.Salesperson, moved.Meeting.Subject = "éric/../x", ""
	f.must(moved)
	if got := f.read("bob.ics"); strings.Contains(got, "UID:m1") || !strings.Contains(got, "UID:m2") {
		t.Errorf("bob's calendar:\n%s", got)
	}
	got := f.read(feedName("éric/../x"))
	if !strings.Contains(got, "UID:m1") || !strings.Contains(got, "SEQUENCE:1") || !strings.Contains(got, "SUMMARY:Démo") {
		t.Errorf("the other's calendar:\n%s", got)
	}
}

func TestCalendarLeftBehindIsWritten(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(meet("OP1", bridge.WriteMeeting, "1", "m1", "2026-10-24T09:30:00"))
	want := f.read("bob.ics")
	f.write("bob.ics", "BEGIN:VCALENDAR\r\n") // as before a crash
	f.reopen()
	f.present(oppose("OP9", "1"))
	if got := f.read("bob.ics"); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestFeedNames(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, who := range []string{"bob", "Anne Roy", "a/b", "a:b", "a-b", "", "..", ".", "../../etc", strings.Repeat("é", 200), strings.Repeat("é", 201)} {
		name := feedName(who)
		if strings.ContainsAny(name, `/\:`) || strings.HasPrefix(name, ".") || len(name) > 255 || names[name] {
			t.Errorf("%q is filed as %q", who, name)
		}
		names[name] = true
	}
	if feedName("Anne Roy") != "Anne Roy.ics" {
		t.Error("a plain name stays")
	}
}
