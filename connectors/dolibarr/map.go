package dolibarr

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// record is a JSON object of Dolibarr; numbers in it are [json.Number].
type record map[string]any

// text is a JSON value as text: null is "". Dolibarr spells the same number as
// a number here and as a string there.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	return ""
}

// number is a JSON value as a whole number, 0 if it is none.
func number(v any) int64 {
	n, _ := strconv.ParseInt(text(v), 10, 64)
	return n
}

// moment is an instant given in epoch seconds; the zero time if there is none.
func moment(v any) time.Time {
	n := number(v)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// field is a property of a record, or one of its extra fields. An object
// without any shows them as an empty list.
func (r record) field(vendor string) (any, bool) {
	if column(vendor) != extras {
		v, there := r[column(vendor)]
		return v, there
	}
	options, _ := r[extras].(map[string]any)
	v, there := options[vendor]
	return v, there
}

// mapper translates between canonical fields and third parties' properties.
type mapper struct {
	fields   connector.FieldMap
	catalog  bridge.Catalog
	settings settings
	zone     *time.Location
}

// value brings what Dolibarr holds to canonical form.
func (m mapper) value(name bridge.FieldName, held any) bridge.Value {
	def, vendor := m.catalog.DefOrText(name), m.fields[name]
	p, _ := propertyOf(vendor)
	raw := p.form.read(text(held))
	switch {
	case vendor == propOpposed:
		return bridge.Value(strconv.FormatBool(raw == notToContact))
	case vendor == propStatus:
		return m.status(raw)
	case p.kind == bridge.Decimal: // its columns show eight places
		if v, err := (bridge.FieldDef{Type: bridge.Decimal}).Parse(raw); err == nil {
			raw = string(v)
		}
	case (def.Type == bridge.Date || def.Type == bridge.DateTime) && moment(raw) != time.Time{}:
		// Days and moments come as epoch seconds, a day as its midnight on the server.
		layout := time.RFC3339
		if def.Type == bridge.Date {
			layout = time.DateOnly
		}
		raw = moment(raw).In(m.zone).Format(layout)
	}
	return def.Held(raw)
}

func (m mapper) status(id string) bridge.Value {
	if words := m.settings.Statuses[id]; len(words) > 0 {
		return bridge.Value(words[0])
	}
	return bridge.Value(id)
}

// send is a canonical value as Dolibarr takes it. It fails for what Dolibarr
// could only store damaged.
func (m mapper) send(op string, name bridge.FieldName, v bridge.Value) (string, error) {
	def, vendor := m.catalog.DefOrText(name), m.fields[name]
	p, _ := propertyOf(vendor)
	refuse := func(words string) (string, error) {
		return "", fault.Newf(fault.Rejected, op, "%s: %s", name, words)
	}
	switch {
	case p.readOnly:
		return refuse(vendor + " is set by Dolibarr alone: the policy should not let it be written")
	case vendor == propOpposed && v == "true":
		return notToContact, nil
	case vendor == propOpposed:
		return refuse("do not contact is not taken back from here: do it in Dolibarr")
	case vendor == propStatus:
		id, known := m.settings.statusID(v)
		if !known {
			return refuse("no id of settings.statuses stands for this value: add it to one")
		}
		return id, nil
	case vendor == "name" && v == "":
		return refuse("a third party must have a name")
	case def.Type == bridge.Boolean && v != "":
		return text(v == "true"), nil
	case def.Type == bridge.DateTime && v != "":
		t, err := time.Parse(time.RFC3339, string(v))
		if err != nil {
			return refuse("not a time")
		}
		return t.In(m.zone).Format(time.DateTime), nil
	}
	out := p.form.write(string(v))
	if single(p.form.read(out)) != single(string(v)) {
		return refuse("holds something that Dolibarr would change (tags, quotes, entities, emoji): write it without")
	}
	if n := length(p.form, out); p.size > 0 && n > p.size {
		return refuse("longer than the " + strconv.Itoa(p.size) + " that Dolibarr keeps of " + vendor)
	}
	return out, nil
}

// again is what Dolibarr shows of a property as it takes it: days and moments
// come as epoch seconds and go as dates.
func (m mapper) again(name bridge.FieldName, held any) string {
	if t := m.catalog.DefOrText(name).Type; t == bridge.Date || t == bridge.DateTime {
		if sent, err := m.send("", name, m.value(name, held)); err == nil {
			return sent
		}
	}
	return text(held)
}

// single closes up spaces, as Dolibarr does in most texts: nothing is lost by it.
func single(text string) string {
	for strings.Contains(text, "  ") {
		text = strings.ReplaceAll(text, "  ", " ")
	}
	return strings.TrimSpace(text)
}

func length(f form, text string) int {
	if f == formRich {
		return len(text)
	}
	return utf8.RuneCountInString(text)
}

// holds says whether what Dolibarr holds is the value, or what it makes of it.
func (m mapper) holds(name bridge.FieldName, held any, v bridge.Value) bool {
	if m.value(name, held) == v {
		return true
	}
	sent, err := m.send("", name, v)
	if err != nil {
		return false
	}
	if column(m.fields[name]) == propStatus {
		return text(held) == sent
	}
	return m.value(name, sent) == m.value(name, held)
}

// pick keeps the fields that were asked for.
func (m mapper) pick(rec record, names []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	out := make(map[bridge.FieldName]bridge.Value, len(names))
	for _, name := range names {
		if held, there := rec.field(m.fields[name]); there {
			out[name] = m.value(name, held)
		}
	}
	return out
}

// asked is the fields that Dolibarr can be asked for, and the properties that
// hold them. It knows extra fields only all together.
func (m mapper) asked(fields []bridge.FieldName) (names []bridge.FieldName, vendor []string) {
	for _, f := range fields {
		v, mapped := m.fields[f]
		if !mapped {
			continue
		}
		names = append(names, f)
		if v = column(v); !slices.Contains(vendor, v) {
			vendor = append(vendor, v)
		}
	}
	return names, vendor
}
