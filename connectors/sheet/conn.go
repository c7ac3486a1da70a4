package sheet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

var (
	_ connector.Puller  = (*conn)(nil)
	_ connector.Applier = (*conn)(nil)
	_ connector.Finder  = (*conn)(nil)

	_ connector.Cataloguer = (*conn)(nil)
	_ connector.Diary      = (*conn)(nil)
	_ connector.Calendar   = (*conn)(nil)
)

// conn is the folder. One method works at a time.
type conn struct {
	env    connector.Env
	source source
	layout *layout

	mu      sync.Mutex
	table   *table // nil: to be read
	journal *journal
	agenda  *agenda
	behind  bool // the prospects file may not show what the journal says
}

// Close forgets what was read.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forget()
}

// forget drops the table in memory, with what was not saved of it.
func (c *conn) forget() error {
	t := c.table
	c.table = nil
	if t == nil {
		return nil
	}
	return t.grid.close()
}

// prospects is the table as the file is now.
func (c *conn) prospects() (*table, error) {
	if c.table != nil {
		same, err := c.table.stamp.still(c.source.real())
		if err != nil {
			return nil, err
		}
		if same {
			return c.table, nil
		}
		if err := c.forget(); err != nil {
			return nil, err
		}
	}
	t, err := c.source.load(c.layout)
	if err != nil {
		return nil, err
	}
	c.table, c.behind = t, true
	return t, nil
}

// refresh brings everything in memory to what the files say now.
func (c *conn) refresh() error {
	read, err := c.journal.refresh()
	if err != nil {
		return err
	}
	c.behind = c.behind || read
	if err := c.agenda.refresh(); err != nil {
		return err
	}
	_, err = c.prospects()
	return err
}

// Check reads the files without changing them and names everything that is
// wrong in them.
func (c *conn) Check(ctx context.Context) error {
	c.env.Meter(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Unavailable, "sheet: check", err)
	}
	t, err := c.prospects()
	if err != nil {
		return fault.New(fault.Unavailable, "sheet: check", err)
	}
	var found []error
	for _, name := range c.layout.names() {
		if t.lacks(name) {
			continue // added with the first write
		}
		if _, _, err := t.column(name); err != nil {
			found = append(found, err)
		}
	}
	found = append(found, t.findings()...)
	found = append(found, c.folderFindings()...)
	if len(found) == 0 {
		return nil
	}
	return fault.New(fault.Rejected, "sheet: check", errors.Join(found...))
}

// findings are the rows that no prospect can be made of.
func (t *table) findings() []error {
	var found []error
	for _, id := range slices.Sorted(maps.Keys(t.twice)) {
		found = append(found, fmt.Errorf("%s: prospect %q stands on %s: leave one; until then it is neither called nor written", t.name, id, lineList(t.twice[id])))
	}
	if len(t.unnamed) > 0 {
		found = append(found, fmt.Errorf("%s: no «%s» on %s: give each prospect one", t.name, t.layout.id, lineList(t.unnamed)))
	}
	return found
}

// folderFindings is what is wrong with the files beside the prospects. They are
// read apart from the ones in use, which only the hub's own writes repair; a
// torn end is no finding, since the next write cuts it.
func (c *conn) folderFindings() []error {
	var found []error
	for _, own := range []*logFile{c.journal.calls, c.journal.amends, c.agenda.log} {
		look := &logFile{path: own.path, columns: own.columns, require: own.require}
		data, _, err := readStamped(own.path)
		var f *csvFile
		if err == nil {
			f, err = look.parse(data[:look.wholeLength(data)])
		}
		if err != nil {
			found = append(found, err)
			continue
		}
		if own == c.agenda.log {
			found = append(found, startFindings(look, f)...)
		}
	}
	return found
}

// startFindings are the appointments that no calendar can show.
func startFindings(l *logFile, f *csvFile) []error {
	var found []error
	for row := range rowsOf(f) {
		if _, err := startOf(l.texts(f, row)); err != nil {
			found = append(found, fmt.Errorf("%s, line %d: %w", l.name(), f.line(row), err))
		}
	}
	return found
}
