package sheet

import (
	"errors"
	"fmt"
	"path/filepath"

	"passerelle/internal/fault"
)

// source is the prospects file on the disk.
type source struct {
	path string
	tab  string // of an XLSX file
	xlsx bool
	csv  csvOptions
}

func (s source) name() string { return filepath.Base(s.path) }

// real is the file that the path leads to: a link stays a link.
func (s source) real() string {
	if path, err := filepath.EvalSymlinks(s.path); err == nil {
		return path
	}
	return s.path
}

// load reads the file.
func (s source) load(l *layout) (*table, error) {
	data, st, err := readStamped(s.real())
	if err != nil {
		return nil, err
	}
	if st.info == nil {
		return nil, fmt.Errorf("%s is not there: put it back, or correct `prospects` in the settings", s.path)
	}
	g, err := s.grid(data)
	if err != nil {
		return nil, err
	}
	t, err := newTable(s.name(), g, l)
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	t.stamp = st
	return t, nil
}

func (s source) grid(data []byte) (grid, error) {
	if s.xlsx {
		return parseXLSX(s.name(), s.tab, data)
	}
	return parseCSV(s.name(), data, s.csv)
}

// save writes the table back if the file is still what was read.
func (s source) save(t *table) error {
	data, err := t.grid.encode()
	if err != nil {
		return fault.New(fault.Unavailable, "sheet: write "+s.name(), err)
	}
	st, err := replaceFile(s.real(), data, t.stamp)
	if err != nil {
		return err
	}
	t.stamp, t.dirty = st, false
	return nil
}
