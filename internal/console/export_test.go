package console

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

// Whatever a spreadsheet takes for the mark between cells, no cell begins as a
// formula.
func TestNoCellOfAFileIsAFormula(t *testing.T) {
	t.Parallel()
	looks, err := newLooks(map[string]asset{})
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{
		"=1+1", " @SUM(A1)", "+33 6 12", "-2", "x;=HYPERLINK(1)", "x,=1", "x, -1", "x\t+1", "x\n=1", "x;\"=1", "a;b,@c", "Société, ok", "06 - 07", "＝1", "x;＝1",
	} {
		for _, lang := range []string{"fr", "en"} {
			var b bytes.Buffer
			v := &visit{look: looks[lang]}
			if err := v.csv(&b, [][]string{{"before", inert(typed), "after"}}); err != nil {
				t.Fatal(err)
			}
			for _, mark := range ",;\t" {
				r := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff")))
				r.Comma, r.LazyQuotes, r.FieldsPerRecord = mark, true, -1
				rows, err := r.ReadAll()
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					for _, cell := range row {
						if first := strings.TrimLeft(cell, " \u00a0\""); first != "" && strings.ContainsAny(first[:1], "=+-@") || strings.HasPrefix(first, "＝") {
							t.Errorf("%q in %s, read with %q: %q", typed, lang, mark, cell)
						}
					}
				}
			}
		}
	}
}
