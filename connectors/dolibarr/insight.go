package dolibarr

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// The objects, by the names of the API's routes.
const (
	objectParties  = "thirdparties"
	objectEvents   = "agendaevents"
	objectCategory = "categories"
	objectUsers    = "users"
)

// Catalogue tells what third parties and events hold. The API has no
// description of its objects that says more than this table of properties; the
// site's extra fields it tells to administrators.
func (c *conn) Catalogue(ctx context.Context) (connector.Catalogue, error) {
	const op = "dolibarr: catalogue"
	version, clock, err := c.version(ctx, op)
	if err != nil {
		return connector.Catalogue{}, err
	}
	out := connector.Catalogue{System: "Dolibarr " + version, Clock: clock, Silent: []string{
		"the prospect statuses: no route lists their dictionary, so an id of settings.statuses is proved when it is first written",
		"the sales representatives of a third party: the route answers 404 for every record",
		"the time zone of the server: the check proves the connection's",
		"rights by field: Dolibarr has none",
	}}
	parties := connector.VendorObject{Name: objectParties, Object: bridge.ProspectObj, Fields: c.partyFields()}
	events := connector.VendorObject{Name: objectEvents, Object: bridge.Appointment, Fields: eventFields()}
	for of, object := range map[string]*connector.VendorObject{"societe": &parties, "actioncomm": &events} {
		fields, err := c.extraFields(ctx, op, of)
		if denied(err) {
			out.Silent = append(out.Silent, "the extra fields of "+object.Name+", beyond those that are named here: only administrators are told")
			fields, err = c.namedExtras(ctx, op, object.Name)
		}
		if err != nil {
			return connector.Catalogue{}, err
		}
		object.Fields = append(object.Fields, fields...)
	}
	if err := c.eventTypes(ctx, op, &events, &out); err != nil {
		return connector.Catalogue{}, err
	}
	slices.Sort(out.Silent)
	out.Objects = []connector.VendorObject{parties, events, {Name: objectCategory, Object: bridge.CampaignObj}, {Name: objectUsers, Staff: true}}
	return out, c.whoAndUsers(ctx, op, &out)
}

// partyFields is the table of properties, with what the settings say of
// statuses.
func (c *conn) partyFields() []connector.VendorField {
	var out []connector.VendorField
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		p := properties[name]
		f := connector.VendorField{Name: name, Label: p.label, Type: p.kind, Mandatory: name == "name"}
		switch name {
		case propStatus:
			f.Closed = len(c.Statuses) > 0
			for _, id := range slices.Sorted(maps.Keys(c.Statuses)) {
				f.Choices = append(f.Choices, connector.Choice{Value: id, Label: strings.Join(c.Statuses[id], ", ")})
			}
		case "fk_prospectlevel":
			for _, level := range levels {
				f.Choices = append(f.Choices, connector.Choice{Value: level, Label: level})
			}
		}
		out = append(out, f)
	}
	return out
}

func eventFields() []connector.VendorField {
	return []connector.VendorField{
		{Name: "type_code", Label: "Type", Type: bridge.Enum, Mandatory: true},
		{Name: "label", Label: "Label", Type: bridge.Text},
		{Name: "datep", Label: "Begins", Type: bridge.DateTime},
		{Name: "datef", Label: "Ends", Type: bridge.DateTime},
		{Name: "userownerid", Label: "Owner, by id", Type: bridge.Integer, Mandatory: true},
		{Name: "socid", Label: "Third party, by id", Type: bridge.Integer},
		{Name: "location", Label: "Place", Type: bridge.Text},
		{Name: "percentage", Label: "Progress, -1 for none", Type: bridge.Integer},
		{Name: "note_private", Label: "Note", Type: bridge.Text},
	}
}

// fieldTypes are Dolibarr's types of extra fields; any other holds text.
var fieldTypes = map[string]bridge.FieldType{
	"int": bridge.Integer, "double": bridge.Decimal, "price": bridge.Decimal, "boolean": bridge.Boolean,
	"date": bridge.Date, "datetime": bridge.DateTime, "mail": bridge.Email, "phone": bridge.Phone,
	"select": bridge.Enum, "radio": bridge.Enum,
}

