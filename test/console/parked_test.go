package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"passerelle/internal/outbox"
)

// What the CRM refuses stands on the floor's page with its words, and goes its way
// from there once the CRM can take it.
func TestAParkedWriteIsTriedAgainFromTheFloor(t *testing.T) {
	t.Parallel()
	f := open(t, 2)
	b := f.browser(t)
	b.signIn("alice")
	b.post("/call", "campaign", "spring")
	at, form := b.path, b.form("#result")
	path := filepath.Join(f.dir, "crm", "prospects.csv")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(sheetHead), 0o600); err != nil {
		t.Fatal(err)
	}
	form.Set("disposition", "not_interested")
	b.submit(at+"/outcome", form)
	parked := func() (n int) {
		found, _, err := f.app.Desk().Writes(f.as("sam"), outbox.Filter{State: outbox.Parked})
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	eventually(t, "the CRM has refused", func() bool { return parked() > 0 })
	s := f.browser(t)
	s.signIn("sam")
	found, _, err := f.app.Desk().Writes(f.as("sam"), outbox.Filter{State: outbox.Parked})
	if err != nil || !s.shows(found[0].Reason) {
		t.Fatalf("the floor does not say %q (%v): %s", found[0].Reason, err, s.body)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	var retry []string
	s.walk(func(n *html.Node) {
		if action := attribute(n, "action"); strings.HasSuffix(action, "/retry") {
			retry = append(retry, action)
		}
	})
	if len(retry) != len(found) {
		t.Fatalf("%d buttons for %d writes", len(retry), len(found))
	}
	for _, action := range retry {
		s.post(action)
	}
	eventually(t, "the CRM has taken it", func() bool {
		for _, row := range f.rows("prospects.csv") {
			if row["prospect_status"] == "not_interested" {
				return parked() == 0
			}
		}
		return false
	})
}
