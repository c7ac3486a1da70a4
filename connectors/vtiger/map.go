package vtiger

import (
	"regexp"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// mapper translates between canonical fields and the CRM's. A mapping names a
// field of every module that has it; aliases say what a module calls it instead.
type mapper struct {
	fields  connector.FieldMap
	catalog bridge.Catalog
	aliases map[string]map[string]string // module → mapped name → its own
	zone    *time.Location               // of the CRM's times
}

// in is the vendor's field of a module that a canonical one is mapped to; "" if
// there is none or the key is not shown it.
func (m mapper) in(mod *module, name bridge.FieldName) string {
	return m.called(mod, m.fields[name])
}

// called is what a module calls a field.
func (m mapper) called(mod *module, name string) string {
	if own, ok := m.aliases[mod.name][name]; ok {
		name = own
	}
	if _, shown := mod.fields[name]; !shown {
		return ""
	}
	return name
}

// value brings what the CRM holds to canonical form.
func (m mapper) value(name bridge.FieldName, held string) bridge.Value {
	def := m.catalog.DefOrText(name)
	if def.Type == bridge.DateTime {
		if t, err := time.ParseInLocation(time.DateTime, held, m.zone); err == nil {
			held = t.UTC().Format(time.RFC3339)
		}
	}
	return def.Held(held)
}

// text is a canonical value as the CRM takes it.
func (m mapper) text(name bridge.FieldName, v bridge.Value) string {
	switch m.catalog.DefOrText(name).Type {
	case bridge.Boolean:
		if v == "true" {
			return "1"
		} else if v == "false" {
			return "0"
		}
	case bridge.DateTime:
		if t, err := time.Parse(time.RFC3339, string(v)); err == nil {
			return t.In(m.zone).Format(time.DateTime)
		}
	}
	return string(v)
}

// pick keeps the fields that were asked for.
func (m mapper) pick(mod *module, rec record, names []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	out := make(map[bridge.FieldName]bridge.Value, len(names))
	for _, name := range names {
		if held, there := rec[m.in(mod, name)]; there {
			out[name] = m.value(name, held)
		}
	}
	return out
}

// entity is what the server, when it revises a record, takes for something
// else: it decodes every text once.
var entity = regexp.MustCompile(`&(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);`)

// sheltered is a text that survives being revised.
func sheltered(text string) string {
	if !entity.MatchString(text) {
		return text
	}
	return strings.ReplaceAll(text, "&", "&amp;")
}
