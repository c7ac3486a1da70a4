package console

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// promise records a call of Alice's on the next lead, whose outcome is an
// appointment with Vera.
func (f *floor) promise(event, at string) bridge.ProposalID {
	f.t.Helper()
	ctx := context.Background()
	h, err := f.app.Desk().Next(ctx, f.as("alice"), "spring")
	if err != nil || h == nil {
		f.t.Fatalf("no lead for Alice: %v", err)
	}
	r, err := f.app.Desk().Record(ctx, f.as("alice"), desk.Call{Lead: h.Lead.ID, Event: bridge.CallEvent{
		EventID: event, OccurredAt: f.now(), Campaign: "spring", Technical: "answered", Disposition: bridge.DispAppointmentSet, TalkS: 90, Note: "sonner deux fois",
		Next: &bridge.Next{Kind: bridge.NextAppointment, At: at, With: "vera", Subject: "Démonstration", Place: "Lyon, rue Haute"},
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.Proposal
}

func (f *floor) rule(id bridge.ProposalID, r desk.Ruling) {
	f.t.Helper()
	if _, err := f.app.Desk().Decide(context.Background(), f.as("sam"), id, r); err != nil {
		f.t.Fatal(err)
	}
}

const (
	sellerSees = "        scope: own\n        read: [class public, class personal, class commercial, class structural]\n        write: [class personal, prospect.next_action, prospect.comment]\n"
	sellerAll  = "        scope: all\n        read: [class public, class personal, class commercial, class structural]\n"
)

// A salesperson finds what was validated for them, with the caller's note, and of
// the prospect what their role sees.
func TestASalespersonReadsTheirAppointments(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	id := f.promise("e1", "2027-03-01T10:00")
	b := f.browser(t)
	b.signIn("vera")
	const page = "/agenda?from=2027-03-01"
	if b.path != "/agenda" {
		t.Errorf("a salesperson begins at %s", b.path)
	}
	if b.get(page); b.status != http.StatusOK || b.shows("Démonstration") || !b.shows("Aucun rendez-vous") {
		t.Fatalf("before a supervisor has decided: %d %s", b.status, b.body)
	}
	if b.get("/agenda/" + string(id)); b.status != http.StatusNotFound {
		t.Errorf("nor by its address: %d", b.status)
	}
	f.rule(id, desk.Ruling{Verb: desk.Validate})
	b.get(page)
	for _, want := range []string{"sonner deux fois", "Démonstration", "Lyon, rue Haute", "10\u00a0h\u00a000"} {
		if !b.shows(want) {
			t.Errorf("the page lacks %q: %s", want, b.body)
		}
	}
	if b.shows("Durand") {
		t.Error("somebody whom she may not see is named")
	}
	b.get("/agenda/" + string(id))
	if b.shows("Durand") || !b.shows("Votre rôle ne voit pas") || !b.shows("sonner deux fois") {
		t.Errorf("the appointment: %s", b.body)
	}
	f.decide(sellerSees, sellerAll)
	b.get("/agenda/" + string(id))
	if !b.shows("Durand") || !strings.Contains(b.body, `href="tel:01990000`) || !b.shows("Historique") || !b.shows("1:30") || strings.Contains(b.body, marginCanary) {
		t.Errorf("as one who sees prospects: %s", b.body)
	}
	f.rule(id, desk.Ruling{Verb: desk.Cancel, Reason: "ill"})
	if b.get(page); !b.shows("annulé") || !b.shows("sonner deux fois") {
		t.Errorf("cancelled: %s", b.body)
	}
	if b.get(page + "&state=synced"); b.shows("sonner deux fois") {
		t.Error("the filter does nothing")
	}
	if b.get("/agenda?from=2027-01-04"); b.shows("sonner deux fois") {
		t.Error("it stands on another page, too")
	}
	s := f.browser(t)
	s.signIn("sam")
	if s.get("/appointments?week=2027-03-01"); !s.shows("annulé") || s.shows("chevauche") {
		t.Errorf("the supervisor's calendar: %s", s.body)
	}
}

// The slots that a caller is shown leave out what the salesperson has in the CRM's
// own calendar, and say whose calendars they were taken from.
func TestSlotsComeFromTheCRM(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	monday := f.now().AddDate(0, 0, 14)
	for monday.Weekday() != time.Monday {
		monday = monday.AddDate(0, 0, 1)
	}
	day := monday.Format(time.DateOnly)
	f.rule(f.promise("e1", day+"T10:00"), desk.Ruling{Verb: desk.Validate})
	eventually(t, "the appointment is in the CRM", func() bool { return len(f.rows("appointments.csv")) == 1 })
	path := filepath.Join(f.dir, "crm", "appointments.csv")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f.write("crm/appointments.csv", strings.Replace(string(raw), day+"T10:00:00", day+"T15:00:00", 1)) // somebody moves it there

	slots := func(b *browser) (free map[string]bool) {
		b.post(b.path+"/draft", "person", "bruno", "with", "vera", "from", day, "then", "slots")
		free = map[string]bool{}
		b.walk(func(n *html.Node) {
			if attribute(n, "name") == "slot" {
				free[attribute(n, "value")] = true
			}
		})
		return free
	}
	b := f.browser(t)
	b.signIn("bruno")
	b.post("/call", "campaign", "spring")
	work := b.path
	var free map[string]bool
	eventually(t, "the CRM's calendar is read in time", func() bool {
		b.path = work
		free = slots(b)
		return b.shows("d’après le calendrier du CRM")
	})
	if free[day+"T15:00"] || free[day+"T15:30"] || !free[day+"T16:00"] || !free[day+"T09:00"] {
		t.Errorf("free: %v, at %s", free, b.body)
	}
	b.post(work+"/outcome", "person", "bruno", "key", "twohours01", "disposition", "appointment_set", "with", "vera", "slot", day+"T16:00", "meet_at", day+"T11:00")
	if b.status != http.StatusUnprocessableEntity || !b.shows("gardez l’un des deux") {
		t.Errorf("a slot and another hour: %d %s", b.status, b.body)
	}
	if err := os.Symlink(path, path+".loop"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".loop", path); err != nil { // the CRM cannot be read any more, from one moment to the next
		t.Fatal(err)
	}
	f.pass(3 * time.Minute)
	b.path = work
	if free = slots(b); !b.shows("nos seuls rendez-vous") || free[day+"T10:00"] || !free[day+"T15:00"] {
		t.Errorf("free: %v, at %s", free, b.body)
	}
}
