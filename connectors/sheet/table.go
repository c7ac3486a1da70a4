package sheet

import (
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// grid is a file of rows under a header: a csvFile or an xlsxFile. Rows count
// from 0 below the header.
type grid interface {
	header() []string
	rows() int
	line(row int) int // in the file, for messages
	blank(row int) bool
	text(row, col int, as bridge.FieldType) string
	// accepts says, as an error, why a cell cannot hold a text.
	accepts(row, col int, text string) error
	// set writes a text that the cell accepts.
	set(row, col int, text string, as bridge.FieldType)
	addColumn(header string) (int, error)
	encode() ([]byte, error)
	close() error
}

// table is the prospects file in memory, by prospect id.
type table struct {
	name    string // of the file, for messages
	grid    grid
	stamp   stamp
	layout  *layout
	heads   map[string][]int // folded header to columns
	id      int
	rows    map[string]int
	twice   map[string][]int // ids that stand more than once: their lines
	unnamed []int            // lines without an id
	digest  string           // of the ids in order
	manners map[int]manner
	dirty   bool // differs from the file
}

// layout is what the config says of the prospects file.
type layout struct {
	id      string // header of the id column
	fields  map[bridge.FieldName]string
	catalog bridge.Catalog
	zone    *time.Location
}

func newTable(name string, g grid, l *layout) (*table, error) {
	t := &table{name: name, grid: g, layout: l, heads: map[string][]int{}, manners: map[int]manner{}}
	for i, h := range g.header() {
		key := fold(h)
		t.heads[key] = append(t.heads[key], i)
	}
	id, err := t.find(l.id)
	if err != nil {
		return nil, fmt.Errorf("%w; write `id: <header>` in the settings with the column that names each prospect", err)
	}
	t.id = id
	t.index()
	return t, nil
}

// find is the column under a header.
func (t *table) find(header string) (int, error) {
	switch cols := t.heads[fold(header)]; len(cols) {
	case 0:
		return 0, fmt.Errorf("%s has no column «%s»", t.name, header)
	case 1:
		return cols[0], nil
	}
	return 0, fmt.Errorf("%s has more than one column «%s»: rename one", t.name, header)
}

// index finds the rows of the ids.
func (t *table) index() {
	n := t.grid.rows()
	t.rows, t.twice = make(map[string]int, n), map[string][]int{}
	sum := fnv.New64a()
	for row := range n {
		id := t.idOf(row)
		_, _ = io.WriteString(sum, strconv.Itoa(len(id))+":"+id)
		if id == "" {
			if !t.grid.blank(row) && !t.empty(row) {
				t.unnamed = append(t.unnamed, t.grid.line(row))
			}
			continue
		}
		if first, again := t.rows[id]; again {
			if t.twice[id] == nil {
				t.twice[id] = []int{t.grid.line(first)}
			}
			t.twice[id] = append(t.twice[id], t.grid.line(row))
			continue
		}
		t.rows[id] = row
	}
	t.digest = strconv.FormatUint(sum.Sum64(), 36)
}

func (t *table) idOf(row int) string { return trim(t.grid.text(row, t.id, bridge.Integer)) }

func (t *table) empty(row int) bool {
	for col := range t.grid.header() {
		if trim(t.grid.text(row, col, bridge.Text)) != "" {
			return false
		}
	}
	return true
}

// row is the one row of a prospect.
func (t *table) row(id string) (int, error) {
	if lines := t.twice[id]; lines != nil {
		return 0, fmt.Errorf("%s: prospect %q stands on %s: leave one", t.name, id, lineList(lines))
	}
	row, ok := t.rows[id]
	if !ok {
		return 0, fmt.Errorf("%s has no prospect %q", t.name, id)
	}
	return row, nil
}

// lineList names lines of the file.
func lineList(lines []int) string {
	texts := make([]string, 0, len(lines))
	for _, l := range lines[:min(len(lines), 5)] {
		texts = append(texts, strconv.Itoa(l))
	}
	if len(lines) > 5 {
		texts = append(texts, "…")
	}
	if len(texts) == 1 {
		return "line " + texts[0]
	}
	return "lines " + strings.Join(texts, ", ")
}

// column is the column of a field and what the field is.
func (t *table) column(name bridge.FieldName) (int, bridge.FieldDef, error) {
	def, known := t.layout.catalog.Def(name)
	header, mapped := t.layout.fields[name]
	if !known || !mapped {
		return 0, def, fmt.Errorf("%s is not mapped: write `fields: {%s: <header of its column>}` in the connection", name, name)
	}
	col, err := t.find(header)
	if err != nil {
		return 0, def, fmt.Errorf("%w, which %s is mapped to", err, name)
	}
	return col, def, nil
}

// value reads a field of a row.
func (t *table) value(row, col int, def bridge.FieldDef) bridge.Value {
	return canonical(def, t.grid.text(row, col, def.Type), t.layout.zone)
}

// cell is a text on its way into the table.
type cell struct {
	row, col int
	text     string
	as       bridge.FieldType
}

// render writes a value in the manner of its cell, else of its column. The
// error says why the cell cannot hold it.
func (t *table) render(row, col int, def bridge.FieldDef, v bridge.Value) (cell, error) {
	m, ok := mannerOf(def.Type, t.grid.text(row, col, def.Type), t.layout.zone)
	if !ok {
		m = t.mannerOfColumn(col, def)
	}
	text := m.format(def, v, t.layout.zone)
	if err := t.grid.accepts(row, col, text); err != nil {
		return cell{}, fmt.Errorf("%s, line %d, column «%s»: %w", t.name, t.grid.line(row), t.grid.header()[col], err)
	}
	return cell{row, col, text, def.Type}, nil
}

func (t *table) put(c cell) {
	t.grid.set(c.row, c.col, c.text, c.as)
	t.dirty = true
}

// mannerOfColumn is the manner of the first cell that shows one. A column of
// yes and no that is still empty is written like another such column, else in
// the language of its header.
func (t *table) mannerOfColumn(col int, def bridge.FieldDef) manner {
	if m, ok := t.manners[col]; ok {
		return m
	}
	m, ok := t.sample(col, def.Type)
	if !ok && def.Type == bridge.Boolean {
		m = t.booleanManner(col, def)
	}
	t.manners[col] = m
	return m
}

func (t *table) sample(col int, typ bridge.FieldType) (manner, bool) {
	for row := range t.grid.rows() {
		if m, ok := mannerOf(typ, t.grid.text(row, col, typ), t.layout.zone); ok {
			return m, true
		}
	}
	return manner{}, false
}

func (t *table) booleanManner(col int, def bridge.FieldDef) manner {
	for _, name := range t.layout.names() {
		other, d, err := t.column(name)
		if err != nil || d.Type != bridge.Boolean {
			continue
		}
		if m, ok := t.sample(other, bridge.Boolean); ok {
			return m
		}
	}
	if fold(t.grid.header()[col]) == fold(def.FR) && fold(def.FR) != fold(def.EN) {
		return manner{yes: "oui", no: "non"}
	}
	return manner{yes: "yes", no: "no"}
}

func (l *layout) names() []bridge.FieldName {
	names := make([]bridge.FieldName, 0, len(l.fields))
	for n := range l.fields {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// The fields whose columns the bridge adds if they are missing.
const (
	fieldLast     bridge.FieldName = "prospect.last_disposition"
	fieldAttempts bridge.FieldName = "prospect.attempts"
)

type ownField struct {
	name   bridge.FieldName
	header string // unless the config maps the field
}

// ownFields are they, in the order of their columns.
var ownFields = []ownField{
	{fieldLast, "last_disposition"},
	{fieldAttempts, "attempts"},
	{bridge.FieldStatus, "prospect_status"},
}

func isOwn(name bridge.FieldName) bool {
	return slices.ContainsFunc(ownFields, func(f ownField) bool { return f.name == name })
}

// lacks says whether a column of the bridge's own is still to be added.
func (t *table) lacks(name bridge.FieldName) bool {
	return isOwn(name) && len(t.heads[fold(t.layout.fields[name])]) == 0
}

// completeHeader adds the bridge's own columns that are missing.
func (t *table) completeHeader() error {
	for _, f := range ownFields {
		if !t.lacks(f.name) {
			continue
		}
		header := t.layout.fields[f.name]
		col, err := t.grid.addColumn(header)
		if err != nil {
			return fmt.Errorf("%s: add the column «%s»: %w", t.name, header, err)
		}
		t.heads[fold(header)] = []int{col}
		t.dirty = true
	}
	return nil
}

// count brings attempts and last outcome of a prospect to what its calls say.
func (t *table) count(id string, h history) error {
	row, err := t.row(id)
	if err != nil {
		return nil // left the file, or stands twice: Check says so
	}
	if err := t.completeHeader(); err != nil {
		return err
	}
	for name, v := range map[bridge.FieldName]bridge.Value{
		fieldLast:     bridge.Value(h.last),
		fieldAttempts: bridge.Value(strconv.Itoa(h.calls)),
	} {
		col, def, err := t.column(name)
		if err != nil {
			return err
		}
		if t.value(row, col, def) == v {
			continue
		}
		c, err := t.render(row, col, def, v)
		if err != nil {
			return err
		}
		t.put(c)
	}
	return nil
}
