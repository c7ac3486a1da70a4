package matrix

import (
	_ "embed"
	"html/template"
	"io"

	"passerelle/internal/policy"
)

//go:embed matrix.html
var page string

// HTML writes one file that needs nothing else: the table, then a page a role.
func HTML(w io.Writer, m policy.Matrix, lang string) error {
	t, err := template.New("matrix").Funcs(template.FuncMap{
		"word": func(key string) string { return words[lang][key] },
		"derived": func(name string) string {
			for _, f := range m.Derived {
				if f.Name == name {
					return f.Label(lang)
				}
			}
			return name
		},
		"strength":   func(r policy.MatrixRole) string { return policy.StrengthText(r.Name, r.Requires, lang) },
		"statistics": func(s policy.Scope) string { return policy.StatisticsText(s, lang) },
		"duties": func(role int) []policy.Duty {
			duties, _ := m.Duties(role, lang)
			return duties
		},
		"never": func(role int) []string {
			_, never := m.Duties(role, lang)
			return never
		},
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, map[string]any{"Lang": lang, "Matrix": m, "Legend": policy.Legend(lang), "Notes": notes(m, lang)})
}
