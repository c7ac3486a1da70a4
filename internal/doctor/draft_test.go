package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/policy"
)

// office is a CRM that tells the rights of some of its users.
type office struct {
	clinic
	of map[string]connector.Rights
}

func (o *office) Rights(_ context.Context, user string) (connector.Rights, error) {
	r, ok := o.of[user]
	if !ok {
		return r, fault.New(fault.Rejected, "office: rights", errors.New("of the key's user only"))
	}
	return r, nil
}

func leadRights(create connector.May, fields map[string]connector.FieldRights) connector.Rights {
	return connector.Rights{Objects: map[string]connector.ObjectRights{
		"Leads": {Read: connector.Yes, Write: connector.Yes, Create: connector.Yes, Delete: connector.Yes, Fields: fields}, "Events": {Create: create},
	}}
}

func newOffice() (*office, Patient) {
	both := connector.FieldRights{Read: connector.Yes, Write: connector.Yes}
	read := connector.FieldRights{Read: connector.Yes, Write: connector.No}
	caller := map[string]connector.FieldRights{"phone": read, "leadstatus": both, "company": {Read: connector.Untold, Write: connector.Untold}}
	o := &office{of: map[string]connector.Rights{
		"":  leadRights(connector.Yes, map[string]connector.FieldRights{"phone": both, "leadstatus": both, "company": both, "revenue": both, "salary": both}),
		"2": leadRights(connector.No, caller), "3": leadRights(connector.No, caller),
	}}
	o.catalogue = connector.Catalogue{
		System: "an office 1", Key: connector.User{ID: "1", Login: "pont"}, Silent: []string{"who shares\n  what"},
		Objects: []connector.VendorObject{
			{Name: "Leads", Object: bridge.ProspectObj, Fields: []connector.VendorField{{Name: "phone"}, {Name: "leadstatus"}, {Name: "company"}, {Name: "revenue"}, {Name: "salary"}}},
			{Name: "Events", Object: bridge.Appointment},
		},
	}
	o.people = connector.People{Users: []connector.User{
		{ID: "1", Login: "pont", Active: true}, {ID: "2", Login: "alice", Active: true}, {ID: "3", Login: "bob", Active: true}, {ID: "4", Login: "left"},
	}}
	return o, Patient{
		Name: "crm.main", Type: "office", Conn: o, Now: time.Now, Catalog: bridge.Standard(),
		Fields: connector.FieldMap{bridge.FieldPhone: "phone", bridge.FieldLeadStatus: "leadstatus", "account.name": "company", "account.revenue": "revenue", "prospect.email": "not_there"},
	}
}

func TestImportTakesWhatTheCRMSaysYesTo(t *testing.T) {
	t.Parallel()
	_, patient := newOffice()
	d, err := Import(t.Context(), patient)
	if err != nil {
		t.Fatal(err)
	}
	want := `roles:
  key:
    grants:
      - {on: prospect, scope: own, read: [prospect.lead_status, prospect.phone], write: [prospect.lead_status, prospect.phone]}
      - {on: account, scope: own, read: [account.name, account.revenue], write: [account.name, account.revenue]}
      - {on: activity, scope: own, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
  users_1:
    grants:
      - {on: prospect, scope: own, read: [prospect.lead_status, prospect.phone], write: [prospect.lead_status]}

profiles: {}
`
	head, body, _ := strings.Cut(d.Text, "version: 1\n\n")
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("the draft (-want +got):\n%s", diff)
	}
	for _, line := range strings.Split(strings.TrimSpace(head), "\n") {
		if !strings.HasPrefix(line, "#") {
			t.Errorf("not a comment: %q", line)
		}
	}
	if !strings.Contains(head, "an office 1") || !strings.Contains(head, "# - who shares what\n") || strings.Contains(d.Text, "salary") || strings.Contains(d.Text, "alice") {
		t.Errorf("the draft:\n%s", d.Text)
	}
	if len(d.Roles) != 2 || cmp.Diff([]string{"alice", "bob"}, d.Roles[1].Users) != "" || cmp.Diff([]string{"pont"}, d.Roles[0].Users) != "" {
		t.Errorf("whose roles: %+v", d.Roles)
	}
	p, err := policy.Load("draft", []byte(d.Text), patient.Catalog)
	if err != nil || len(p.Paths()) != 0 {
		t.Errorf("it gives somebody something before anybody has said whom: %v", err)
	}
}

func TestImportSaysWhatItDoesNotSee(t *testing.T) {
	t.Parallel()
	o, patient := newOffice()
	o.of = map[string]connector.Rights{"": o.of[""]}
	patient.Lang = "fr"
	d, err := Import(t.Context(), patient)
	if err != nil || len(d.Roles) != 1 || !strings.Contains(d.Text, "# - ce que peuvent faire d'autres que l'utilisateur de la clé") {
		t.Errorf("%v\n%s", err, d.Text)
	}
	o.unasked = true
	if d, err = Import(t.Context(), patient); err != nil || !strings.Contains(d.Text, "# - qui d'autre y travaille") {
		t.Errorf("%v\n%s", err, d.Text)
	}
	patient.Conn = mute{}
	if _, err := Import(t.Context(), patient); err == nil || !strings.Contains(err.Error(), "tells nothing") {
		t.Errorf("a CRM that tells nothing: %v", err)
	}
}

// mute is a CRM that tells nothing.
type mute struct{}

func (mute) Check(context.Context) error { return nil }
func (mute) Close() error                { return nil }
