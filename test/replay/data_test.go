package replay

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"passerelle/test/shared"
)

// bank are the columns that the bank knows before it calls.
var bank = []string{"age", "job", "marital", "education", "default", "balance", "housing", "loan", "contact", "pdays", "previous", "poutcome"}

// dataRow is a row of the data.
type dataRow struct {
	cells map[string]string
	calls int
	talkS string
	yes   bool
	day   time.Time
}

func (r dataRow) final() string {
	if r.yes {
		return "appointment_set"
	}
	return "not_interested"
}

func (r dataRow) status() string {
	if r.yes {
		return "appointment"
	}
	return "not_interested"
}

// readData reads the first limit rows, all if limit is 0.
func readData(t *testing.T, limit int) []dataRow {
	t.Helper()
	var rows []dataRow
	months := []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	year, last := 2008, 0
	eachLine(t, shared.Path(t, "data/bank-marketing.csv"), func(_ int, line map[string]string) {
		if limit > 0 && len(rows) == limit {
			return
		}
		month := slices.Index(months, line["month"])
		if month < last {
			year++
		}
		last = month
		rows = append(rows, dataRow{
			cells: line, calls: integer(t, line["campaign"]), talkS: line["duration"], yes: line["y"] == "yes",
			day: time.Date(year, time.Month(month), integer(t, line["day"]), 0, 0, 0, 0, time.UTC),
		})
	})
	return rows
}

func integer(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// table reads a file of the CRM.
func table(t *testing.T, r *run, name string, each func(n int, line map[string]string)) {
	t.Helper()
	eachLine(t, filepath.Join(r.dir, "crm", name), each)
}

// eachLine gives every line of a CSV file by its columns, counted from 1.
func eachLine(t *testing.T, path string, each func(n int, line map[string]string)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	in := csv.NewReader(f)
	header, err := in.Read()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		line := make(map[string]string, len(header))
		for i, name := range header {
			line[name] = record[i]
		}
		each(n, line)
	}
}

// columns are a CSV file's header.
func columns(t *testing.T, r *run, name string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(r.dir, "crm", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	header, err := csv.NewReader(f).Read()
	if err != nil {
		t.Fatal(err)
	}
	return header
}

// eachJSON gives every line of a JSON Lines file.
func eachJSON[T any](t *testing.T, path string, each func(T)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	for dec.More() {
		var v T
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		each(v)
	}
}
