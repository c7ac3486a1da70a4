package roster

import (
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"passerelle/internal/bridge"
)

// columns are those of every list; crm.<connection> come beside them.
var columns = []string{"person", "name", "team", "profile", "connection", "zone", "territory", "principal", "ends", "handover"}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// longestCell is the longest text taken in a cell, in bytes.
const longestCell = 200

// row is a line of the list: the cells of the columns that it has.
type row struct {
	line  int
	cells map[string]string
}

func (r row) person() bridge.PersonID { return bridge.PersonID(r.cells["person"]) }

// read parts the list into rows. The cells stand between commas or semicolons,
// whichever the first line has more of.
func (p *planner) read(text string) (rows []row) {
	text = strings.TrimPrefix(text, "\ufeff")
	if !utf8.ValidString(text) {
		p.find(0, "", notUTF8)
		return nil
	}
	in := csv.NewReader(strings.NewReader(text))
	first, _, _ := strings.Cut(text, "\n")
	if strings.Count(first, ";") > strings.Count(first, ",") {
		in.Comma = ';'
	}
	head, err := in.Read()
	if err != nil || !p.head(head) {
		if len(p.findings) == 0 {
			p.find(1, "", noHead)
		}
		return nil
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			p.find(bad.Line, "", notCSV)
			return nil
		}
		line, _ := in.FieldPos(0)
		rows = append(rows, p.row(line, head, cells))
	}
}

// head checks the names of the columns, and trims them.
func (p *planner) head(names []string) bool {
	seen := map[string]bool{}
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(names[i]))
		switch name := names[i]; {
		case seen[name]:
			p.find(1, name, columnTwice)
		case !slices.Contains(p.columns(), name):
			p.find(1, name, unknownColumn, strings.Join(p.columns(), ", "))
		}
		seen[names[i]] = true
	}
	p.has = seen
	return seen["person"] && len(p.findings) == 0
}

func (p *planner) columns() []string {
	out := slices.Clone(columns)
	for _, c := range p.CRMs {
		out = append(out, string(c))
	}
	return out
}

func (p *planner) row(line int, head, cells []string) row {
	r := row{line, make(map[string]string, len(head))}
	for i, name := range head {
		text := strings.TrimSpace(cells[i])
		if len(text) > longestCell || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			p.find(line, name, badText)
		}
		r.cells[name] = text
	}
	return r
}
