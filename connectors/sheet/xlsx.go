package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"passerelle/internal/bridge"
)

// xlsxLimit bounds what an XLSX file may unpack to, in bytes.
const xlsxLimit = 512 << 20

// xlsxFile is a tab of an XLSX file. Everything else in the file, and every
// cell that is not set, stays as it is.
type xlsxFile struct {
	name, tab string
	file      *excelize.File
	date1904  bool
	top       int        // the header's row in the file, from 1
	cells     [][]string // as stored, from the header on
	width     int
	native    map[int]nativeCell // a column's first cell that is not text
	formats   map[int]bool       // styles that show numbers in a way of their own
}

// nativeCell is a number, date or truth value as the column has them.
type nativeCell struct {
	kind  excelize.CellType
	style int
	found bool
}

// parseXLSX reads a tab, the first if tab is "". Its header is the first row
// that is not empty.
func parseXLSX(name, tab string, data []byte) (*xlsxFile, error) {
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: xlsxLimit, UnzipXMLSizeLimit: xlsxLimit})
	if err != nil {
		return nil, fmt.Errorf("%s is not an XLSX file that can be read: %w", name, err)
	}
	x := &xlsxFile{name: name, tab: tab, file: file, native: map[int]nativeCell{}, formats: map[int]bool{}}
	if err := x.read(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return x, nil
}

func (x *xlsxFile) read() error {
	tabs := x.file.GetSheetList()
	if x.tab == "" && len(tabs) > 0 {
		x.tab = tabs[0]
	}
	if !slices.Contains(tabs, x.tab) {
		return fmt.Errorf("%s has no tab «%s»: correct `sheet` in the settings", x.name, x.tab)
	}
	props, err := x.file.GetWorkbookProps()
	if err != nil {
		return fmt.Errorf("%s: %w", x.name, err)
	}
	x.date1904 = props.Date1904 != nil && *props.Date1904
	rows, err := x.file.GetRows(x.tab, excelize.Options{RawCellValue: true})
	if err != nil {
		return fmt.Errorf("%s: %w", x.name, err)
	}
	for i, row := range rows {
		if strings.TrimSpace(strings.Join(row, "")) != "" {
			x.top, x.cells = i+1, rows[i:]
			break
		}
	}
	if x.cells == nil {
		return fmt.Errorf("%s, tab «%s», is empty: it needs a first line with the names of the columns", x.name, x.tab)
	}
	for _, row := range x.cells {
		x.width = max(x.width, len(row))
	}
	return nil
}

// The methods of the grid.

func (x *xlsxFile) header() []string {
	names := make([]string, x.width)
	copy(names, x.cells[0])
	return names
}

func (x *xlsxFile) rows() int          { return len(x.cells) - 1 }
func (x *xlsxFile) line(row int) int   { return x.top + 1 + row }
func (x *xlsxFile) blank(row int) bool { return len(x.cells[row+1]) == 0 }
func (x *xlsxFile) close() error       { return x.file.Close() }

func (x *xlsxFile) stored(row, col int) string {
	if cells := x.cells[row+1]; col < len(cells) {
		return cells[col]
	}
	return ""
}

// axis is the name of a cell; a sheet's bounds keep it from failing.
func (x *xlsxFile) axis(row, col int) string {
	name, err := excelize.CoordinatesToCellName(col+1, x.line(row))
	if err != nil {
		return ""
	}
	return name
}

func (x *xlsxFile) kind(row, col int) excelize.CellType {
	kind, err := x.file.GetCellType(x.tab, x.axis(row, col))
	if err != nil {
		return excelize.CellTypeError
	}
	return kind
}

func isNumeric(kind excelize.CellType) bool {
	return kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber
}

// text is a cell as a person reads it, numbers without their formatting unless
// the field is a text such as a phone.
func (x *xlsxFile) text(row, col int, as bridge.FieldType) string {
	stored := x.stored(row, col)
	number, err := strconv.ParseFloat(stored, 64)
	if err != nil || math.IsInf(number, 0) || math.IsNaN(number) || !isNumeric(x.kind(row, col)) {
		return stored
	}
	switch as {
	case bridge.Date, bridge.DateTime:
		return x.moment(number, stored)
	case bridge.Integer, bridge.Decimal, bridge.Boolean:
		return plainNumber(number, stored)
	}
	return x.formatted(row, col, number, stored)
}

// moment is a date or time that is stored as a number of days.
func (x *xlsxFile) moment(days float64, stored string) string {
	t, err := excelize.ExcelDateToTime(days, x.date1904)
	if err != nil {
		return stored
	}
	t = t.Round(time.Second)
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.DateTime)
}

