package policy

import (
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// territory is a part of the map, told by a field of the prospect.
type territory struct {
	name     string
	pos      Pos
	field    bridge.FieldName
	prefixes []string // folded
	values   []string // folded
}

type territoryText struct {
	Field    string   `yaml:"field,required"`
	Prefixes []string `yaml:"prefixes"`
	Values   []string `yaml:"values"`
}

// Territory is the name of the territory that a prospect lies in: the first, as
// written, whose field begins with one of its prefixes or is one of its values,
// whatever the case; "" if none does. Where the policy defines no territories
// it is what the CRM says, prospect.territory.
func (p *Policy) Territory(fields map[bridge.FieldName]bridge.Value) string {
	if len(p.territories) == 0 {
		return string(fields[bridge.FieldTerritory])
	}
	for i := range p.territories {
		if t := &p.territories[i]; t.has(string(fields[t.field])) {
			return t.name
		}
	}
	return ""
}

// TerritoryFields are the fields that territories are told by.
func (p *Policy) TerritoryFields() (out []bridge.FieldName) {
	if len(p.territories) == 0 {
		return []bridge.FieldName{bridge.FieldTerritory}
	}
	for _, t := range p.territories {
		if !slices.Contains(out, t.field) {
			out = append(out, t.field)
		}
	}
	return out
}

// Territories lists those that the policy defines, in their order.
func (p *Policy) Territories() []string {
	out := make([]string, len(p.territories))
	for i, t := range p.territories {
		out[i] = t.name
	}
	return out
}

func (t *territory) has(value string) bool {
	value = folded(value)
	return value != "" && (slices.Contains(t.values, value) ||
		slices.ContainsFunc(t.prefixes, func(p string) bool { return strings.HasPrefix(value, p) }))
}

func folded(value string) string { return strings.ToLower(strings.TrimSpace(value)) }

// territories reads the table in the order in which it is written.
func (l *loader) territories(p *Policy, root strict.Node) {
	table := root.Child("territories")
	for _, name := range table.Keys() {
		n := table.Child(name)
		var text territoryText
		if !l.decode(n, &text) {
			continue
		}
		t := territory{name: name, pos: Pos(n.Pos()), field: bridge.FieldName(text.Field)}
		l.territoryField(n, t.field)
		if name == "" || name != strings.TrimSpace(name) {
			l.find(n, "", phrase{"a territory has a name, without spaces around it", "un territoire a un nom, sans espaces autour"})
		}
		if len(text.Prefixes)+len(text.Values) == 0 {
			l.find(n, "", phrase{`it holds nothing: add prefixes: ["59", "62"], or values`, `il ne contient rien : ajoutez prefixes: ["59", "62"], ou values`})
		}
		t.prefixes = l.parts(p, n, t, "prefixes", text.Prefixes)
		t.values = l.parts(p, n, t, "values", text.Values)
		p.territories = append(p.territories, t)
	}
}

// territoryField refuses fields that do not lie with the prospect, and such as
// nobody may read: they are not asked of the CRM.
func (l *loader) territoryField(n strict.Node, field bridge.FieldName) {
	switch object := field.Object(); {
	case l.targets.field(field) < 0:
		l.find(n, "field", notInCatalogue.With("{example}", "prospect.postal_code"))
	case object != bridge.ProspectObj && object != bridge.Account && object != bridge.Contact:
		l.find(n, "field", phrase{
			"it does not lie with the prospect: write a field of prospect, account or contact",
			"il ne se trouve pas avec le prospect : écrivez un champ de prospect, account ou contact",
		})
	}
}

var takenBefore = phrase{
	"{name} takes it before (line {line}), so it lies there: write this territory above it, or remove one",
	"{name} le prend avant (ligne {line}), il s'y trouve donc : écrivez ce territoire au-dessus, ou supprimez l'un des deux",
}

// parts folds a list of a territory and finds those that an earlier territory
// takes before.
func (l *loader) parts(p *Policy, n strict.Node, t territory, key string, items []string) []string {
	var out []string
	for i, item := range items {
		item = folded(item)
		if item == "" {
			l.find(n, itemPath(key, i), phrase{"an empty one is everywhere and nowhere: remove it", "un élément vide est partout et nulle part : supprimez-le"})
			continue
		}
		for _, earlier := range p.territories {
			prefixed := slices.ContainsFunc(earlier.prefixes, func(p string) bool { return strings.HasPrefix(item, p) })
			if earlier.field == t.field && (prefixed || key == "values" && slices.Contains(earlier.values, item)) {
				l.find(n, itemPath(key, i), takenBefore.With("{name}", earlier.name, "{line}", earlier.pos.Line))
				break
			}
		}
		out = append(out, item)
	}
	return out
}

// unread finds territories whose field no role may read: no record would ever
// be known to lie in them.
func (l *loader) unread(p *Policy, root strict.Node) {
	for _, t := range p.territories {
		bit := l.targets.field(t.field)
		if bit >= 0 && !slices.ContainsFunc(p.roles, func(ro *role) bool { return ro.ever[Read.index()].has(bit) }) {
			l.find(root.Child("territories").Child(t.name), "field", phrase{
				"no role may read it, so it is not asked of the CRM and nothing would lie there: let a role read it",
				"aucun rôle ne peut le lire, il n'est donc pas demandé au CRM et rien ne s'y trouverait : donnez à un rôle le droit de le lire",
			})
		}
	}
}
