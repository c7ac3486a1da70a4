package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

// modelTerritory is a territory with an evaluator that is obviously right.
type modelTerritory struct {
	name             string
	field            bridge.FieldName
	prefixes, values []string
}

func (m modelTerritory) holds(value string) bool {
	value = strings.Trim(value, " \t")
	for _, v := range m.values {
		if strings.EqualFold(strings.Trim(v, " \t"), value) {
			return true
		}
	}
	for _, prefix := range m.prefixes {
		prefix = strings.Trim(prefix, " \t")
		if len(value) >= len(prefix) && strings.EqualFold(value[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}

// drawTerritories are some of which none holds what an earlier one of the same
// field does: that is refused.
func drawTerritories(t *rapid.T) []modelTerritory {
	items := rapid.SampledFrom([]string{"5", "59", "62", "590", "BE", "be", " Be ", "b", "Évreux", "île", "N"})
	var out []modelTerritory
	for i := range rapid.IntRange(0, 4).Draw(t, "territories") {
		m := modelTerritory{name: fmt.Sprintf("t%d", 9-i), field: rapid.SampledFrom([]bridge.FieldName{"prospect.postal_code", "prospect.country", "account.sector"}).Draw(t, "field")}
		for _, list := range []*[]string{&m.prefixes, &m.values} {
			for _, item := range rapid.SliceOfN(items, 0, 3).Draw(t, "parts") {
				taken := false
				for _, earlier := range out {
					taken = taken || earlier.field == m.field && earlier.holds(item)
				}
				if !taken {
					*list = append(*list, item)
				}
			}
		}
		if len(m.prefixes)+len(m.values) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// Whatever the territories, a prospect lies in the first that holds it.
func TestTerritoriesAreThoseOfTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	value := rapid.SampledFrom([]bridge.Value{"", " ", "59000", "5", " 62", "6", "BE", "be ", "Bern", "ÉVREUX", "évreux-sud", "Île de Ré", "n", "south"})
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawTerritories(t)
		var b strings.Builder
		b.WriteString("version: 1\nroles: {a: {grants: [{on: prospect, scope: all, actions: [read]}, {on: account, scope: all, actions: [read]}]}}\nprofiles: {}\n")
		if len(drawn) > 0 {
			b.WriteString("territories:\n")
		}
		for _, m := range drawn {
			fmt.Fprintf(&b, "  %s: {field: %s, prefixes: [%s], values: [%s]}\n", m.name, m.field, quotedList(m.prefixes), quotedList(m.values))
		}
		p, err := Load("policy.yaml", []byte(b.String()), catalog)
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		fields := map[bridge.FieldName]bridge.Value{}
		for _, name := range []bridge.FieldName{"prospect.postal_code", "prospect.country", "account.sector", bridge.FieldTerritory} {
			if rapid.Bool().Draw(t, "known") {
				fields[name] = value.Draw(t, string(name))
			}
		}
		want := ""
		for i := len(drawn) - 1; i >= 0; i-- {
			if drawn[i].holds(string(fields[drawn[i].field])) {
				want = drawn[i].name
			}
		}
		if len(drawn) == 0 {
			want = string(fields[bridge.FieldTerritory])
		}
		if got := p.Territory(fields); got != want {
			t.Fatalf("%v lies in %q, want %q\n%s", fields, got, want, b.String())
		}
	})
}

func quotedList(items []string) string {
	var out []string
	for _, item := range items {
		out = append(out, fmt.Sprintf("%q", item))
	}
	return strings.Join(out, ", ")
}
