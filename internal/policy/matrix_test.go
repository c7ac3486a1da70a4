package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A cell says what the policy decides, in every scope.
func TestMatrixSaysWhatIsDecided(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := load(t, drawModel(t))
		m := p.Matrix()
		for _, row := range m.Rows {
			target := OnObject(row.Object)
			if row.Field != "" {
				target = OnField(row.Field)
			}
			for i, ro := range p.roles {
				for _, action := range Actions() {
					for _, scope := range reaches() {
						decided := ro.may(action, p.targets.bit(target), scope.bit())
						if said := row.Cells[i].says(action, scope); said != decided {
							t.Fatalf("%s, %s %s of %s: the cell says %v, decided %v", ro.name, action, target, scope, said, decided)
						}
					}
				}
			}
		}
		if len(m.Rows) != len(objects)+len(catalog.Names()) {
			t.Fatalf("%d rows", len(m.Rows))
		}
	})
}

func (c Cell) says(a Action, s Scope) bool {
	return slices.ContainsFunc(c, func(r Reach) bool {
		return slices.Contains(r.Actions, a) && (slices.Contains(r.Scopes, s) || slices.Contains(r.Scopes, All))
	})
}

// What a role's page says it may and what it says it never sees is the whole of
// its column.
func TestDutiesAreTheColumn(t *testing.T) {
	t.Parallel()
	m := plateau(t).Matrix()
	for i, role := range m.Roles {
		for _, lang := range []string{"en", "fr"} {
			duties, never := m.Duties(i, lang)
			said := map[string]bool{}
			for _, d := range duties {
				for _, r := range d.Rights {
					if unfilled(d.Scopes+r.Action) || len(r.What) == 0 {
						t.Errorf("%s: %+v", role.Name, r)
					}
					for _, w := range r.What {
						said[r.Action+" "+w] = true
					}
				}
			}
			for _, row := range m.Rows {
				reads := slices.ContainsFunc(Scopes(), func(s Scope) bool { return row.Cells[i].says(Read, s) })
				name := row.FullLabel(lang)
				if said[verbs[Read].In(lang)+" "+name] != reads || row.Field != "" && slices.Contains(never, name) == reads {
					t.Errorf("%s, %s in %s: read %v, said otherwise", role.Name, row.Field, lang, reads)
				}
			}
		}
	}
}
