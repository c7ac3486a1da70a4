package vtiger

import (
	"strings"
	"testing"
	"time"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/doctor"
)

// What a restricted user's describe tells makes a draft policy, which names what
// it does not see.
func TestAPolicyIsImported(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "limited", "")
	d, err := doctor.Import(t.Context(), doctor.Patient{
		Name: "crm.main", Type: "vtiger", Conn: s.conn, Fields: fields, Catalog: bridge.Standard(), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"(vtiger 8.0.0)",
		"# - the rights of other users than the key's: their roles, profiles, groups and the sharing rules are not in the API",
		"# - who else works in it: its key may not list people",
		"read: [prospect.comment, prospect.do_not_call, prospect.job_title, prospect.last_name, prospect.lead_status, prospect.owner, prospect.phone], write: [prospect.comment, prospect.do_not_call, prospect.job_title, prospect.last_name, prospect.lead_status, prospect.owner]",
		"{on: activity, scope: own, actions: [create, read]}",
	} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("the draft lacks %q:\n%s", want, d.Text)
		}
	}
	if strings.Contains(d.Text, "account.revenue") {
		t.Errorf("a field that the profile hides:\n%s", d.Text)
	}
	if len(d.Roles) != 1 || len(d.Roles[0].Users) != 1 || d.Roles[0].Users[0] != "limited" {
		t.Errorf("whose role it is: %+v", d.Roles)
	}
}