// plainNumber writes a number without exponent and without the noise of its
// seventeenth digit.
func plainNumber(number float64, stored string) string {
	digits := strings.TrimLeft(strings.ReplaceAll(strings.TrimLeft(stored, "-"), ".", ""), "0")
	if len(digits) <= 15 && !strings.ContainsAny(stored, "eE") {
		return stored
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(number, 'e', 14, 64), 64)
	if err != nil {
		return stored
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// formatted is a number as its cell shows it, where the cell has a format of
// its own.
func (x *xlsxFile) formatted(row, col int, number float64, stored string) string {
	axis := x.axis(row, col)
	if style, err := x.file.GetCellStyle(x.tab, axis); err == nil && x.hasFormat(style) {
		if shown, err := x.file.GetCellValue(x.tab, axis); err == nil {
			return shown
		}
	}
	return plainNumber(number, stored)
}

// hasFormat says whether a style shows numbers in a way of its own.
func (x *xlsxFile) hasFormat(style int) bool {
	has, known := x.formats[style]
	if !known {
		s, err := x.file.GetStyle(style)
		has = err == nil && (s.NumFmt != 0 || s.CustomNumFmt != nil)
		x.formats[style] = has
	}
	return has
}

func (x *xlsxFile) accepts(row, col int, text string) error {
	if len([]rune(text)) > excelize.TotalCellChars {
		return fmt.Errorf("longer than the %d characters a cell can hold", excelize.TotalCellChars)
	}
	formula, err := x.file.GetCellFormula(x.tab, x.axis(row, col))
	if err != nil {
		return err
	}
	if formula != "" {
		return errors.New("the cell holds a formula: replace it by its value, or map the field to another column")
	}
	return nil
}

// set writes a cell as the column has its values: as a number, date or truth
// value, else as text. Its formatting stays; a date takes its column's.
func (x *xlsxFile) set(row, col int, text string, as bridge.FieldType) {
	axis := x.axis(row, col)
	stored := text
	var err error
	native := x.nativeOf(row, col)
	switch {
	case text == "":
		err = x.file.SetCellStr(x.tab, axis, "")
	case as == bridge.Integer || as == bridge.Decimal:
		stored, err = x.setNumber(axis, digits(text), text)
	case as == bridge.Boolean && native.kind == excelize.CellTypeBool && (text == "1" || text == "0"):
		err = x.file.SetCellBool(x.tab, axis, text == "1")
	case (as == bridge.Date || as == bridge.DateTime) && native.found && isNumeric(native.kind):
		if stored, err = x.setNumber(axis, x.serial(text), text); err == nil && x.stored(row, col) == "" {
			err = x.file.SetCellStyle(x.tab, axis, axis, native.style)
		}
	default:
		err = x.file.SetCellStr(x.tab, axis, text)
	}
	if err != nil {
		stored = x.stored(row, col)
	}
	for len(x.cells[row+1]) <= col {
		x.cells[row+1] = append(x.cells[row+1], "")
	}
	x.cells[row+1][col] = stored
}

// setNumber stores a number as it is written, or the text if it is none.
func (x *xlsxFile) setNumber(axis, number, text string) (string, error) {
	if _, err := strconv.ParseFloat(number, 64); err != nil || len(number) > 15 {
		return text, x.file.SetCellStr(x.tab, axis, text)
	}
	return number, x.file.SetCellDefault(x.tab, axis, number)
}

// serial is a date or time as a number of days, "" for anything else.
func (x *xlsxFile) serial(text string) string {
	t, layout := parseMoment(text, append(slices.Clone(timeLayouts), dateLayouts...), time.UTC)
	if layout == "" {
		return ""
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if x.date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	days := t.Sub(epoch).Hours() / 24
	return strconv.FormatFloat(math.Round(days*1e9)/1e9, 'f', -1, 64)
}

// nativeOf is the cell, or if it is empty the first of its column, that is not
// text.
func (x *xlsxFile) nativeOf(row, col int) nativeCell {
	if x.stored(row, col) != "" {
		return x.look(row, col)
	}
	if n, ok := x.native[col]; ok {
		return n
	}
	var n nativeCell
	for r := range x.rows() {
		if x.stored(r, col) != "" {
			if n = x.look(r, col); n.found {
				break
			}
		}
	}
	x.native[col] = n
	return n
}

func (x *xlsxFile) look(row, col int) nativeCell {
	kind := x.kind(row, col)
	style, err := x.file.GetCellStyle(x.tab, x.axis(row, col))
	return nativeCell{kind: kind, style: style, found: err == nil && (isNumeric(kind) || kind == excelize.CellTypeBool)}
}

// addColumn writes a header behind the last column, in the look of the one
// before.
func (x *xlsxFile) addColumn(name string) (int, error) {
	col := x.width
	axis, err := excelize.CoordinatesToCellName(col+1, x.top)
	if err != nil {
		return 0, err
	}
	if err := x.file.SetCellStr(x.tab, axis, name); err != nil {
		return 0, err
	}
	if before, err := excelize.CoordinatesToCellName(max(col, 1), x.top); err == nil {
		if style, err := x.file.GetCellStyle(x.tab, before); err == nil {
			if err := x.file.SetCellStyle(x.tab, axis, axis, style); err != nil {
				return 0, err
			}
		}
	}
	for len(x.cells[0]) < col {
		x.cells[0] = append(x.cells[0], "")
	}
	x.cells[0] = append(x.cells[0], name)
	x.width++
	return col, nil
}

func (x *xlsxFile) encode() ([]byte, error) {
	b, err := x.file.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
