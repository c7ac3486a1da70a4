package console

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/net/html"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// subscribe has somebody make an address for their calendar.
func (b *browser) subscribe() (path string) {
	b.t.Helper()
	b.post("/account/calendar")
	b.walk(func(n *html.Node) {
		if attribute(n, "name") == "address" {
			path = strings.TrimPrefix(attribute(n, "value"), b.base)
		}
	})
	if !strings.HasPrefix(path, "/calendar/") {
		b.t.Fatalf("no address on the page: %d %s", b.status, b.body)
	}
	return path
}

// event is the one appointment of a feed.
func (b *browser) event(path string) *ics.VEvent {
	b.t.Helper()
	b.get(path)
	cal, err := ics.ParseCalendar(strings.NewReader(b.body))
	if b.status != http.StatusOK || err != nil || len(cal.Events()) != 1 {
		b.t.Fatalf("%d, %v: %s", b.status, err, b.body)
	}
	return cal.Events()[0]
}

func text(e *ics.VEvent, p ics.ComponentProperty) string {
	if found := e.GetProperty(p); found != nil {
		return ics.FromText(found.Value)
	}
	return ""
}

// A calendar follows its owner's appointments by its address alone.
func TestACalendarFollowsItsAppointments(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	vera, calendar := f.browser(t), f.browser(t)
	vera.signIn("vera")
	path := vera.subscribe()
	id := f.promise("e1", "2027-03-01T10:00")
	if calendar.get(path); calendar.status != http.StatusOK || strings.Contains(calendar.body, "VEVENT") {
		t.Errorf("before it is validated: %d %s", calendar.status, calendar.body)
	}
	f.rule(id, desk.Ruling{Verb: desk.Validate})
	e := calendar.event(path)
	if got := calendar.header.Get("Content-Type"); got != "text/calendar; charset=utf-8" || calendar.header.Get("Set-Cookie") != "" {
		t.Errorf("it is %q, %v", got, calendar.header)
	}
	uid, start := e.Id(), text(e, ics.ComponentPropertyDtStart)
	if start != "20270301T100000" || text(e, ics.ComponentPropertySummary) != "Démonstration" || !strings.Contains(text(e, ics.ComponentPropertyDescription), "sonner deux fois") {
		t.Errorf("the event: %s", calendar.body)
	}
	r, err := http.NewRequest(http.MethodGet, f.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("If-None-Match", calendar.header.Get("ETag"))
	if calendar.send(r); calendar.status != http.StatusNotModified {
		t.Errorf("asked again: %d", calendar.status)
	}
	last := -1
	is := func(what, start string, status ics.ObjectStatus) {
		t.Helper()
		e := calendar.event(path)
		n, err := strconv.Atoi(text(e, ics.ComponentPropertySequence))
		if err != nil || n <= last || e.Id() != uid || text(e, ics.ComponentPropertyDtStart) != start || text(e, ics.ComponentPropertyStatus) != string(status) {
			t.Errorf("%s: after sequence %d, %s", what, last, calendar.body)
		}
		last = n
	}
	is("validated", start, ics.ObjectStatusConfirmed)
	f.rule(id, desk.Ruling{Verb: desk.Reschedule, Next: &bridge.Next{At: "2027-03-29T10:00"}})
	is("another time waits", start, ics.ObjectStatusConfirmed)
	f.rule(id, desk.Ruling{Verb: desk.Validate})
	is("moved", "20270329T100000", ics.ObjectStatusConfirmed) // by then the clocks have changed
	if at, err := calendar.event(path).GetStartAt(); err != nil || !at.Equal(time.Date(2027, 3, 29, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("in summer time: %v, %v", at, err)
	}
	f.rule(id, desk.Ruling{Verb: desk.Cancel, Reason: "ill"})
	is("cancelled", "20270329T100000", ics.ObjectStatusCancelled)
}

// The feed holds what its owner may read now, and a policy takes off it.
func TestACalendarHoldsWhatItsOwnerMayRead(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	vera, calendar := f.browser(t), f.browser(t)
	vera.signIn("vera")
	path := vera.subscribe()
	f.rule(f.promise("e1", "2027-03-01T10:00"), desk.Ruling{Verb: desk.Validate})
	if calendar.event(path); strings.Contains(calendar.body, "Durand") {
		t.Errorf("somebody whom she may not see: %s", calendar.body)
	}
	f.decide(sellerSees, sellerAll)
	if e := calendar.event(path); !strings.Contains(text(e, ics.ComponentPropertySummary), "Durand") || !strings.Contains(text(e, ics.ComponentPropertyDescription), "01 99 00 00") {
		t.Errorf("the event: %s", calendar.body)
	}
	before := calendar.header.Get("ETag")
	f.decide("      - {on: script, actions: [create, write, delete]}\n", "      - {on: script, actions: [create, write, delete]}\n      - {on: appointment, fields: [appointment.place]}\n      - {on: activity, fields: [activity.note]}\n")
	if calendar.event(path); strings.Contains(calendar.body, "Haute") || strings.Contains(calendar.body, "sonner") || calendar.header.Get("ETag") == before {
		t.Errorf("after the policy has taken two fields off: %s", calendar.body)
	}
	f.decide("      - {on: appointment, scope: own, actions: [read]}\n    deny:\n      - {on: script", "    deny:\n      - {on: script")
	if calendar.get(path); calendar.status != http.StatusForbidden || strings.Contains(calendar.body, "Démonstration") {
		t.Errorf("without a right to read appointments: %d %s", calendar.status, calendar.body)
	}
	f.decide("version: 1\n", "version: 1\nwindow: {networks: [203.0.113.0/24]}\n")
	if calendar.get(path); calendar.status != http.StatusForbidden {
		t.Errorf("from outside the networks: %d", calendar.status)
	}
	for _, canary := range []string{marginCanary, noteCanary, scoreCanary} {
		if strings.Contains(calendar.seen.String(), canary) {
			t.Errorf("the calendar was sent %s", canary)
		}
	}
}

// The address opens one feed, and nothing else; nobody finds it in a log or in the
// store; it ends when its owner says so.
func TestACalendarsAddressIsASecret(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	vera, calendar := f.browser(t), f.browser(t)
	vera.signIn("vera")
	first := vera.subscribe()
	path := vera.subscribe()
	key := strings.TrimSuffix(strings.TrimPrefix(path, "/calendar/"), ".ics")
	if vera.get("/account"); strings.Contains(vera.body, key) {
		t.Error("the address is shown again")
	}
	for at, want := range map[string]int{
		first: http.StatusNotFound, path: http.StatusOK, "/calendar/" + key: http.StatusNotFound, "/calendar/x.ics": http.StatusNotFound, path + "?x=1": http.StatusOK,
	} {
		if calendar.get(at); calendar.status != want {
			t.Errorf("%s: %d, want %d", at, calendar.status, want)
		}
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + key, "Cookie": "passerelle=" + key} {
		for _, at := range []string{"/v1/me", "/account"} {
			r, err := http.NewRequest(http.MethodGet, f.base+at, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(name, value)
			if calendar.send(r); calendar.status == http.StatusOK && calendar.path == at {
				t.Errorf("the key opens %s as %s", at, name)
			}
		}
	}
	vera.post("/account/calendar/end")
	if calendar.get(path); calendar.status != http.StatusNotFound {
		t.Errorf("ended: %d", calendar.status)
	}
	if log := f.log.String(); strings.Contains(log, key) || !strings.Contains(log, `route="GET /calendar/{key}.ics"`) {
		t.Error("the log holds the key, or lacks the request")
	}
	raw, err := os.ReadFile(filepath.Join(f.dir, "data", "store.db"))
	if err != nil || strings.Contains(string(raw), key) {
		t.Errorf("the store holds the key: %v", err)
	}
}
