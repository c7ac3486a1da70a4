package fake

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// reach finds the record that an operation names, as the vendor looks for it:
// unknown, deleted and malformed ids are refused alike.
func (c *CRM) reach(u *User, id string) (*Record, *fault) {
	prefix, number, split := strings.Cut(id, "x")
	n, err := strconv.Atoi(number)
	r := c.records[n]
	if !split || err != nil || r == nil || r.Deleted || c.mayUse(u, r.Module) != nil {
		return nil, denied(notPermitted)
	}
	if c.modules[r.Module].prefix != prefix {
		return nil, &fault{"INVALID_ID_ATTRIBUTE", "Id specified is incorrect"}
	}
	if !c.owns(u, r) || c.hidden[u.Login][r.Number] {
		return nil, denied(notReadable)
	}
	return r, nil
}

// show is a record as a user sees it whole.
func (c *CRM) show(u *User, r *Record) map[string]any {
	m := c.modules[r.Module]
	out := map[string]any{"id": c.id(r)}
	for _, f := range c.shown(u, m) {
		out[f.name] = c.column(r, f.name)
	}
	return out
}

// labelled is what retrieve, create and revise answer.
func (c *CRM) labelled(u *User, r *Record) map[string]any {
	out := c.show(u, r)
	var parts []string
	for name := range strings.SplitSeq(c.modules[r.Module].names, ",") {
		if v := r.Fields[name]; v != "" {
			parts = append(parts, v)
		}
	}
	out["label"] = strings.Join(parts, " ")
	return out
}

// column is a value as the web service shows it: a reference to what is gone is
// null in a page and empty in a record; here it is empty.
func (c *CRM) column(r *Record, name string) string {
	value := r.Fields[name]
	f, _ := c.modules[r.Module].field(name)
	if f.kind == "reference" && name != "modifiedby" {
		_, number, _ := strings.Cut(value, "x")
		n, _ := strconv.Atoi(number)
		if other := c.records[n]; other == nil || other.Deleted {
			return ""
		}
	}
	return value
}

func (c *CRM) retrieve(u *User, id string) (any, *fault) {
	r, f := c.reach(u, id)
	if f != nil {
		return nil, f
	}
	return c.labelled(u, r), nil
}

func (c *CRM) create(u *User, module string, element map[string]string) (any, *fault) {
	if f := c.mayUse(u, module); f != nil {
		return nil, f
	}
	if slices.Contains(u.NoCreate, module) {
		return nil, denied("Permission to write is denied")
	}
	m := c.modules[module]
	if f := c.references(m, element); f != nil {
		return nil, f
	}
	for _, f := range m.required() {
		if element[f] == "" {
			return nil, &fault{"MANDATORY_FIELDS_MISSING", f + " does not have a value"}
		}
	}
	if !c.mayAssign(u, element["assigned_user_id"]) {
		return nil, denied("Cannot assign record to the given user")
	}
	return c.labelled(u, c.insert(module, element, u.ID)), nil
}

// required is the mandatory fields in the order in which the vendor misses
// them.
func (m *moduleDef) required() []string {
	var out []string
	for _, f := range m.fields {
		if f.mandatory && f.name != "subject" && f.kind != "time" {
			out = append(out, f.name)
		}
	}
	if m.name == "Events" {
		return []string{"activitytype", "assigned_user_id", "date_start", "due_date", "eventstatus", "subject", "time_start", "duration_hours", "time_end"}
	}
	return out
}

func (c *CRM) references(m *moduleDef, element map[string]string) *fault {
	for _, f := range m.fields {
		if f.kind != "reference" || element[f.name] == "" {
			continue
		}
		prefix, _, _ := strings.Cut(element[f.name], "x")
		known := slices.ContainsFunc(f.refers, func(name string) bool { return c.modules[name] != nil && c.modules[name].prefix == prefix })
		if !known {
			return &fault{"REFERENCE_INVALID", "Invalid reference specified for " + f.name}
		}
	}
	return nil
}

// revise changes the given fields. What a profile locks or hides is dropped
// without a word; every text of the record, sent or not, is decoded once.
func (c *CRM) revise(u *User, element map[string]string, whole bool) (any, *fault) {
	r, f := c.reach(u, element["id"])
	if f != nil {
		return nil, f
	}
	m := c.modules[r.Module]
	if f := c.references(m, element); f != nil {
		return nil, f
	}
	for _, name := range m.required() {
		value, sent := element[name]
		if (whole || sent) && value == "" {
			return nil, &fault{"MANDATORY_FIELDS_MISSING", name + " does not have a value"}
		}
	}
	if owner, sent := element["assigned_user_id"]; sent && !c.mayAssign(u, owner) {
		return nil, denied("Cannot assign record to the given user")
	}
	shown := c.shown(u, m)
	for _, name := range slices.Sorted(maps.Keys(element)) {
		f, known := m.field(name)
		if known && f.editable && shows(shown, name) && !u.locked(m, name) {
			r.Fields[name] = f.store(element[name])
		}
	}
	for name, value := range r.Fields {
		r.Fields[name] = decoded(value)
	}
	r.Fields["modifiedby"] = c.ownerID(u.ID)
	c.touch(r)
	return c.labelled(u, r), nil
}

func (c *CRM) remove(u *User, id string) (any, *fault) {
	r, f := c.reach(u, id)
	if f != nil {
		return nil, f
	}
	if !u.Admin && slices.Contains(u.NoDelete, r.Module) {
		return nil, denied(notReadable)
	}
	r.Deleted = true
	c.touch(r)
	return map[string]any{"status": "successful"}, nil
}
