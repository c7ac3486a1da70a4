package demo

import (
	"bytes"
	"time"

	"github.com/xuri/excelize/v2"

	"passerelle/internal/bridge"
)

// The tabs of the workbook.
const (
	prospectsTab = "Prospects"
	readMeTab    = "Lisez-moi"
)

// column is a column of the prospects' tab.
type column struct {
	header string
	field  bridge.FieldName // that passerelle.yaml maps it to; "" for the id
	class  bridge.Class
	width  float64 // characters
	format string  // Excel's, "" for none
	value  func(prospect) any
}

// The number formats of the columns.
const (
	formatEuros   = `#,##0\ "€"`
	formatPercent = `0.0\ "%"`
	formatDay     = `dd/mm/yyyy`
)

var columns = []column{
	{"Référence", "", bridge.Public, 11, "", func(p prospect) any { return p.id }},
	{"Société", "account.name", bridge.Public, 34, "", func(p prospect) any { return p.company }},
	{"Prénom", "prospect.first_name", bridge.Personal, 13, "", func(p prospect) any { return p.first }},
	{"Nom", "prospect.last_name", bridge.Personal, 14, "", func(p prospect) any { return p.last }},
	{"Fonction", "prospect.job_title", bridge.Public, 30, "", func(p prospect) any { return p.job }},
	{"Téléphone", "prospect.phone", bridge.Personal, 18, "", func(p prospect) any { return p.phone }},
	{"E-mail", "prospect.email", bridge.Personal, 42, "", func(p prospect) any { return p.email }},
	{"Rue", "prospect.street", bridge.Personal, 34, "", func(p prospect) any { return p.street }},
	{"Code postal", "prospect.postal_code", bridge.Public, 12, "", func(p prospect) any { return p.postalCode }},
	{"Ville", "prospect.city", bridge.Public, 20, "", func(p prospect) any { return p.city }},
	{"Secteur", "account.sector", bridge.Public, 28, "", func(p prospect) any { return p.sector }},
	{"Effectif", "account.headcount", bridge.Public, 10, "", func(p prospect) any { return p.headcount }},
	{"SIRET", "account.registration", bridge.Public, 17, "", func(p prospect) any { return p.siret }},
	{"Site web", "account.website", bridge.Public, 40, "", func(p prospect) any { return p.website }},
	{"Origine du lead", "prospect.origin", bridge.Commercial, 17, "", func(p prospect) any { return p.origin }},
	{"Segment", "prospect.segment", bridge.Commercial, 13, "", func(p prospect) any { return p.segment }},
	{"Score", "prospect.score", bridge.Commercial, 8, "", func(p prospect) any { return p.score }},
	{"Opt-in", "prospect.opt_in", bridge.Commercial, 8, "", func(p prospect) any { return yesNo(p.optIn) }},
	{"Échéance du contrat", "account.x_contract_end", bridge.Commercial, 20, formatDay, func(p prospect) any { return dayOrNil(p.contractEnd) }},
	{"Statut du compte", "account.status", bridge.Structural, 17, "", func(p prospect) any { return p.accountStatus }},
	{"Territoire", "prospect.territory", bridge.Structural, 15, "", func(p prospect) any { return p.territory }},
	{"Propriétaire", "prospect.owner", bridge.Structural, 13, "", func(p prospect) any { return p.owner }},
	{"Statut du lead", "prospect.lead_status", bridge.Structural, 15, "", func(p prospect) any { return p.leadStatus }},
	{"Étape", "opportunity.stage", bridge.Structural, 14, "", func(p prospect) any { return p.stage }},
	{"Montant", "opportunity.amount", bridge.Financial, 13, formatEuros, func(p prospect) any { return numberOrNil(p.amount) }},
	{"Chiffre d'affaires", "account.revenue", bridge.Financial, 18, formatEuros, func(p prospect) any { return p.revenue }},
	{"Marge", "account.margin", bridge.Financial, 9, formatPercent, func(p prospect) any { return p.margin }},
	{"Remise consentie", "account.x_discount", bridge.Financial, 17, formatPercent, func(p prospect) any { return numberOrNil(p.discount) }},
	{"Priorité stratégique", "account.priority", bridge.Confidential, 26, "", func(p prospect) any { return p.priority }},
	{"Note confidentielle", "account.confidential_note", bridge.Confidential, 60, "", func(p prospect) any { return p.confidence }},
	{"Ne pas appeler", "prospect.do_not_call", bridge.Public, 15, "", func(p prospect) any { return yesOrNil(p.doNotCall) }},
	{"Statut du prospect", "prospect.status", bridge.Commercial, 19, "", func(p prospect) any { return textOrNil(p.status) }},
	{"Prochaine action", "prospect.next_action", bridge.Commercial, 34, "", nil},
	{"Commentaire", "prospect.comment", bridge.Commercial, 50, "", nil},
	{"Dernier résultat", "prospect.last_disposition", bridge.Commercial, 20, "", nil},
	{"Tentatives", "prospect.attempts", bridge.Commercial, 11, "", nil},
}

