package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"passerelle/internal/policy"
	"passerelle/internal/policy/presets"
)

// decide puts another policy in force: the preset with a part of it replaced.
func (f *floor) decide(old, fresh string) {
	f.t.Helper()
	text, _ := presets.Text("plateau-6")
	changed := strings.Replace(string(text), old, fresh, 1)
	if changed == string(text) {
		f.t.Fatalf("the preset does not hold %q", old)
	}
	for {
		before := f.app.Desk().Rules()
		p, err := policy.Load("policy.yaml", []byte(changed), before.Catalog)
		if err != nil {
			f.t.Fatal(err)
		}
		rules := *before
		rules.Policy = p.With(before.Policy.Staff())
		if f.app.Desk().Swap(before, &rules) {
			return
		}
	}
}

// A policy takes a field off a card that is open, at the next request.
func TestAPolicyTakesAFieldOffAnOpenCard(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	b.post("/call", "campaign", "spring")
	at := b.path
	if !b.shows("Lyon") || !b.shows("Durand") {
		t.Fatalf("the card: %s", b.body)
	}
	f.decide("    context: [customer, last_contact, attempts]\n", "      - {on: prospect, fields: [prospect.city], actions: [read]}\n    context: [customer, last_contact, attempts]\n")
	if b.get(at); b.status != http.StatusOK || b.shows("Lyon") || !b.shows("Durand") {
		t.Errorf("%d, afterwards: %s", b.status, b.body)
	}
}

// Outside the hours and networks of a role nothing is handed out; a call that was
// made is taken.
func TestOutsideTheWindow(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	b.post("/call", "campaign", "spring")
	at, form := b.path, b.form("#result")
	f.decide("version: 1\n", "version: 1\nwindow: {networks: [203.0.113.0/24]}\n")
	for _, path := range []string{"/call", "/day", at, "/account"} {
		if b.get(path); b.status != http.StatusForbidden || b.shows("Durand") {
			t.Errorf("%s: %d", path, b.status)
		}
	}
	b.post("/call", "campaign", "spring")
	if b.status != http.StatusForbidden {
		t.Errorf("a lead is handed out: %d", b.status)
	}
	unfinished := url.Values{"key": form["key"], "person": form["person"], "campaign": form["campaign"], "note": {"à revoir"}}
	b.submit(at+"/outcome", unfinished)
	if b.status != http.StatusUnprocessableEntity || b.shows("Durand") || b.shows("Lyon") || !b.shows("à revoir") {
		t.Errorf("a form to correct shows the card: %d %s", b.status, b.body)
	}
	form.Set("disposition", "not_interested")
	form.Set("then", "next")
	b.submit(at+"/outcome", form)
	if b.status != http.StatusOK || !b.shows(said["fr"]["saved"]) {
		t.Errorf("the call is not taken: %d %s", b.status, b.body)
	}
	eventually(t, "the call is in the CRM", func() bool { return len(f.rows("activities.csv")) == 1 })
	on, err := f.app.Desk().OnLines(f.as("sam"))
	if err != nil || len(on) != 0 {
		t.Errorf("saving handed out another lead: %v, %v", on, err)
	}
}