// extraFields tells the extra fields of an object, by its table's name.
func (c *conn) extraFields(ctx context.Context, op, of string) ([]connector.VendorField, error) {
	var answer any // an object of objects; a list where there are none
	if err := c.call(ctx, op, request{path: "/setup/extrafields", params: url.Values{"elementtype": {of}}}, &answer); err != nil {
		return nil, err
	}
	all, _ := answer.(map[string]any)
	fields, _ := all[of].(map[string]any)
	var out []connector.VendorField
	for _, code := range slices.Sorted(maps.Keys(fields)) {
		def, _ := fields[code].(map[string]any)
		f := connector.VendorField{Name: extra + code, Label: text(def["label"]), Type: bridge.Text, Mandatory: text(def["required"]) == "1"}
		if t, known := fieldTypes[text(def["type"])]; known {
			f.Type = t
		}
		if f.Type == bridge.Enum {
			f.Closed, f.Choices = true, choices(def["param"])
		}
		out = append(out, f)
	}
	return out, nil
}

// namedExtras are the extra fields that the connection names and Dolibarr has:
// it refuses to filter by one that it has not.
func (c *conn) namedExtras(ctx context.Context, op, object string) ([]connector.VendorField, error) {
	codes := []string{c.Events.ID, c.Events.Changes, c.Events.Disposition, c.Events.Duration}
	if object == objectParties {
		codes = nil
		for _, vendor := range c.env.Fields {
			if code, is := strings.CutPrefix(vendor, extra); is {
				codes = append(codes, code)
			}
		}
	}
	slices.Sort(codes)
	var out []connector.VendorField
	for _, code := range slices.Compact(codes) {
		if code == "" {
			continue
		}
		params := url.Values{"sqlfilters": {"(ef." + code + ":=:'passerelle')"}, "limit": {"1"}, "properties": {"id"}}
		err := c.call(ctx, op, request{path: "/" + object, params: params}, new(any))
		switch {
		case errors.Is(err, errNoField):
		case err != nil && !isEmpty(err):
			return nil, err
		default:
			out = append(out, connector.VendorField{Name: extra + code, Label: code, Type: bridge.Text})
		}
	}
	return out, nil
}

// Names tells the types of events and the user that the settings name.
func (c *conn) Names() []connector.Named {
	out := []connector.Named{
		{Setting: "call.type", Object: objectEvents, Field: "type_code", Value: c.Call.Type},
		{Setting: "appointment.type", Object: objectEvents, Field: "type_code", Value: c.Appointment.Type},
		{Setting: "events.id", Object: objectEvents, Field: extra + c.Events.ID},
		{Setting: "events.changes", Object: objectEvents, Field: extra + c.Events.Changes},
	}
	for setting, code := range map[string]string{"events.disposition": c.Events.Disposition, "events.duration_s": c.Events.Duration} {
		if code != "" {
			out = append(out, connector.Named{Setting: setting, Object: objectEvents, Field: extra + code})
		}
	}
	return append(out, connector.Named{Setting: "user", User: c.User})
}

// choices are the options of a list, by key.
func choices(param any) []connector.Choice {
	outer, _ := param.(map[string]any)
	options, _ := outer["options"].(map[string]any)
	var out []connector.Choice
	for _, key := range slices.Sorted(maps.Keys(options)) {
		out = append(out, connector.Choice{Value: key, Label: text(options[key])})
	}
	return out
}

// eventTypes fills in which types of events there are.
func (c *conn) eventTypes(ctx context.Context, op string, events *connector.VendorObject, out *connector.Catalogue) error {
	var types []record
	err := c.call(ctx, op, request{path: "/setup/dictionary/event_types", params: url.Values{"limit": {"500"}}}, &types)
	if denied(err) {
		out.Silent = append(out.Silent, "the types of events: the key may not read that dictionary")
		return nil
	}
	if err != nil {
		return err
	}
	events.Fields[0].Closed = len(types) > 0
	for _, t := range types {
		events.Fields[0].Choices = append(events.Fields[0].Choices, connector.Choice{Value: text(t["code"]), Label: text(t["label"])})
	}
	return nil
}

// whoAndUsers fills in whose the key is and whether it may list people.
func (c *conn) whoAndUsers(ctx context.Context, op string, out *connector.Catalogue) error {
	me, err := c.user(ctx, op, "")
	switch {
	case fault.Of(err) != nil && fault.Of(err).Kind == fault.Rejected:
		out.Silent = append(out.Silent, "whom the key belongs to: its user may not read their own account")
	case err != nil:
		return err
	default:
		out.Key = userOf(me)
	}
	err = c.call(ctx, op, request{path: "/users", params: url.Values{"limit": {"1"}, "properties": {"id"}}}, new(any))
	if denied(err) {
		out.Silent = append(out.Silent, "people: the key's user may not read users")
		return nil
	}
	out.Users = err == nil
	return err
}