func yesNo(b bool) any {
	if b {
		return "Oui"
	}
	return "Non"
}

func yesOrNil(b bool) any {
	if b {
		return "Oui"
	}
	return nil
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func numberOrNil(n float64) any {
	if n == 0 {
		return nil
	}
	return n
}

func dayOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// tints are the colours of the headers: one a class.
var tints = map[bridge.Class]string{
	bridge.Public: "1F4E79", bridge.Personal: "2E7D5B", bridge.Commercial: "3B6FA0",
	bridge.Financial: "B45F06", bridge.Confidential: "990000", bridge.Structural: "595959",
}

// workbook is an XLSX file under way. The first error is kept and stops the
// rest.
type workbook struct {
	file *excelize.File
	err  error
}

func (w *workbook) do(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *workbook) style(s *excelize.Style) int {
	id, err := w.file.NewStyle(s)
	w.do(err)
	return id
}

func cellName(col, row int) string {
	name, _ := excelize.CoordinatesToCellName(col, row) // both from 1
	return name
}

// encodeWorkbook is the XLSX file that people open.
func encodeWorkbook(all []prospect) ([]byte, error) {
	w := &workbook{file: excelize.NewFile()}
	w.do(w.file.SetSheetName("Sheet1", prospectsTab))
	w.rows(all)
	for i, c := range columns {
		w.column(i+1, c, len(all))
	}
	w.do(w.file.SetPanes(prospectsTab, &excelize.Panes{Freeze: true, XSplit: 2, YSplit: 1, TopLeftCell: "C2", ActivePane: "bottomRight"}))
	w.do(w.file.AutoFilter(prospectsTab, "A1:"+cellName(len(columns), len(all)+1), nil))
	w.readMe()
	w.do(w.file.SetDocProps(&excelize.DocProperties{Title: "Prospection B2B (données fictives)", Creator: "Passerelle"}))
	var b bytes.Buffer
	if w.err == nil {
		w.err = w.file.Write(&b)
	}
	w.do(w.file.Close())
	return b.Bytes(), w.err
}

func (w *workbook) rows(all []prospect) {
	header := make([]any, len(columns))
	for i, c := range columns {
		header[i] = c.header
	}
	w.do(w.file.SetSheetRow(prospectsTab, "A1", &header))
	for n, p := range all {
		row := make([]any, len(columns))
		for i, c := range columns {
			if c.value != nil {
				row[i] = c.value(p)
			}
		}
		w.do(w.file.SetSheetRow(prospectsTab, cellName(1, n+2), &row))
	}
}

// column gives a column its look.
func (w *workbook) column(at int, c column, rows int) {
	letter, err := excelize.ColumnNumberToName(at)
	w.do(err)
	w.do(w.file.SetColWidth(prospectsTab, letter, letter, c.width))
	w.do(w.file.SetCellStyle(prospectsTab, cellName(at, 1), cellName(at, 1), w.headStyle(c.class)))
	if c.format != "" {
		w.do(w.file.SetCellStyle(prospectsTab, cellName(at, 2), cellName(at, rows+1), w.style(&excelize.Style{CustomNumFmt: &c.format})))
	}
}

func (w *workbook) headStyle(class bridge.Class) int {
	return w.style(&excelize.Style{
		Font:      &excelize.Font{Bold: true, Color: "FFFFFF"},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{tints[class]}},
		Alignment: &excelize.Alignment{Vertical: "center"},
	})
}

// readMe says in a tab of its own what the columns are.
func (w *workbook) readMe() {
	_, err := w.file.NewSheet(readMeTab)
	w.do(err)
	w.do(w.file.SetColWidth(readMeTab, "A", "C", 30))
	lines := [][]any{
		{"Ce classeur est le CRM de la démonstration. Personnes, sociétés et numéros sont inventés."},
		{"Modifiez-le : vos modifications restent. Tant qu'il est ouvert dans un tableur, la passerelle attend pour y écrire."},
		{"La couleur d'un en-tête est la classe du champ : policy.yaml dit quel rôle voit quelle classe."},
		{},
		{"Colonne", "Champ", "Classe"},
	}
	for i, line := range lines {
		w.do(w.file.SetSheetRow(readMeTab, cellName(1, i+1), &line))
	}
	for i, c := range columns {
		row := len(lines) + 1 + i
		w.do(w.file.SetSheetRow(readMeTab, cellName(1, row), &[]any{c.header, string(c.field), string(c.class)}))
		w.do(w.file.SetCellStyle(readMeTab, cellName(1, row), cellName(1, row), w.headStyle(c.class)))
	}
}
