package console

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"passerelle/internal/desk"
)

type exportPage struct {
	filter
	Count  string
	None   bool
	Fields []string
}

// Back is the list that it came from.
func (p exportPage) Back() template.URL { return template.URL(p.query().Encode()) }

// exportPage shows what would leave, and asks why.
func (c *Console) exportPage(v *visit) error {
	q := v.r.URL.Query()
	return v.exportWith(http.StatusOK, nil, filter{q.Get("campaign"), q.Get("assignee"), q.Get("status")})
}

func (v *visit) exportWith(status int, n *notice, f filter) error {
	found, err := v.opts.Desk.ForeseeExport(v.actor, f.choice())
	if bad, ok := errors.AsType[*desk.Invalid](err); ok {
		_, text, _ := v.wrong(bad)
		return v.showWith(http.StatusUnprocessableEntity, "export", &notice{"wrong", text}, exportPage{filter: f, None: true})
	}
	if err != nil {
		return err
	}
	page := exportPage{filter: f, Count: v.look.words.count("export.leads", len(found.Rows)), None: len(found.Rows) == 0}
	for _, name := range found.Fields {
		page.Fields = append(page.Fields, v.label(name))
	}
	return v.showWith(status, "export", n, page)
}

// export hands out the file.
func (c *Console) export(v *visit) error {
	f := filter{v.form("campaign"), v.form("assignee"), v.form("status")}
	found, err := c.opts.Desk.Export(v.r.Context(), v.actor, f.choice(), v.form("motive"))
	if err != nil {
		status, text, known := v.wrong(err)
		if !known || status == http.StatusForbidden {
			return err
		}
		return v.exportWith(status, &notice{"wrong", text}, f)
	}
	rows, name, kind := v.table(found), "passerelle-"+v.now.In(v.zone).Format("2006-01-02"), "text/csv; charset=utf-8"
	write, ending := v.csv, ".csv"
	if v.form("format") == "xlsx" {
		write, ending, kind = v.xlsx, ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	var body bytes.Buffer // an error must not come after half a file
	if err := write(&body, rows); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + ending}))
	_, _ = v.w.Write(body.Bytes()) // the browser may be gone
	return nil
}

// table is the file's rows, its head first.
func (v *visit) table(found desk.Export) [][]string {
	head := []string{v.look.words.text("leads.campaign"), v.look.words.text("leads.status"), v.look.words.text("leads.assignee")}
	for _, name := range found.Fields {
		head = append(head, v.label(name))
	}
	out := [][]string{head}
	for _, row := range found.Rows {
		line := []string{v.campaignName(row.Lead.Campaign), v.look.words.text("lead." + string(row.Lead.State)), ""}
		if row.Lead.Assignee != "" {
			line[2] = v.name(row.Lead.Assignee)
		}
		for _, name := range found.Fields {
			line = append(line, string(row.Fields[name]))
		}
		out = append(out, line)
	}
	for _, line := range out {
		for i, cell := range line {
			line[i] = inert(cell)
		}
	}
	return out
}

// inert keeps a spreadsheet from taking what people typed for a formula.
func inert(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, " \u00a0"))
	if !strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return cell
	}
	return "'" + cell
}

// csv writes the rows as the spreadsheets of the reader's language take them: in
// French the comma stands in numbers.
func (v *visit) csv(b *bytes.Buffer, rows [][]string) error {
	b.WriteString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	if v.look.lang == "fr" {
		w.Comma = ';'
	}
	for _, row := range rows {
		if err := w.Write(inertWithin(row)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// begins is where a spreadsheet that parts cells by another mark than ours would
// find a formula inside one of ours.
var begins = regexp.MustCompile(`([,;\t\r\n][ \x{a0}"]*)([=+\-@＝＋－＠])`)

func inertWithin(row []string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = begins.ReplaceAllString(cell, "${1}'${2}")
	}
	return out
}

func (v *visit) xlsx(b *bytes.Buffer, rows [][]string) error {
	book := excelize.NewFile()
	sheet := book.GetSheetName(0)
	out, err := book.NewStreamWriter(sheet)
	if err != nil {
		return errors.Join(err, book.Close())
	}
	for i, row := range rows {
		cells := make([]any, len(row))
		for j, cell := range row {
			cells[j] = cell // as text: never a number, nor a formula
		}
		err = errors.Join(err, out.SetRow(fmt.Sprintf("A%d", i+1), cells))
	}
	if err = errors.Join(err, out.Flush()); err == nil {
		_, err = book.WriteTo(b)
	}
	return errors.Join(err, book.Close())
}
