package sheet

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// workbook is a prospects file as a small company keeps it: a title row, typed
// and formatted cells, a formula, a second tab.
func workbook(t testing.TB) []byte {
	t.Helper()
	x := excelize.NewFile()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	style := func(s excelize.Style) int {
		id, err := x.NewStyle(&s)
		must(err)
		return id
	}
	must(x.SetSheetName("Sheet1", "Prospects"))
	phone, frenchDate := "00 00 00 00 00", "dd/mm/yyyy"
	bold := style(excelize.Style{Font: &excelize.Font{Bold: true}})
	date := style(excelize.Style{CustomNumFmt: &frenchDate})
	number := style(excelize.Style{CustomNumFmt: &phone})
	red := style(excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FF0000"}}})
	rows := [][]any{
		{"id", "Société", "Téléphone", "Ne pas appeler", "Commentaire", "Score", "CA", "Client depuis", "Vu le", "Double"},
		{1, "Durand SA", 102030405, "non", "", 12, 1234.5, 45983, 46298.5868055556, nil},
		{2, "Été & fils", "+33 6 12 34 56 78", "Oui", "vite", nil, nil, nil, nil, nil},
		{"A-3", "Légère SARL", "0612345679", nil, nil, nil, nil, nil, nil, nil},
	}
	for i, row := range rows {
		axis, err := excelize.CoordinatesToCellName(1, i+3)
		must(err)
		must(x.SetSheetRow("Prospects", axis, &row))
	}
	must(x.SetCellStyle("Prospects", "A3", "J3", bold))
	must(x.SetCellStyle("Prospects", "C4", "C4", number))
	must(x.SetCellStyle("Prospects", "H4", "I4", date))
	must(x.SetCellStyle("Prospects", "B5", "B5", red))
	must(x.SetCellFormula("Prospects", "J4", "=G4*2"))
	_, err := x.NewSheet("Notes")
	must(err)
	must(x.SetCellValue("Notes", "B2", "à garder"))
	must(x.SetColWidth("Prospects", "B", "B", 40))
	b, err := x.WriteToBuffer()
	must(err)
	must(x.Close())
	return b.Bytes()
}

func newWorkbook(t *testing.T) *folder {
	t.Helper()
	f := newFolder(t, "prospects.xlsx", string(workbook(t)))
	return f
}

// cellOf reads a cell of the saved file: what is stored, and its style.
func (f *folder) cellOf(axis string) (string, excelize.CellType, *excelize.Style) {
	f.t.Helper()
	x, err := excelize.OpenFile(f.path("prospects.xlsx"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	raw, err := x.GetCellValue("Prospects", axis, excelize.Options{RawCellValue: true})
	if err != nil {
		f.t.Fatal(err)
	}
	kind, err := x.GetCellType("Prospects", axis)
	if err != nil {
		f.t.Fatal(err)
	}
	id, err := x.GetCellStyle("Prospects", axis)
	if err != nil {
		f.t.Fatal(err)
	}
	style, err := x.GetStyle(id)
	if err != nil {
		f.t.Fatal(err)
	}
	return raw, kind, style
}

func TestWorkbookIsRead(t *testing.T) {
	t.Parallel()
	f := newWorkbook(t)
	page := f.pull(connector.PullRequest{Fields: f.fields.Names()})
	want := map[bridge.FieldName]bridge.Value{
		"account.name": "Durand SA", "prospect.phone": "01 02 03 04 05", "prospect.do_not_call": "false", "prospect.comment": "",
		"prospect.score": "12", "account.revenue": "1234.5", "prospect.x_since": "2025-11-22", "prospect.x_seen": "2026-10-03T12:05:00Z",
	}
	if diff := cmp.Diff(want, page.Prospects[0].Fields); diff != "" {
		t.Error(diff)
	}
	if got := ids(page.Prospects); got != "1 2 A-3" {
		t.Errorf("got %q", got)
	}
	if err := f.conn.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestWorkbookIsWrittenInItsOwnManner(t *testing.T) {
	t.Parallel()
	f := newWorkbook(t)
	w := fields("OP1", "1",
		change("account.name", "Durand SA", "Durand SAS"),
		change("prospect.score", "12", "13"),
		change("account.revenue", "1234.5", "2000.75"),
		change("prospect.x_since", "2025-11-22", "2024-02-01"),
		change("prospect.comment", "", "=1+2"))
	second := fields("OP2", "2", change("prospect.x_since", "", "2023-01-15"), change("prospect.score", "", "7"))
	f.must(w, second, oppose("OP3", "A-3"), call("OP4", "1", 1, "busy"))
	f.must(w, call("OP5", "1", 2, "sale"), call("OP6", "A-3", 1, "busy"))
	f.reopen()
	f.must(w, second, oppose("OP3", "A-3"))

	cells := map[string]string{
		"B4": "Durand SAS", "F4": "13", "G4": "2000.75", "H4": "45323", "E4": "'=1+2", "H5": "44941", "F5": "7", "D6": "oui",
		"K3": "last_disposition", "L3": "attempts", "M3": "prospect_status", "K4": "sale", "L4": "2", "L6": "1", "K5": "",
		"C6": "0612345679", "C4": "102030405",
	}
	for axis, want := range cells {
		if got, _, _ := f.cellOf(axis); got != want {
			t.Errorf("%s is %q, want %q", axis, got, want)
		}
	}
	for _, axis := range []string{"F4", "G4", "H4", "H5", "F5", "L4"} {
		if _, kind, _ := f.cellOf(axis); !isNumeric(kind) {
			t.Errorf("%s is no number", axis)
		}
	}
	for _, axis := range []string{"H4", "H5"} {
		if _, _, style := f.cellOf(axis); style.CustomNumFmt == nil || *style.CustomNumFmt != "dd/mm/yyyy" {
			t.Errorf("%s lost its format", axis)
		}
	}
	if _, _, style := f.cellOf("K3"); style.Font == nil || !style.Font.Bold {
		t.Error("a new header looks unlike the others")
	}
	if _, _, style := f.cellOf("B5"); len(style.Fill.Color) != 1 {
		t.Error("a colour is gone")
	}
	x, err := excelize.OpenFile(f.path("prospects.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	if got, err := x.GetCellValue("Notes", "B2"); err != nil || got != "à garder" {
		t.Errorf("the other tab: %q %v", got, err)
	}
	if got, err := x.GetCellFormula("Prospects", "J4"); err != nil || strings.TrimPrefix(got, "=") != "G4*2" {
		t.Errorf("the formula: %q %v", got, err)
	}
	if got, err := x.GetColWidth("Prospects", "B"); err != nil || got != 40 {
		t.Errorf("the width: %v %v", got, err)
	}
}

func TestWorkbookConflictsAndRefusals(t *testing.T) {
	t.Parallel()
	f := newWorkbook(t)
	f.fields["opportunity.amount"] = "Double"
	f.reopen()
	r := f.apply(fields("OP1", "1", change("account.revenue", "1", "2"), change("prospect.score", "12", "13")))[0]
	if r.State != connector.Stored || len(r.Conflicts) != 1 || r.Conflicts[0].Found != "1234.5" {
		t.Errorf("got %+v", r)
	}
	if got, _, _ := f.cellOf("F4"); got != "13" {
		t.Errorf("the other field: %q", got)
	}
	f.refused(fields("OP2", "1", change("opportunity.amount", "", "5")), fault.Rejected, "line 4, column «Double»", "formula")
	f.refused(fields("OP3", "1", change("prospect.comment", "", bridge.Value(strings.Repeat("x", 40000)))), fault.Rejected, "32767")
}

func TestWorkbookSettings(t *testing.T) {
	t.Parallel()
	f := newWorkbook(t)
	f.settings = "{prospects: prospects.xlsx, sheet: Clients}"
	f.reopen()
	f.refused(call("OP1", "1", 1, "busy"), fault.Unavailable, "no tab «Clients»")
	f.settings = "{prospects: prospects.xlsx, sheet: Notes}"
	f.reopen()
	f.refused(call("OP1", "1", 1, "busy"), fault.Unavailable, "no column «id»")
	f.settings = "{prospects: prospects.xlsx, sheet: Prospects}"
	f.reopen()
	f.must(call("OP1", "1", 1, "busy"))
	f.write("prospects.xlsx", "PK no longer")
	f.refused(call("OP2", "1", 1, "busy"), fault.Unavailable, "not an XLSX file")
	f.write("prospects.xlsx", string(workbook(t)))
	f.must(call("OP2", "1", 2, "busy"))
	if got, _, _ := f.cellOf("L4"); got != "2" {
		t.Errorf("attempts %q after a person put the old file back", got)
	}
}

func TestNumbersOfWorkbooks(t *testing.T) {
	t.Parallel()
	cases := []struct {
		stored string
		number float64
		want   string
	}{
		{"12", 12, "12"}, {"1234.5", 1234.5, "1234.5"}, {"-0.1", -0.1, "-0.1"},
		{"0.30000000000000004", 0.30000000000000004, "0.3"},
		{"7.3282932000074E13", 73282932000074, "73282932000074"},
	}
	for _, c := range cases {
		if got := plainNumber(c.number, c.stored); got != c.want {
			t.Errorf("%s reads as %s, want %s", c.stored, got, c.want)
		}
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(workbook(f))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseXLSX("a.xlsx", "", data)
		if err != nil {
			return
		}
		defer func() { _ = x.close() }()
		for row := range x.rows() {
			for col := range x.header() {
				for _, typ := range bridge.FieldTypes() {
					x.text(row, col, typ)
				}
			}
		}
		if x.rows() == 0 || x.accepts(0, 0, "x") != nil {
			return
		}
		x.set(0, 0, "x", bridge.Text)
		out, err := x.encode()
		if err != nil {
			return
		}
		again, err := parseXLSX("a.xlsx", x.tab, bytes.Clone(out))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		defer func() { _ = again.close() }()
		if got := again.text(0, 0, bridge.Text); got != "x" {
			t.Errorf("wrote x, read %q", got)
		}
	})
}
