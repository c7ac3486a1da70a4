package sheet

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

const defaultPage = 1000

// Pull reads a page of prospects in the order of the file. Prospects whose id
// stands twice are left out: their calls could not be written back.
func (c *conn) Pull(ctx context.Context, req connector.PullRequest) (connector.Page, error) {
	const op = "sheet: pull"
	readAt := c.env.Now()
	c.env.Meter(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return connector.Page{}, fault.New(fault.Unavailable, op, err)
	}
	t, err := c.prospects()
	if err != nil {
		return connector.Page{}, fault.New(fault.Unavailable, op, err)
	}
	match, err := t.selection(req.Selection)
	if err != nil {
		return connector.Page{}, fault.New(fault.Rejected, op, err)
	}
	fields, err := t.asked(req.Fields)
	if err != nil {
		return connector.Page{}, fault.New(fault.Unavailable, op, err)
	}
	limit := req.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	var page connector.Page
	row, rows := t.start(req.Cursor), t.grid.rows()
	for ; row < rows && len(page.Prospects) < limit; row++ {
		id := t.idOf(row)
		if id == "" || t.twice[id] != nil || !match(row) {
			continue
		}
		page.Prospects = append(page.Prospects, bridge.Prospect{
			Ref:    bridge.Ref{Connection: c.env.Name, Object: bridge.ProspectObj, ID: id},
			Fields: t.values(row, fields),
			ReadAt: readAt,
		})
	}
	if page.More = row < rows; page.More {
		page.Cursor = t.cursor(row)
	} else {
		page.Whole = true
	}
	return page, nil
}

// askedField is a field that a page is to hold.
type askedField struct {
	def bridge.FieldDef
	col int
}

// asked finds the columns of the fields. A field without a mapping does not
// exist here; the bridge's own columns may not have been added yet.
func (t *table) asked(names []bridge.FieldName) ([]askedField, error) {
	var out []askedField
	for _, name := range names {
		if _, mapped := t.layout.fields[name]; !mapped || t.lacks(name) {
			continue
		}
		col, def, err := t.column(name)
		if err != nil {
			return nil, err
		}
		out = append(out, askedField{def, col})
	}
	return out, nil
}

func (t *table) values(row int, fields []askedField) map[bridge.FieldName]bridge.Value {
	values := make(map[bridge.FieldName]bridge.Value, len(fields))
	for _, f := range fields {
		values[f.def.Name] = t.value(row, f.col, f.def)
	}
	return values
}

// cursor names the row to go on with, as long as the ids stand as they do.
func (t *table) cursor(row int) string { return t.digest + "." + strconv.Itoa(row) }

// start is the row that a cursor names, 0 for one of another sequence of ids.
func (t *table) start(cursor string) int {
	digest, text, _ := strings.Cut(cursor, ".")
	row, err := strconv.Atoi(text)
	if err != nil || digest != t.digest || row < 0 {
		return 0
	}
	return row
}

// selection makes the filter of a selection: header=value (or field=value)
// conditions joined by &, all of which must hold; && stands for an & in a name
// or value.
func (t *table) selection(text string) (func(row int) bool, error) {
	var tests []func(row int) bool
	const and = "\x00"
	for _, part := range strings.Split(strings.ReplaceAll(text, "&&", and), "&") {
		if part = strings.ReplaceAll(part, and, "&"); trim(part) == "" {
			continue
		}
		test, err := t.condition(part)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return func(row int) bool {
		for _, test := range tests {
			if !test(row) {
				return false
			}
		}
		return true
	}, nil
}

func (t *table) condition(text string) (func(row int) bool, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return nil, fmt.Errorf("selection: write header=value, joined by &")
	}
	name = trim(name)
	if field, mapped := t.fieldNamed(name); mapped {
		if t.lacks(field) {
			return func(int) bool { return trim(value) == "" }, nil
		}
		col, def, err := t.column(field)
		if err != nil {
			return nil, fmt.Errorf("selection: %w", err)
		}
		want := canonical(def, value, t.layout.zone)
		return func(row int) bool { return same(t.value(row, col, def), want) }, nil
	}
	col, err := t.find(name)
	if err != nil {
		return nil, fmt.Errorf("selection: %w", err)
	}
	want := fold(value)
	return func(row int) bool { return fold(t.grid.text(row, col, bridge.Text)) == want }, nil
}

// fieldNamed is the mapped field that a name means: its own or its header.
func (t *table) fieldNamed(name string) (bridge.FieldName, bool) {
	if _, ok := t.layout.fields[bridge.FieldName(name)]; ok {
		return bridge.FieldName(name), true
	}
	for field, header := range t.layout.fields {
		if fold(header) == fold(name) {
			return field, true
		}
	}
	return "", false
}
