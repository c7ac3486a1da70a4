package console

import (
	"net/http"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

type matrixPage struct {
	Roles         []policy.MatrixRole // that may be chosen
	Columns       []matrixColumn
	Rows          []matrixRow
	Classes       []choiceOf
	Objects       []choiceOf
	Role          bridge.Role
	Class, Object string
	Legend        string
}

type matrixColumn struct{ Title, Profiles string }

type choiceOf struct{ Value, Label string }

type matrixRow struct {
	Label, Name, Class string
	Object             bool // the object itself
	Cells              []matrixCell
}

type matrixCell struct{ Role, Text string }

// matrix is who may do what, by role and field.
func (c *Console) matrix(v *visit) error {
	m, q := v.opts.Desk.Rules().Policy.Matrix(), v.r.URL.Query()
	page := matrixPage{
		Roles: m.Roles, Role: bridge.Role(q.Get("role")), Class: q.Get("class"), Object: q.Get("object"), Legend: policy.Legend(v.look.lang),
	}
	var shown []int // columns
	for i, r := range m.Roles {
		if page.Role == "" || page.Role == r.Name {
			shown = append(shown, i)
			page.Columns = append(page.Columns, columnOf(r))
		}
	}
	for _, row := range m.Rows {
		page.offer(row, v.look.lang)
		if page.wants(row) {
			page.Rows = append(page.Rows, page.row(row, shown, v.look.lang))
		}
	}
	return v.show(http.StatusOK, "matrix", page)
}

func columnOf(r policy.MatrixRole) matrixColumn {
	var profiles []string
	for _, p := range r.Profiles {
		profiles = append(profiles, string(p.Profile))
	}
	return matrixColumn{Title: r.Title, Profiles: strings.Join(slices.Compact(slices.Sorted(slices.Values(profiles))), ", ")}
}

// offer adds what the row may be found by.
func (p *matrixPage) offer(row policy.MatrixRow, lang string) {
	if row.Field == "" {
		p.Objects = append(p.Objects, choiceOf{string(row.Object), row.Label(lang)})
		return
	}
	class := choiceOf{string(row.Class), row.ClassLabel(lang)}
	if row.Class != "" && !slices.Contains(p.Classes, class) {
		p.Classes = append(p.Classes, class)
	}
}

func (p *matrixPage) wants(row policy.MatrixRow) bool {
	return (p.Object == "" || p.Object == string(row.Object)) && (p.Class == "" || p.Class == string(row.Class))
}

func (p *matrixPage) row(row policy.MatrixRow, shown []int, lang string) matrixRow {
	out := matrixRow{Label: row.Label(lang), Name: string(row.Object), Object: row.Field == ""}
	if row.Field != "" {
		out.Name, out.Class = string(row.Field), row.ClassLabel(lang)
	}
	for i, at := range shown {
		out.Cells = append(out.Cells, matrixCell{p.Columns[i].Title, row.Cells[at].Text(lang)})
	}
	return out
}
