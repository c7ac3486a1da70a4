package matrix

import (
	"errors"
	"io"

	"github.com/xuri/excelize/v2"

	"passerelle/internal/policy"
)

// XLSX writes a workbook: one sheet with the table, its head frozen and
// filtered, objects set off from their fields.
func XLSX(w io.Writer, m policy.Matrix, lang string) error {
	f := excelize.NewFile()
	b := book{file: f, sheet: words[lang]["title"]}
	b.do(f.SetSheetName("Sheet1", b.sheet))
	bold := b.style(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E6E6E6"}}})
	heads := []any{words[lang]["thing"], words[lang]["thing"], words[lang]["class"]}
	for _, role := range m.Roles {
		heads = append(heads, role.Title)
	}
	b.row(1, heads, bold)
	for i, row := range m.Rows {
		name, style := string(row.Field), 0
		if row.Field == "" {
			name, style = string(row.Object), bold
		}
		cells := []any{name, row.Label(lang), row.ClassLabel(lang)}
		for _, c := range row.Cells {
			cells = append(cells, c.Text(lang))
		}
		b.row(i+2, cells, style)
	}
	end := len(m.Rows) + 3
	b.row(end, []any{policy.Legend(lang)}, 0)
	b.row(end+1, []any{words[lang]["policy"] + " " + m.Policy}, 0)
	for i, text := range notes(m, lang) {
		b.row(end+2+i, []any{text}, 0)
	}
	last := b.cell(len(heads), len(m.Rows)+1)
	b.do(f.AutoFilter(b.sheet, "A1:"+last, nil))
	b.do(f.SetPanes(b.sheet, &excelize.Panes{Freeze: true, XSplit: 2, YSplit: 1, TopLeftCell: "C2", ActivePane: "bottomRight"}))
	b.do(f.SetColWidth(b.sheet, "A", "B", 28))
	b.do(f.SetColWidth(b.sheet, "C", "C", 14))
	column, err := excelize.ColumnNumberToName(len(heads))
	b.do(err)
	b.do(f.SetColWidth(b.sheet, "D", column, 26))
	_, err = f.WriteTo(w)
	return errors.Join(b.err, err, f.Close())
}

// book writes to one sheet and keeps the first error.
type book struct {
	file  *excelize.File
	sheet string
	err   error
}

func (b *book) do(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *book) style(s *excelize.Style) int {
	id, err := b.file.NewStyle(s)
	b.do(err)
	return id
}

// cell names a cell; both from 1.
func (b *book) cell(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	b.do(err)
	return name
}

func (b *book) row(n int, cells []any, style int) {
	b.do(b.file.SetSheetRow(b.sheet, b.cell(1, n), &cells))
	if style != 0 {
		b.do(b.file.SetCellStyle(b.sheet, b.cell(1, n), b.cell(len(cells), n), style))
	}
}
