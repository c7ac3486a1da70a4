package vtiger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// describedFor is how long a description counts: rights and picklists change
// while the bridge runs.
const describedFor = 10 * time.Minute

const description = "description"

// module is what describe tells of a module to the key.
type module struct {
	name, label, prefix          string
	create, update, remove, read bool
	fields                       map[string]field
	order                        []string // of the fields' names
	readAt                       time.Time
	zone                         *time.Location // of the times in its records
}

type field struct {
	name, label, kind   string
	mandatory, editable bool
	choices             []connector.Choice
	refers              []string // modules that a reference may point to
}

// described is the vendor's form of it.
type described struct {
	Name, Label                                      string
	IDPrefix                                         string `json:"idPrefix"`
	Createable, Updateable, Deleteable, Retrieveable bool
	Fields                                           []struct {
		Name, Label         string
		Mandatory, Editable bool
		Type                struct {
			Name           string
			PicklistValues []connector.Choice
			RefersTo       []string
		}
	}
}

func (d described) module(readAt time.Time) *module {
	m := &module{
		name: d.Name, label: d.Label, prefix: d.IDPrefix, readAt: readAt, fields: make(map[string]field, len(d.Fields)),
		create: d.Createable, update: d.Updateable, remove: d.Deleteable, read: d.Retrieveable,
	}
	for _, f := range d.Fields {
		m.order = append(m.order, f.Name)
		m.fields[f.Name] = field{
			name: f.Name, label: f.Label, kind: f.Type.Name, mandatory: f.Mandatory, editable: f.Editable,
			choices: f.Type.PicklistValues, refers: f.Type.RefersTo,
		}
	}
	return m
}

// closed is a module that the key may not use.
type closed string

func (c closed) Error() string {
	return "the key may not use the module " + string(c) + ", or the CRM has none of that name"
}

// describe answers what the key may do with a module and is shown of it.
func (c *conn) describe(ctx context.Context, op, name string) (*module, error) {
	c.mu.Lock()
	known := c.modules[name]
	c.mu.Unlock()
	if known != nil && c.env.Now().Sub(known.readAt) < describedFor {
		return known, nil
	}
	var answer described
	if err := c.call(ctx, op, read("describe", "elementType", name), &answer); err != nil {
		if code, _ := coded(err); code == "ACCESS_DENIED" {
			return nil, fault.New(fault.Permanent, op, closed(name))
		}
		return nil, err
	}
	if !prefixPattern.MatchString(answer.IDPrefix) {
		return nil, fault.Newf(fault.Unavailable, op, "describe gave no idPrefix of %s", name)
	}
	m := answer.module(c.env.Now())
	m.name, m.zone = name, c.zone
	c.mu.Lock()
	c.modules[name] = m
	c.mu.Unlock()
	return m, nil
}

// outdated makes the next use of a module read its description again.
func (c *conn) outdated(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.modules, name)
}

// mayWrite says why a field may not be given a value. The server would not:
// what is locked it drops or stores without a word, and it takes any text for a
// picklist. "" stands for no value in particular.
func (m *module) mayWrite(name, value string) error {
	f, shown := m.fields[name]
	switch {
	case !shown:
		return fmt.Errorf("the key is shown no field %s", name)
	case !f.editable:
		return fmt.Errorf("%s is locked for the key", name)
	case value == "" || !strings.HasSuffix(f.kind, "picklist"):
		return nil
	}
	values := []string{value}
	if f.kind == "multipicklist" {
		values = strings.Split(value, multiSeparator)
	}
	for _, v := range values {
		if !slices.ContainsFunc(f.choices, func(c connector.Choice) bool { return c.Value == v }) {
			return fmt.Errorf("the value is none of the picklist %s, which has %s", name, choiceList(f.choices))
		}
	}
	return nil
}

const multiSeparator = " |##| "

func choiceList(choices []connector.Choice) string {
	var names []string
	for _, c := range choices {
		names = append(names, c.Value)
	}
	if len(names) > 20 {
		names = append(names[:20:20], "…")
	}
	return strings.Join(names, ", ")
}

// calendar is the module of calls and meetings.
func (c *conn) calendar() string {
	if c.Flavour == coreBOS {
		return "cbCalendar"
	}
	return "Events"
}

// record is a record as the web service shows it: texts, and null for what is
// empty.
type record map[string]string

// UnmarshalJSON takes numbers and booleans, too: some sites encode them so.
func (r *record) UnmarshalJSON(raw []byte) error {
	var loose map[string]json.RawMessage
	if err := json.Unmarshal(raw, &loose); err != nil {
		return err
	}
	if loose == nil {
		return errors.New("no record")
	}
	*r = make(record, len(loose))
	for name, value := range loose {
		(*r)[name] = plain(value)
	}
	return nil
}

// plain is a JSON value as text; what holds others keeps its JSON.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	switch whole := string(value); whole {
	case "true":
		return "1"
	case "false":
		return "0"
	default:
		return whole
	}
}
