package replay

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// crmColumns are the columns of the data that the bank knows before it calls:
// those of its CRM. What a call brought is not among them.
var crmColumns = []string{
	"age", "job", "marital", "education", "default", "balance", "housing", "loan",
	"contact", "pdays", "previous", "poutcome",
}

// row is one prospect of the data and how the campaign went for them.
type row struct {
	n     int      // from 1: the prospect's id
	cells []string // under crmColumns
	day   time.Time
	calls int // made to them, the last included
	talkS int // of the last
	yes   bool
	slot  slot // of the appointment, if yes
}

func (r row) id() string { return strconv.Itoa(r.n) }

// readRows reads the first limit rows of the data, all if limit is 0.
func readRows(path string, limit int) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, misusef("--data: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	rows, err := parseRows(f, limit)
	if err != nil {
		return nil, misusef("--data: %s: %w", path, err)
	}
	return rows, nil
}

func parseRows(r io.Reader, limit int) ([]row, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	d, err := newDecoder(in)
	if err != nil {
		return nil, err
	}
	var rows []row
	for limit == 0 || len(rows) < limit {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		next, err := d.row(record)
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows = append(rows, next)
	}
	if len(rows) == 0 {
		return nil, errors.New("there is no row below the header")
	}
	return rows, nil
}

// decoder reads records by the names of their columns.
type decoder struct {
	at    map[string]int
	n     int
	year  int
	month time.Month
}

// firstYear is when the campaign began. The data has day and month only; its
// rows are in the order of their dates.
const firstYear = 2008

func newDecoder(in *csv.Reader) (*decoder, error) {
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("its header cannot be read: %w", err)
	}
	d := &decoder{at: map[string]int{}, year: firstYear}
	for i, name := range header {
		d.at[name] = i
	}
	var missing []string
	for _, name := range append(slices.Clone(crmColumns), "day", "month", "campaign", "duration", "y") {
		if _, ok := d.at[name]; !ok {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("no column %s: this is not the bank marketing data", strings.Join(missing, ", "))
	}
	return d, nil
}

func (d *decoder) row(record []string) (row, error) {
	d.n++
	r := row{n: d.n}
	for _, name := range crmColumns {
		r.cells = append(r.cells, strings.Clone(record[d.at[name]]))
	}
	var err error
	number := func(name string, least int) int {
		n, bad := strconv.Atoi(record[d.at[name]])
		if bad != nil || n < least {
			err = errors.Join(err, fmt.Errorf("column %s: not a whole number from %d on", name, least))
		}
		return n
	}
	r.calls, r.talkS = number("campaign", 1), number("duration", 0)
	day := number("day", 1)
	switch record[d.at["y"]] {
	case "yes":
		r.yes = true
	case "no":
	default:
		err = errors.Join(err, errors.New("column y: neither yes nor no"))
	}
	date, bad := d.date(record[d.at["month"]], day)
	r.day = date
	return r, errors.Join(err, bad)
}

var months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// date finds the year: it rises when the month falls.
func (d *decoder) date(name string, day int) (time.Time, error) {
	month := time.Month(slices.Index(months, name) + 1)
	if month == 0 {
		return time.Time{}, errors.New("column month: not one of jan to dec")
	}
	if month < d.month {
		d.year++
	}
	d.month = month
	date := time.Date(d.year, month, day, 0, 0, 0, 0, time.UTC)
	if date.Month() != month {
		return time.Time{}, fmt.Errorf("column day: there is no such day in %s %d", name, d.year)
	}
	return date, nil
}
