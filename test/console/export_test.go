package console

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"passerelle/test/shared"
)

// What spreadsheets would take for a formula.
var formulas = []string{`=HYPERLINK("http://x")`, "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", " =1+1", "＝1"}

const (
	supervisorSees    = "        read: [class public, class personal, class commercial, class structural]\n        write: [prospect.status, prospect.next_action, prospect.comment, prospect.lead_status]\n"
	supervisorExports = "        export: [prospect.last_name, prospect.phone, prospect.comment]\n"
)

func (b *browser) file(format string) [][]string {
	b.t.Helper()
	b.post("/export", "campaign", "spring", "motive", "salon de Lyon", "format", format)
	if b.status != http.StatusOK || !strings.HasPrefix(b.header.Get("Content-Disposition"), "attachment; filename=passerelle-") {
		b.t.Fatalf("%s: %d %v %s", format, b.status, b.header, b.body)
	}
	if format == "csv" {
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.body, "\ufeff")))
		r.Comma = ';'
		rows, err := r.ReadAll()
		if err != nil {
			b.t.Fatal(err)
		}
		return rows
	}
	book, err := excelize.OpenReader(strings.NewReader(b.body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	sheet := book.GetSheetName(0)
	rows, err := book.GetRows(sheet)
	if err != nil {
		b.t.Fatal(err)
	}
	for i, row := range rows {
		for j := range row {
			cell, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				b.t.Fatal(err)
			}
			if formula, err := book.GetCellFormula(sheet, cell); formula != "" || err != nil {
				b.t.Errorf("%s is a formula: %q, %v", cell, formula, err)
			}
		}
	}
	return rows
}

// A file holds what the role may export, of what people typed nothing that a
// spreadsheet would run, and leaves its line in the ledger.
func TestAFileHoldsWhatTheRoleMayExport(t *testing.T) {
	t.Parallel()
	f := &floor{t: t, dir: t.TempDir(), log: &shared.Buffer{}}
	var sheet strings.Builder
	w := csv.NewWriter(&sheet)
	for i, name := range formulas {
		row := []string{string(rune('1' + i)), "Société", "Bâtiment", marginCanary, noteCanary, "Jeanne", name, "Gérante", "01 99 00 00 0" + string(rune('1'+i)), "Lyon", scoreCanary, "Nouveau", "", ""}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	f.start(sheetHead + sheet.String())
	b := f.browser(t)
	b.signIn("sam")
	if b.get("/leads"); strings.Contains(b.body, "/export") {
		t.Error("a button that is not his")
	}
	if b.get("/export?campaign=spring"); b.status != http.StatusForbidden {
		t.Errorf("without the right: %d", b.status)
	}
	if b.post("/export", "campaign", "spring", "motive", "x", "format", "csv"); b.status != http.StatusForbidden || strings.Contains(b.body, "Jeanne") {
		t.Errorf("without the right: %d %s", b.status, b.body)
	}
	f.decide(supervisorSees, supervisorSees+supervisorExports)
	if b.get("/leads?campaign=spring"); !strings.Contains(b.body, "/export?campaign=spring") {
		t.Errorf("no button: %s", b.body)
	}
	if b.get("/export?campaign=spring"); !b.shows("7 fiches seront exportées") || !b.shows("Téléphone") || b.shows("Ville") {
		t.Errorf("the page: %s", b.body)
	}
	if b.post("/export", "campaign", "spring", "motive", " ", "format", "csv"); b.status != http.StatusUnprocessableEntity {
		t.Errorf("without a motive: %d", b.status)
	}
	for _, format := range []string{"csv", "xlsx"} {
		b.holds(format, b.file(format))
	}
	before := b.seen.String()
	for _, canary := range []string{marginCanary, noteCanary} {
		if strings.Contains(before, canary) {
			t.Errorf("the browser was sent %s", canary)
		}
	}
	f.decide(supervisorSees, supervisorSees+strings.Replace(supervisorExports, "prospect.phone, ", "", 1))
	if rows := b.file("csv"); slices.Contains(rows[0], "Téléphone") || strings.Contains(b.body, "01 99") {
		t.Errorf("a field that the policy has taken off: %v", rows)
	}
}

// holds says whether a file has each prospect once, in cells that stay text.
func (b *browser) holds(format string, rows [][]string) {
	b.t.Helper()
	if len(rows) != 1+len(formulas) {
		b.t.Fatalf("%s: %d rows", format, len(rows))
	}
	name, phone := slices.Index(rows[0], "Nom de famille"), slices.Index(rows[0], "Téléphone")
	if name < 0 || phone < 0 || len(rows[0]) != 6 {
		b.t.Fatalf("%s: the head is %q", format, rows[0])
	}
	for _, row := range rows[1:] {
		if !strings.HasPrefix(row[phone], "01 99") || !strings.HasPrefix(row[name], "'") {
			b.t.Errorf("%s: %q", format, row)
		}
	}
}
