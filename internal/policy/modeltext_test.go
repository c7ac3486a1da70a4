package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passerelle/internal/bridge"
)

// text writes the model in the policy language.
func (m model) text() []byte {
	var b strings.Builder
	b.WriteString("version: 1\nroles:\n")
	for _, name := range slices.Sorted(maps.Keys(m.roles)) {
		role := m.roles[name]
		fmt.Fprintf(&b, "  %s:\n    title: %s\n", name, name)
		if role.under != "" {
			fmt.Fprintf(&b, "    under: %s\n", role.under)
		}
		if role.noRank {
			b.WriteString("    superiors: false\n")
		}
		fmt.Fprintf(&b, "    context: [%s]\n", list(role.shows))
		if role.counts != "" {
			fmt.Fprintf(&b, "    statistics: %s\n", role.counts)
		}
		role.writeRules(&b)
	}
	m.writeOpenings(&b)
	b.WriteString("context:\n  {")
	for name, c := range m.context {
		fmt.Fprintf(&b, "%s: {type: %s, en: x, fr: x, expr: '%s'}, ", name, c.typ, c.expr)
	}
	b.WriteString("}\n")
	m.writeProfiles(&b)
	return []byte(b.String())
}

func (role *modelRole) writeRules(b *strings.Builder) {
	if len(role.grants) > 0 {
		b.WriteString("    grants:\n")
	}
	for _, g := range role.grants {
		fmt.Fprintf(b, "      - {name: %s, on: %s, scope: %s", g.name, g.on, g.scope)
		fmt.Fprintf(b, ", actions: [%s]", list(g.actions))
		for _, a := range Actions() {
			if items := g.lists[a]; len(items) > 0 {
				fmt.Fprintf(b, ", %s: [%s]", a, strings.Join(items, ", "))
			}
		}
		b.WriteString("}\n")
	}
	if len(role.denies) > 0 {
		b.WriteString("    deny:\n")
	}
	for _, d := range role.denies {
		fmt.Fprintf(b, "      - {name: %s, on: %s", d.name, d.on)
		if !d.whole {
			fmt.Fprintf(b, ", fields: [%s]", strings.Join(d.fields, ", "))
		}
		if len(d.except) > 0 {
			fmt.Fprintf(b, ", except: [%s]", strings.Join(d.except, ", "))
		}
		if len(d.actions) > 0 {
			fmt.Fprintf(b, ", actions: [%s]", list(d.actions))
		}
		b.WriteString("}\n")
	}
}

func (m model) writeProfiles(b *strings.Builder) {
	b.WriteString("profiles:\n")
	if len(m.profiles) == 0 {
		b.WriteString("  {}\n")
	}
	byConnection := map[bridge.ConnectionName][]string{}
	for path, role := range m.profiles {
		byConnection[path.Connection] = append(byConnection[path.Connection], fmt.Sprintf("%s: %s", path.Profile, role))
	}
	for _, connection := range slices.Sorted(maps.Keys(byConnection)) {
		fmt.Fprintf(b, "  %s: {%s}\n", connection, strings.Join(byConnection[connection], ", "))
	}
}
