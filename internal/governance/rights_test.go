package governance

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// vendor is a CRM whose leads and contacts both serve prospects.
var vendor = connector.Catalogue{Objects: []connector.VendorObject{
	{Name: "Leads", Object: bridge.ProspectObj, Fields: []connector.VendorField{{Name: "lastname"}, {Name: "leadstatus"}, {Name: "secret"}}},
	{Name: "Contacts", Object: bridge.ProspectObj, Fields: []connector.VendorField{{Name: "title"}}},
	{Name: "Calls", Object: bridge.Activity, Fields: []connector.VendorField{{Name: "subject"}}},
	{Name: "Invoices", Fields: []connector.VendorField{{Name: "total"}}},
}}

var mapped = connector.FieldMap{"prospect.last_name": "lastname", "prospect.status": "leadstatus", "prospect.job_title": "title", "prospect.city": "nowhere"}

func TestWhatACRMTellsBinds(t *testing.T) {
	t.Parallel()
	all := connector.ObjectRights{Read: connector.Yes, Create: connector.Yes, Write: connector.Yes}
	none := connector.ObjectRights{Read: connector.No, Create: connector.No, Write: connector.No}
	fields := all
	fields.Fields = map[string]connector.FieldRights{"lastname": {Read: connector.Yes}, "leadstatus": {Read: connector.Yes, Write: connector.No}}
	own := all
	own.OwnOnly = true
	nothing, title := policy.Forbids{Read: true, Create: true, Write: true}, bridge.FieldName("prospect.job_title")
	for _, c := range []struct {
		name         string
		rights       connector.Rights
		key          bool
		objects      policy.Forbids // of prospects
		fields       map[bridge.FieldName]policy.Forbids
		reads, write int
	}{
		{"an administrator", connector.Rights{Admin: true, Objects: map[string]connector.ObjectRights{"Leads": none}}, true, policy.Forbids{}, nil, 4, 4},
		{"what is not told", connector.Rights{}, true, policy.Forbids{}, nil, 4, 0},
		{"leads, and no contacts", connector.Rights{Objects: map[string]connector.ObjectRights{"Leads": all, "Contacts": none}}, true, policy.Forbids{}, map[bridge.FieldName]policy.Forbids{title: nothing}, 3, 3},
		{"neither", connector.Rights{Objects: map[string]connector.ObjectRights{"Leads": none, "Contacts": none}}, true, nothing,
			map[bridge.FieldName]policy.Forbids{title: nothing, "prospect.last_name": nothing, "prospect.status": nothing}, 0, 0},
		{"single fields; what is not among them is hidden", connector.Rights{Objects: map[string]connector.ObjectRights{"Leads": fields}}, true, policy.Forbids{},
			map[bridge.FieldName]policy.Forbids{"prospect.status": {Create: true, Write: true}}, 3, 0},
		{"somebody's own records", connector.Rights{Objects: map[string]connector.ObjectRights{"Leads": own, "Contacts": own}}, false, policy.Forbids{Others: true}, nil, 4, 4},
		{"a key's own are all it is shown", connector.Rights{Objects: map[string]connector.ObjectRights{"Leads": own, "Contacts": own}}, true, policy.Forbids{}, nil, 4, 4},
	} {
		r := CRMRights{Catalogue: vendor, Key: c.rights}
		got := r.forbidden(c.rights, mapped, c.key)
		for name, f := range got.Fields {
			if (f == policy.Forbids{}) {
				delete(got.Fields, name)
			}
		}
		if c.fields == nil {
			c.fields = map[bridge.FieldName]policy.Forbids{}
		}
		if diff := cmp.Diff(c.fields, got.Fields); diff != "" || got.Objects[bridge.ProspectObj] != c.objects {
			t.Errorf("%s: prospects %+v\n%s", c.name, got.Objects[bridge.ProspectObj], diff)
		}
		if reads, writes := r.Could(); reads != c.reads || writes != c.write {
			t.Errorf("%s: it could read %d and write %d", c.name, reads, writes)
		}
	}
}

// Somebody of whom the CRM did not tell this time keeps what it told before; of
// whom it never told, everything is withheld.
func TestRightsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, text("first"))
	people := []bridge.Person{
		{ID: "alice", CRM: map[bridge.ConnectionName]string{crm: "u1"}}, {ID: "bob", CRM: map[bridge.ConnectionName]string{crm: "u2"}},
		{ID: "carl"},
	}
	keep := func(users ...string) policy.Told {
		t.Helper()
		told := CRMRights{At: time.Now(), Catalogue: vendor, Users: map[string]connector.Rights{}}
		for _, u := range users {
			told.Users[u] = connector.Rights{}
		}
		if err := KeepRights(t.Context(), w.store, crm, told); err != nil {
			t.Fatal(err)
		}
		var got CRMRights
		err := w.store.View(func(tx *store.Tx) (err error) {
			got, _, err = RightsOf(tx, crm)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return got.Told(crm, mapped, people)
	}
	first, second := keep("u1"), keep()
	for _, told := range []policy.Told{first, second} {
		bob, known := told.People["bob"]
		_, carl := told.People["carl"]
		if told.Key == nil || told.People["alice"] == nil || bob != nil || !known || carl {
			t.Errorf("%+v", told)
		}
	}
	err := w.store.View(func(tx *store.Tx) error {
		_, ever, err := RightsOf(tx, "crm.other")
		if ever {
			t.Error("a CRM that never told has told")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
