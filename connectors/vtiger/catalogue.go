package vtiger

import (
	"context"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// modulesTold are the modules that the bridge can use, and what they serve.
var modulesTold = []struct {
	name string
	ours bridge.Object
}{
	{"Leads", ""}, {"Contacts", bridge.Contact}, {"Accounts", bridge.Account}, {"Potentials", bridge.Opportunity}, // prospects where so configured
	{"Events", bridge.Appointment}, {"cbCalendar", bridge.Appointment},
	{"ModComments", bridge.Activity}, {"Campaigns", bridge.CampaignObj}, {"Users", ""}, {"Groups", ""},
}

// openModules lists which of them the key may use: those that hold prospects
// first, in the order of the settings, since a mapping means their fields.
func (c *conn) openModules(ctx context.Context, op string) ([]string, error) {
	var listed struct{ Types []string }
	if err := c.call(ctx, op, read("listtypes"), &listed); err != nil {
		return nil, err
	}
	all := slices.Clone(c.Prospects)
	for _, m := range modulesTold {
		if !slices.Contains(all, m.name) {
			all = append(all, m.name)
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(listed.Types, name) }), nil
}

// Catalogue tells what describe shows the key of the modules that the bridge
// can use.
func (c *conn) Catalogue(ctx context.Context) (connector.Catalogue, error) {
	const op = "vtiger: catalogue"
	me, err := c.self(ctx, op)
	if err != nil {
		return connector.Catalogue{}, err
	}
	names, err := c.openModules(ctx, op)
	if err != nil {
		return connector.Catalogue{}, err
	}
	out := connector.Catalogue{
		System: "vtiger " + me.version,
		Key:    connector.User{ID: me.user, Login: c.User, Name: c.User, Active: true, Admin: me.admin},
		Zone:   c.Zone,
		Users:  slices.Contains(names, "Users"),
		Silent: c.silence(me),
	}
	for _, name := range names {
		told, err := c.describe(ctx, op, name)
		if err != nil {
			return out, err
		}
		out.Objects = append(out.Objects, told.object(c.serves(name)))
	}
	if at := c.serverTime.Load(); at > 0 {
		out.Clock = time.Unix(at, 0).UTC()
	}
	return out, nil
}

// serves is which of our objects a module's records are.
func (c *conn) serves(module string) bridge.Object {
	if slices.Contains(c.Prospects, module) {
		return bridge.ProspectObj
	}
	for _, m := range modulesTold {
		if m.name == module {
			return m.ours
		}
	}
	return ""
}

func (c *conn) silence(me identity) []string {
	out := []string{
		"the rights of other users than the key's: their roles, profiles, groups and the sharing rules are not in the API",
		"how long a text a field keeps: what was cut is noticed by reading the answer, and put back",
	}
	if c.Zone == "" {
		out = append(out, "the zone of the site's database, taken for UTC: set zone to its $default_timezone; the first event that is written proves it")
	}
	if !me.admin {
		out = append(out, "deletions of records that belong to others: a whole read tells")
	}
	return out
}

func (m *module) object(ours bridge.Object) connector.VendorObject {
	out := connector.VendorObject{Name: m.name, Object: ours, Staff: m.name == "Users" || m.name == "Groups"}
	for _, name := range m.order {
		f := m.fields[name]
		out.Fields = append(out.Fields, connector.VendorField{
			Name: f.name, Label: f.label, Type: fieldType(f.kind), Mandatory: f.mandatory,
			Closed: len(f.choices) > 0, Choices: f.choices,
		})
	}
	return out
}

func fieldType(kind string) bridge.FieldType {
	switch kind {
	case "phone":
		return bridge.Phone
	case "email":
		return bridge.Email
	case "integer":
		return bridge.Integer
	case "double", "currency", "percentage":
		return bridge.Decimal
	case "boolean":
		return bridge.Boolean
	case "date":
		return bridge.Date
	case "datetime":
		return bridge.DateTime
	case "picklist":
		return bridge.Enum
	}
	return bridge.Text
}

// Rights tells those of the key: describe knows no other user.
func (c *conn) Rights(ctx context.Context, user string) (connector.Rights, error) {
	const op = "vtiger: rights"
	me, err := c.self(ctx, op)
	if err != nil {
		return connector.Rights{}, err
	}
	if user != "" && user != me.user && user != c.User {
		return connector.Rights{}, fault.Newf(fault.Rejected, op, "the API tells the rights of the connection's own user only: give each role a technical user and a connection of its own to compare")
	}
	names, err := c.openModules(ctx, op)
	if err != nil {
		return connector.Rights{}, err
	}
	// Not Admin, even if it is one: some fields are locked for everybody.
	out := connector.Rights{Objects: map[string]connector.ObjectRights{}}
	for _, name := range names {
		m, err := c.describe(ctx, op, name)
		if err != nil {
			return out, err
		}
		out.Objects[name] = m.rights()
	}
	return out, nil
}

func (m *module) rights() connector.ObjectRights {
	out := connector.ObjectRights{
		Read: may(m.read), Create: may(m.create), Write: may(m.update), Delete: may(m.remove),
		Fields: make(map[string]connector.FieldRights, len(m.fields)),
	}
	for name, f := range m.fields {
		out.Fields[name] = connector.FieldRights{Read: may(m.read), Write: may(m.update && f.editable)}
	}
	return out
}

func may(yes bool) connector.May {
	if yes {
		return connector.Yes
	}
	return connector.No
}
