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
)

// clinic is a CRM that tells what the test lays down.
type clinic struct {
	checked   error
	catalogue connector.Catalogue
	rights    connector.Rights
	people    connector.People
	unasked   bool // its settings leave rights and people out
	names     []connector.Named
}

func (c *clinic) Check(context.Context) error { return c.checked }
func (c *clinic) Close() error                { return nil }
func (c *clinic) Names() []connector.Named    { return c.names }
func (c *clinic) Catalogue(context.Context) (connector.Catalogue, error) {
	return c.catalogue, nil
}
func (c *clinic) Rights(context.Context, string) (connector.Rights, error) {
	return c.rights, c.left()
}
func (c *clinic) People(context.Context) (connector.People, error) { return c.people, c.left() }

func (c *clinic) left() error {
	if c.unasked {
		return fault.New(fault.Rejected, "clinic: ask", errors.ErrUnsupported)
	}
	return nil
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// healthy is a connection with which nothing is wrong.
func healthy(t *testing.T) (*clinic, Patient) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	yes := connector.FieldRights{Read: connector.Yes, Write: connector.Yes}
	c := &clinic{
		catalogue: connector.Catalogue{
			System: "Clinic 7", Key: connector.User{ID: "5", Login: "bridge"}, Zone: "Europe/Brussels", Clock: noon.Add(2 * time.Second),
			Objects: []connector.VendorObject{
				{Name: "Leads", Object: bridge.ProspectObj, Fields: []connector.VendorField{
					{Name: "phone", Type: bridge.Phone}, {Name: "leadstatus", Type: bridge.Enum, Closed: true, Choices: []connector.Choice{{Value: "Hot"}, {Value: "Cold"}}},
				}},
				{Name: "Events", Object: bridge.Appointment},
			},
		},
		rights: connector.Rights{Objects: map[string]connector.ObjectRights{
			"Leads":  {Read: connector.Yes, Write: connector.Yes, Fields: map[string]connector.FieldRights{"phone": {Read: connector.Yes, Write: connector.No}, "leadstatus": yes}},
			"Events": {Create: connector.Yes},
		}},
		people: connector.People{Users: []connector.User{{ID: "5", Active: true}, {ID: "7", Active: true}}},
		names:  []connector.Named{{Setting: "owner", User: "5"}, {Setting: "statuses.interested", Object: "Leads", Field: "leadstatus", Value: "Hot"}},
	}
	catalog, err := bridge.Standard().With(bridge.FieldDef{Name: "prospect.x_heat", Type: bridge.Enum, Values: []string{"Hot"}})
	if err != nil {
		t.Fatal(err)
	}
	return c, Patient{
		Name: "crm.clinic", Kind: connector.CRM, Type: "clinic", Conn: c, Zone: paris, Catalog: catalog,
		Takes:  bridge.WriteKinds(),
		Fields: connector.FieldMap{bridge.FieldPhone: "phone", "prospect.x_heat": "leadstatus"},
		Read:   []bridge.FieldName{bridge.FieldPhone, "prospect.x_heat", "account.margin"},
		Write:  []bridge.FieldName{"prospect.x_heat"},
		People: []bridge.Person{{ID: "vera", Active: true, CRM: map[bridge.ConnectionName]string{"crm.clinic": "7"}}},
		Now:    func() time.Time { return noon },
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		spoil func(c *clinic, p *Patient)
		want  []string // level code about
		says  string
	}{
		{"healthy", func(*clinic, *Patient) {}, nil, ""},
		{"check", func(c *clinic, _ *Patient) { c.checked = errors.New("status 401") }, []string{"wrong check "}, "status 401"},
		{"clock", func(c *clinic, _ *Patient) { c.catalogue.Clock = noon.Add(-10 * time.Minute) }, []string{"wrong clock "}, "-10m0s"},
		{"zone", func(c *clinic, _ *Patient) { c.catalogue.Zone = "Europe/London" }, []string{"note zone.differs "}, "Europe/London"},
		{"no zone", func(c *clinic, _ *Patient) { c.catalogue.Zone = "Mars" }, []string{"note zone.unknown "}, "Mars"},
		{"field", func(_ *clinic, p *Patient) { p.Fields[bridge.FieldPhone] = "Phone_" }, []string{"wrong field.missing prospect.phone", "wider key.reads Leads"}, "there are: phone"},
		{"value", func(c *clinic, _ *Patient) { c.catalogue.Objects[0].Fields[1].Choices[0].Value = "Warm" },
			[]string{"wrong value.missing prospect.x_heat", "wrong setting.value statuses.interested"}, "Warm, Cold"},
		{"any value will do", func(c *clinic, _ *Patient) { c.catalogue.Objects[0].Fields[1].Closed = false }, nil, ""},
		{"type", func(c *clinic, _ *Patient) { c.catalogue.Objects[0].Fields[0].Type = bridge.Boolean }, []string{"note type.differs prospect.phone"}, "boolean"},
		{"setting's object", func(c *clinic, _ *Patient) { c.names[1].Object = "Lead" }, []string{"wrong setting.object statuses.interested"}, `"Lead"`},
		{"setting's field", func(c *clinic, _ *Patient) { c.names[1].Field = "status" }, []string{"wrong setting.field statuses.interested"}, "Leads.status"},
		{"setting's value of a field without a list", func(c *clinic, _ *Patient) {
			c.names[1].Field, c.names[1].Value = "phone", "1"
		}, nil, ""},
		{"setting's user", func(c *clinic, _ *Patient) { c.names[0].User = "6" }, []string{"wrong setting.user.missing owner"}, `"6"`},
		{"person", func(c *clinic, _ *Patient) { c.people.Users[1].ID = "8" }, []string{"wrong person.user.missing vera"}, `"7"`},
		{"person who left", func(c *clinic, _ *Patient) { c.people.Users[1].Active = false }, []string{"wrong person.user.inactive vera"}, "no longer"},
		{"person of ours who left", func(c *clinic, p *Patient) { c.people.Users[1].Active, p.People[0].Active = false, false }, nil, ""},
		{"two for one", func(_ *clinic, p *Patient) {
			p.People = append(p.People, bridge.Person{ID: "bob", Active: true, CRM: p.People[0].CRM})
		}, []string{"wrong person.twice bob"}, "vera"},
		{"admin", func(c *clinic, _ *Patient) { c.rights.Admin = true }, []string{"wider key.admin ", "wider key.writes Leads"}, "phone"},
		{"reads too much", func(_ *clinic, p *Patient) { p.Read = p.Read[1:] }, []string{"wider key.reads Leads"}, "so many: 1, phone"},
		{"deletes", func(c *clinic, _ *Patient) {
			leads := c.rights.Objects["Leads"]
			leads.Delete = connector.Yes
			c.rights.Objects["Leads"] = leads
		}, []string{"wider key.delete "}, "1, Leads"},
		{"deletes what the bridge makes", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "Calls", Object: bridge.Activity})
			for _, made := range []string{"Calls", "Events"} {
				c.rights.Objects[made] = connector.ObjectRights{Create: connector.Yes, Delete: connector.Yes}
			}
		}, nil, ""},
		{"other objects", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "Invoices"})
			c.rights.Objects["Invoices"] = connector.ObjectRights{Read: connector.Yes}
		}, []string{"wider key.object "}, ""},
		{"lists people", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "Users", Staff: true})
			c.rights.Objects["Users"] = connector.ObjectRights{Read: connector.Yes}
		}, nil, ""},
		{"reads campaigns, which selections name", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "categories", Object: bridge.CampaignObj})
			c.rights.Objects["categories"] = connector.ObjectRights{Read: connector.Yes}
		}, nil, ""},
		{"changes campaigns", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "categories", Object: bridge.CampaignObj})
			c.rights.Objects["categories"] = connector.ObjectRights{Read: connector.Yes, Write: connector.Yes}
		}, []string{"wider key.object "}, "categories"},
		{"changes people", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "Users", Staff: true})
			c.rights.Objects["Users"] = connector.ObjectRights{Write: connector.Yes}
		}, []string{"wider key.object "}, "Users"},
		{"a kind that nothing is mapped to", func(c *clinic, _ *Patient) {
			c.catalogue.Objects = append(c.catalogue.Objects, connector.VendorObject{Name: "Contacts", Object: bridge.Contact, Fields: []connector.VendorField{{Name: "phone"}}})
			c.rights.Objects["Contacts"] = connector.ObjectRights{Read: connector.Yes}
		}, []string{"wider key.object "}, "Contacts"},
		{"may not read", func(c *clinic, _ *Patient) { delete(c.rights.Objects["Leads"].Fields, "phone") }, []string{"wrong key.read prospect.phone"}, ""},
		{"may not write", func(_ *clinic, p *Patient) { p.Write = append(p.Write, bridge.FieldPhone) }, []string{"wrong key.write prospect.phone"}, ""},
		{"may not create", func(c *clinic, _ *Patient) { c.rights.Objects["Events"] = connector.ObjectRights{Create: connector.No} }, []string{"wrong key.create Events"}, ""},
		{"not asked", func(c *clinic, _ *Patient) { c.unasked = true; c.names = nil }, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, lang := range []string{"en", "fr"} {
				c, p := healthy(t)
				tc.spoil(c, &p)
				p.Lang = lang
				r, err := Examine(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				all := ""
				for _, f := range r.Findings {
					got = append(got, strings.Join([]string{string(f.Level), f.Code, f.About}, " "))
					all += f.Text + "\n"
				}
				if d := cmp.Diff(tc.want, got); d != "" {
					t.Errorf("-want +got:\n%s", d)
				}
				if strings.Contains(all, "%!") || lang == "en" && !strings.Contains(all, tc.says) {
					t.Errorf("%s: says %s", lang, all)
				}
			}
		})
	}
}

func TestWhatItTells(t *testing.T) {
	t.Parallel()
	c, p := healthy(t)
	c.catalogue.Silent = []string{"the rights of others"}
	r, err := Examine(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Connection: "crm.clinic", Kind: connector.CRM, Type: "clinic", Reachable: true, System: "Clinic 7", Key: "bridge (5)",
		Zone: "Europe/Brussels", ClockS: 2, Untold: []string{"the rights of others", "when salespeople are taken", "what became of appointments"},
	}
	if d := cmp.Diff(want, r); d != "" || !r.OK() {
		t.Errorf("-want +got:\n%s", d)
	}
}

// Every text is there in both languages, with the same values.
func TestWords(t *testing.T) {
	t.Parallel()
	for code, w := range words {
		if w.en == "" || w.fr == "" || strings.Count(w.en, "%") != strings.Count(w.fr, "%") {
			t.Errorf("%s: %q, %q", code, w.en, w.fr)
		}
	}
}
