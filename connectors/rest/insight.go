package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// unsaid is what the settings do not say how to ask.
type unsaid string

func (u unsaid) Error() string        { return "the settings do not say where: add " + string(u) }
func (u unsaid) Is(target error) bool { return target == errors.ErrUnsupported }

// prospectsObject is the one kind of record that the check's list describes.
const prospectsObject = "prospects"

// Catalogue is the fields that the check lists, and whom the credential belongs
// to.
func (c *conn) Catalogue(ctx context.Context) (connector.Catalogue, error) {
	const op = "rest: catalogue"
	if c.settings.Check.Name == "" {
		return connector.Catalogue{}, fault.New(fault.Rejected, op, unsaid("check.list and check.name"))
	}
	var answer any
	header, err := c.exchange(ctx, op, request{method: http.MethodGet, path: c.settings.Check.Path}, &answer)
	if err != nil {
		return connector.Catalogue{}, err
	}
	listed, err := list(op, answer, c.settings.Check.List)
	if err != nil {
		return connector.Catalogue{}, err
	}
	object := connector.VendorObject{Name: prospectsObject, Object: bridge.ProspectObj}
	for _, rec := range listed {
		object.Fields = append(object.Fields, c.settings.Check.field(rec))
	}
	out := connector.Catalogue{
		System: "a JSON API at " + c.host(), Users: c.settings.People != nil,
		Objects: []connector.VendorObject{object},
	}
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		out.Clock = at
	}
	out.Key, err = c.me(ctx, op)
	return out, err
}

func (c *conn) host() string {
	u, err := url.Parse(c.Base)
	if err != nil {
		return "an unknown host"
	}
	return u.Host
}

// me is whom the credential belongs to, nobody where the settings do not say.
func (c *conn) me(ctx context.Context, op string) (connector.User, error) {
	m := c.Me
	if m == nil {
		return connector.User{}, nil
	}
	var answer any
	if err := c.call(ctx, op, request{method: http.MethodGet, path: m.Path}, &answer); err != nil {
		return connector.User{}, err
	}
	rec, err := item(op, answer, m.Item)
	if err != nil {
		return connector.User{}, err
	}
	return connector.User{ID: text(rec[m.ID]), Login: text(rec[m.Login]), Name: text(rec[m.Name]), Active: true}, nil
}

// records reads a list.
func (c *conn) records(ctx context.Context, op, path, key string) ([]record, error) {
	var answer any
	if err := c.call(ctx, op, request{method: http.MethodGet, path: path}, &answer); err != nil {
		return nil, err
	}
	return list(op, answer, key)
}

// Rights are what the credential may do with each field of a prospect. Of
// others this tells nothing.
func (c *conn) Rights(ctx context.Context, user string) (connector.Rights, error) {
	const op = "rest: rights"
	s := c.settings.Rights
	switch {
	case s == nil:
		return connector.Rights{}, fault.New(fault.Rejected, op, unsaid("rights"))
	case user != "":
		return connector.Rights{}, fault.Newf(fault.Rejected, op, "the CRM tells the rights of the credential only")
	}
	listed, err := c.records(ctx, op, s.Path, s.List)
	if err != nil {
		return connector.Rights{}, err
	}
	of := connector.ObjectRights{Fields: map[string]connector.FieldRights{}}
	for _, rec := range listed {
		of.Fields[text(rec[s.Name])] = connector.FieldRights{Read: may(rec, s.Read), Write: may(rec, s.Write)}
	}
	return connector.Rights{Objects: map[string]connector.ObjectRights{prospectsObject: of}}, nil
}

func may(rec record, key string) connector.May {
	held, told := rec[key]
	switch {
	case !told:
		return connector.Untold
	case yes(held):
		return connector.Yes
	}
	return connector.No
}

// yes reads a JSON value as a truth, the ways that APIs write one.
func yes(held any) bool {
	switch strings.ToLower(text(held)) {
	case "true", "1", "yes", "y", "active", "enabled":
		return true
	}
	return false
}

// People are the users that the CRM lists. Where it does not say who is active,
// all that it lists are.
func (c *conn) People(ctx context.Context) (connector.People, error) {
	const op = "rest: people"
	s := c.settings.People
	if s == nil {
		return connector.People{}, fault.New(fault.Rejected, op, unsaid("people"))
	}
	listed, err := c.records(ctx, op, s.Path, s.List)
	if err != nil {
		return connector.People{}, err
	}
	var out connector.People
	for _, rec := range listed {
		out.Users = append(out.Users, connector.User{
			ID: text(rec[s.ID]), Login: text(rec[s.Login]), Name: text(rec[s.Name]), Email: text(rec[s.Email]),
			Active: s.Active == "" || yes(rec[s.Active]), Admin: yes(rec[s.Admin]),
		})
	}
	return out, nil
}

// field is a field as the check's list describes it.
func (s checkSettings) field(rec record) connector.VendorField {
	f := connector.VendorField{
		Name: text(rec[s.Name]), Label: text(rec[s.Label]), Type: typeOf(text(rec[s.Type])), Mandatory: yes(rec[s.Mandatory]),
	}
	listed, _ := rec[s.Choices].([]any)
	for _, c := range listed {
		if inner, ok := c.(map[string]any); ok {
			f.Choices = append(f.Choices, connector.Choice{Value: text(inner["value"]), Label: text(inner["label"])})
			continue
		}
		f.Choices = append(f.Choices, connector.Choice{Value: text(c), Label: text(c)})
	}
	return f
}

// typeOf reads the words that APIs have for types; any other is text.
func typeOf(word string) bridge.FieldType {
	switch strings.ToLower(word) {
	case "int", "integer":
		return bridge.Integer
	case "number", "decimal", "double", "float", "money", "currency":
		return bridge.Decimal
	case "bool", "boolean", "checkbox":
		return bridge.Boolean
	case "date":
		return bridge.Date
	case "datetime", "date-time", "timestamp":
		return bridge.DateTime
	case "phone", "tel":
		return bridge.Phone
	case "email":
		return bridge.Email
	}
	return bridge.Text
}
