package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/strict"
)

func (l *loader) connections(cfg *Config) {
	nodes := l.root.Child("connections")
	for _, name := range unique(nodes) {
		raw, node := l.file.Connections[name], nodes.Child(name)
		kind, _, _ := strings.Cut(name, ".")
		if !connectionPattern.MatchString(name) {
			l.fault(node, "", "a connection's name must be crm.something or phoning.something, in lower-case letters, digits and hyphens")
		}
		conn := Connection{
			Name: bridge.ConnectionName(name), Kind: connector.Kind(kind), Type: raw.Type,
			Zone:   l.zone(node, "zone", raw.Zone, cfg.Zone),
			Limits: l.limits(node, raw.Limits), AllowPrivate: raw.AllowPrivate,
			Settings: raw.Settings, node: node,
		}
		conn.Fields, conn.Defs = l.fields(node.Child("fields"), raw.Fields)
		conn.Campaigns = l.lists(node, conn, raw.Campaigns)
		conn.Codes = l.codes(node, conn, raw.Codes)
		if raw.Type == ConsoleType {
			l.console(node, conn)
		}
		cfg.Connections = append(cfg.Connections, conn)
	}
	if nodes.Kind() == strict.Mapping && len(cfg.Connections) == 0 {
		l.fault(nodes, "", "must hold a connection at least")
	}
}

// console refuses what would have no effect.
func (l *loader) console(node strict.Node, conn Connection) {
	if conn.Kind != connector.Phoning {
		l.fault(node, "type", "the console is a phoning connection: name it phoning.something")
	}
	for _, key := range node.Keys() {
		if key != "type" && key != "zone" {
			l.fault(node.Child(key), "", "the console has only type and zone: remove it")
		}
	}
}

func (l *loader) limits(node strict.Node, raw *limitsFile) *Limits {
	if raw == nil {
		return nil
	}
	out := &Limits{Rate: raw.Rate, Burst: max(1, int(math.Ceil(min(raw.Rate, math.MaxInt32))))}
	if raw.Rate <= 0 && node.At("limits.rate").Kind() != strict.Absent {
		l.fault(node, "limits.rate", "must be more than 0 requests per second")
	}
	if raw.Burst != nil {
		out.Burst = *raw.Burst
		if out.Burst < 1 {
			l.fault(node, "limits.burst", "must be 1 request or more")
		}
	}
	return out
}

// lists is the connection's map of platform lists to campaigns.
func (l *loader) lists(node strict.Node, conn Connection, raw map[string]string) map[string]bridge.CampaignID {
	if conn.Kind == connector.CRM && raw != nil {
		l.fault(node, "campaigns", "only a phoning connection has lists: remove it")
	}
	out := make(map[string]bridge.CampaignID, len(raw))
	for list, campaign := range raw {
		out[list] = bridge.CampaignID(campaign)
		if _, ok := l.file.Campaigns[campaign]; !ok {
			l.fault(node.Child("campaigns").Child(list), "", "there is no such campaign: write one of campaigns")
		}
	}
	return out
}

// codes is the connection's map of the platform's own outcome codes to
// dispositions.
func (l *loader) codes(node strict.Node, conn Connection, raw map[string]string) map[string]bridge.Disposition {
	if conn.Kind == connector.CRM && raw != nil {
		l.fault(node, "codes", "only a phoning connection has outcome codes: remove it")
	}
	out := make(map[string]bridge.Disposition, len(raw))
	for code, disposition := range raw {
		out[code] = bridge.Disposition(disposition)
		if _, ok := out[code].Info(); !ok {
			l.fault(node.Child("codes").Child(code), "", "must be one of the dispositions, such as no_answer or not_interested")
		}
	}
	return out
}

// fields reads a connection's map of our fields to the vendor's, and what it
// says about them beside.
func (l *loader) fields(nodes strict.Node, raw map[string]strict.Node) (connector.FieldMap, []bridge.FieldDef) {
	out := make(connector.FieldMap, len(raw))
	owner := map[string]string{}
	var defs []bridge.FieldDef
	for _, name := range unique(nodes) {
		node := raw[name]
		vendor, isText := node.Scalar()
		if !isText {
			var f fieldFile
			l.findings.Add(node.Decode(&f))
			vendor = f.As
			if def, ok := l.def(node, name, f); ok {
				defs = append(defs, def)
			}
		}
		out[bridge.FieldName(name)] = vendor
		switch first, taken := owner[vendor]; {
		case vendor == "" && isText:
			l.fault(node, "", "must name the vendor's field")
		case taken && vendor != "":
			l.fault(node, "", "is the same field of the vendor as %s: one of our fields for each of theirs", first)
		}
		owner[vendor] = name
	}
	return out, defs
}

// def is what f says about the field beside its vendor's name, if anything.
func (l *loader) def(node strict.Node, name string, f fieldFile) (bridge.FieldDef, bool) {
	d := bridge.FieldDef{
		Name: bridge.FieldName(name), Type: bridge.FieldType(f.Type), Class: bridge.Class(f.Class),
		Values: f.Values, EN: f.EN, FR: f.FR,
	}
	if len(d.Values) == 0 {
		d.Values = nil
	}
	if d.Type != "" && !slices.Contains(bridge.FieldTypes(), d.Type) {
		l.fault(node, "type", "must be one of %s", joined(bridge.FieldTypes()))
		d.Type = ""
	}
	if d.Class != "" && !slices.Contains(bridge.Classes(), d.Class) {
		l.fault(node, "class", "must be one of %s", joined(bridge.Classes()))
		d.Class = ""
	}
	if d.Type == bridge.Enum && d.Values == nil {
		l.fault(node, "values", "must list the values of an enum")
	}
	return d, !reflect.DeepEqual(d, bridge.FieldDef{Name: d.Name})
}

// catalog puts the connections' fields beside the standard ones. A field that
// several connections map is defined once, or the same by each.
func (l *loader) catalog(cfg *Config) {
	cfg.Catalog = bridge.Standard()
	defined := map[bridge.FieldName]Connection{}
	for _, conn := range cfg.Connections {
		for _, def := range conn.Defs {
			node := conn.node.Child("fields").Child(string(def.Name))
			first, again := defined[def.Name]
			if again {
				if !slices.ContainsFunc(first.Defs, func(d bridge.FieldDef) bool { return reflect.DeepEqual(d, def) }) {
					l.fault(node, "", "is defined otherwise by %s: say the same in both, or only once", first.Name)
				}
				continue
			}
			defined[def.Name] = conn
			l.add(cfg, node, def)
		}
	}
	for _, conn := range cfg.Connections { // those that nobody says more about
		for _, name := range conn.Fields.Names() {
			_, known := cfg.Catalog.Def(name)
			if _, tried := defined[name]; !known && !tried {
				l.add(cfg, conn.node.Child("fields").Child(string(name)), bridge.FieldDef{Name: name})
			}
		}
	}
}

func (l *loader) add(cfg *Config, node strict.Node, def bridge.FieldDef) {
	next, err := cfg.Catalog.With(def)
	if err != nil {
		l.fault(node, "", "%s", strings.TrimPrefix(err.Error(), fmt.Sprintf("field %q: ", def.Name)))
		return
	}
	cfg.Catalog = next
}

// unique is a mapping's keys in order, each once: repeats are findings already.
func unique(node strict.Node) []string {
	var out []string
	for _, key := range node.Keys() {
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

func joined[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}
