package sheet

import (
	"bytes"
	"fmt"
	"strings"

	"passerelle/internal/bridge"
)

const bom = "\ufeff"

// dialect is how a CSV file is written.
type dialect struct {
	comma    byte
	eol      string
	bom      bool
	latin    bool // windows-1252, else UTF-8
	quoteAll bool
}

// csvFile is a CSV file in memory. Records and cells keep the text they had, so
// that what nobody changed is written back byte for byte.
type csvFile struct {
	dialect
	preamble string // Excel's "sep=;" line
	head     csvRecord
	records  []csvRecord
	width    int  // columns of the header
	widened  bool // columns were added: every record is written in full
}

// spare is the room for columns that the bridge adds.
const spare = 3

// csvRecord is a record; a blank line has no cells.
type csvRecord struct {
	line    int
	raw     string   // without its line end
	cells   []string // as written, quotes included; at least width of them
	eol     string   // "" if the file ends here without one
	changed bool
}

// csvOptions are what the settings say of a file; zero values are found out.
type csvOptions struct {
	comma byte
	latin bool
}

// parseCSV reads a CSV file with a header. name is for messages; errors give
// file and line.
func parseCSV(name string, data []byte, opt csvOptions) (*csvFile, error) {
	text, err := decodeText(name, data, opt.latin)
	if err != nil {
		return nil, err
	}
	f := &csvFile{dialect: dialect{latin: opt.latin, eol: "\n"}}
	f.bom = strings.HasPrefix(text, bom)
	s := scanner{name: name, data: strings.TrimPrefix(text, bom), line: 1}
	f.preamble, f.comma = s.preamble()
	if opt.comma != 0 {
		f.comma = opt.comma
	}
	if f.comma == 0 {
		f.comma = guessComma(s.data[s.pos:])
	}
	s.comma = f.comma
	if err := f.readHead(&s); err != nil {
		return nil, err
	}
	return f, f.readRecords(&s)
}

func (f *csvFile) readHead(s *scanner) error {
	for s.more() {
		rec, err := s.record(nil)
		if err != nil {
			return err
		}
		if rec.cells == nil {
			f.preamble += rec.raw + rec.eol
			continue
		}
		f.head, f.width = rec, len(rec.cells)
		if rec.eol != "" {
			f.eol = rec.eol
		}
		f.quoteAll = true
		for _, c := range rec.cells {
			f.quoteAll = f.quoteAll && strings.HasPrefix(c, `"`)
		}
		return nil
	}
	return fmt.Errorf("%s is empty: it needs a first line with the names of the columns", s.name)
}

func (f *csvFile) readRecords(s *scanner) error {
	var slab []string
	room := f.width + spare
	f.records = make([]csvRecord, 0, strings.Count(s.data[s.pos:], "\n")+1)
	for s.more() {
		if len(slab) < room {
			slab = make([]string, 512*room)
		}
		rec, err := s.record(slab[0:0:room])
		if err != nil {
			return err
		}
		if rec.cells != nil {
			if rec.cells, err = f.fit(s.name, rec); err != nil {
				return err
			}
			slab = slab[room:]
		}
		f.records = append(f.records, rec)
	}
	return nil
}

// fit pads a short record (spreadsheets leave empty cells at the end out) and
// refuses one with text beyond the header.
func (f *csvFile) fit(name string, rec csvRecord) ([]string, error) {
	for _, c := range rec.cells[min(f.width, len(rec.cells)):] {
		if c != "" && c != `""` {
			return nil, fmt.Errorf("%s, line %d: %d cells where the header has %d: look for a stray %q or quote",
				name, rec.line, len(rec.cells), f.width, string(f.comma))
		}
	}
	cells := rec.cells
	for len(cells) < f.width {
		cells = append(cells, "")
	}
	return cells, nil
}

// guessComma finds the delimiter: the candidate that the header has most of.
func guessComma(text string) byte {
	text = strings.TrimLeft(text, "\r\n")
	counts := map[byte]int{}
	quoted := false
	for i := range len(text) {
		c := text[i]
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t', '|'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// The methods of the grid (see table.go).

func (f *csvFile) header() []string {
	names := make([]string, f.width)
	for i := range names {
		names[i] = unquote(f.head.cells[i])
	}
	return names
}

func (f *csvFile) rows() int        { return len(f.records) }
func (f *csvFile) line(row int) int { return f.records[row].line }
func (f *csvFile) close() error     { return nil }
func (f *csvFile) blank(r int) bool { return f.records[r].cells == nil }

func (f *csvFile) text(row, col int, _ bridge.FieldType) string {
	if cells := f.records[row].cells; col < len(cells) {
		return unquote(cells[col])
	}
	return ""
}

func (f *csvFile) accepts(_, _ int, text string) error {
	if f.latin && !latinHolds(text) {
		return errLatin
	}
	return nil
}

func (f *csvFile) set(row, col int, text string, _ bridge.FieldType) {
	rec := &f.records[row]
	for len(rec.cells) <= col {
		rec.cells = append(rec.cells, "")
	}
	rec.cells[col] = f.quote(text, strings.HasPrefix(rec.cells[col], `"`))
	rec.changed = true
}

func (f *csvFile) addColumn(name string) (int, error) {
	col := f.width
	f.head.cells = append(f.head.cells[:col:col], f.quote(name, false))
	f.head.changed, f.widened = true, true
	f.width++
	return col, nil
}

// newRecord makes a record of texts.
func (f *csvFile) newRecord(texts []string) csvRecord {
	rec := csvRecord{cells: make([]string, len(texts)), eol: f.eol, changed: true}
	for i, t := range texts {
		rec.cells[i] = f.quote(t, false)
	}
	return rec
}

// add puts a record at the end.
func (f *csvFile) add(texts []string) {
	rec := f.newRecord(texts)
	rec.line = 2
	if n := len(f.records); n > 0 {
		last := &f.records[n-1]
		rec.line = last.line + 1
		if last.eol == "" {
			last.eol = f.eol
		}
	}
	f.records = append(f.records, rec)
}

// encode is the file's bytes.
func (f *csvFile) encode() ([]byte, error) {
	var b bytes.Buffer
	b.Grow(64 + len(f.records)*(len(f.head.raw)+32))
	if f.bom {
		b.WriteString(bom)
	}
	b.WriteString(f.preamble)
	f.writeRecord(&b, &f.head)
	for i := range f.records {
		f.writeRecord(&b, &f.records[i])
	}
	if f.latin {
		return encodeLatin(b.String())
	}
	return b.Bytes(), nil
}

func (f *csvFile) writeRecord(b *bytes.Buffer, rec *csvRecord) {
	if rec.cells == nil || (!rec.changed && !f.widened) {
		b.WriteString(rec.raw)
	} else {
		for i, c := range rec.cells {
			if i > 0 {
				b.WriteByte(f.comma)
			}
			b.WriteString(c)
		}
		for i := len(rec.cells); i < f.width; i++ {
			b.WriteByte(f.comma)
		}
	}
	b.WriteString(rec.eol)
}

// quote writes a cell, in quotes if it must be or was before.
func (f *csvFile) quote(text string, was bool) string {
	must := was || f.quoteAll || strings.IndexByte(text, f.comma) >= 0 || strings.ContainsAny(text, "\"\r\n") ||
		text != strings.TrimSpace(text)
	if !must {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

func unquote(cell string) string {
	if len(cell) < 2 || cell[0] != '"' {
		return cell
	}
	cell = cell[1 : len(cell)-1]
	if strings.IndexByte(cell, '"') < 0 {
		return cell
	}
	return strings.ReplaceAll(cell, `""`, `"`)
}
