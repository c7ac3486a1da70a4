package replay

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// audit compares the CRM's files with what was posted, and what was posted with
// the data.
type audit struct {
	dir      folder
	cast     *cast
	rows     []row
	report   *Report
	findings []string

	acked map[logged]int // calls acknowledged, less those found in activities.csv
}

// maxFindings bounds what is told: one wrong line rarely comes alone.
const maxFindings = 20

func (a *audit) find(format string, args ...any) {
	if len(a.findings) < maxFindings {
		a.findings = append(a.findings, fmt.Sprintf(format, args...))
	}
}

// run goes through every file.
func (a *audit) run() error {
	for _, part := range []func() error{a.cards, a.posts, a.activities, a.prospects, a.appointments, a.feeds} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// cards wants one card for each prospect, and nothing financial on any.
func (a *audit) cards() error {
	seen := map[string]bool{}
	err := readLines(a.dir.path(cardsFile), func(c card) error {
		if seen[c.ProspectID] {
			a.find("%s: prospect %s has a second line", cardsFile, c.ProspectID)
		}
		seen[c.ProspectID] = true
		if a.report.PolicyHash == "" {
			a.report.PolicyHash = c.Policy
		}
		if c.Policy != a.report.PolicyHash {
			a.find("%s: the card of prospect %s was made by another policy", cardsFile, c.ProspectID)
		}
		var fields map[bridge.FieldName]json.RawMessage
		if err := json.Unmarshal(c.Fields, &fields); err != nil {
			return fmt.Errorf("%s: the fields of prospect %s: %w", cardsFile, c.ProspectID, err)
		}
		for name := range fields {
			if def, ok := a.cast.catalog.Def(name); !ok || def.Class == bridge.Financial {
				a.find("%s: the card of prospect %s holds %s", cardsFile, c.ProspectID, name)
			}
		}
		return nil
	})
	if len(seen) != len(a.rows) {
		a.find("%s: %d prospects, want %d", cardsFile, len(seen), len(a.rows))
	}
	return err
}

// logged is a call as activities.csv shows it.
type logged struct {
	prospect    string
	attempt     string
	at          int64 // seconds since 1970
	duration    string
	disposition string
	caller      string
}

// posts reads what was posted and acknowledged.
func (a *audit) posts() error {
	a.acked = map[logged]int{}
	refused := map[Refused]int{}
	var took []float64
	var first, last time.Time
	err := readLines(a.dir.path(postedFile), func(p posted) error {
		at, err := time.Parse(time.RFC3339, p.At)
		if err != nil {
			return fmt.Errorf("%s: event %s: %w", postedFile, p.EventID, err)
		}
		a.acked[logged{p.ProspectID, strconv.Itoa(p.Attempt), at.Unix(), strconv.Itoa(p.DurationS), p.Disposition, p.Caller}]++
		for _, r := range p.Refused {
			refused[Refused{Field: string(r.Field), Reason: r.Reason}]++
		}
		took = append(took, p.AckMS)
		end := p.Sent.Add(time.Duration(p.AckMS * float64(time.Millisecond)))
		if first.IsZero() || p.Sent.Before(first) {
			first = p.Sent
		}
		if end.After(last) {
			last = end
		}
		return nil
	})
	want := 0
	for _, r := range a.rows {
		want += r.calls
	}
	if len(a.acked) != want || len(took) != want {
		a.find("%s: %d calls, %d of them distinct, want %d", postedFile, len(took), len(a.acked), want)
	}
	a.report.Refused, a.report.AckMS = sorted(refused), quantiles(took)
	if span := last.Sub(first); span > 0 {
		a.report.CallsPerS = round(float64(len(took)) / span.Seconds())
	}
	return err
}

// activities wants every acknowledged call once, and each prospect's in order.
func (a *audit) activities() error {
	attempts := map[string]int{}
	operations := map[string]bool{}
	err := readTable(a.dir.path(activitiesFile), func(line map[string]string) error {
		a.report.Calls++
		at, err := time.Parse(time.RFC3339, line["at"])
		if err != nil {
			return err
		}
		id := line["prospect_id"]
		call := logged{id, line["attempt"], at.Unix(), line["duration_s"], line["disposition"], line["caller"]}
		if a.acked[call] == 0 {
			a.report.Doubled++
			a.find("%s: attempt %s of prospect %s was never posted so, or stands twice", activitiesFile, line["attempt"], id)
		} else {
			a.acked[call]--
		}
		if operations[line["operation_id"]] {
			a.find("%s: operation %s stands twice", activitiesFile, line["operation_id"])
		}
		operations[line["operation_id"]] = true
		if attempts[id]++; line["attempt"] != strconv.Itoa(attempts[id]) {
			a.find("%s: attempt %s of prospect %s stands in place %d", activitiesFile, line["attempt"], id, attempts[id])
		}
		return nil
	})
	for call, n := range a.acked {
		a.report.Lost += n
		if n > 0 {
			a.find("%s: attempt %s of prospect %s is missing", activitiesFile, call.attempt, call.prospect)
		}
	}
	return err
}

// prospects wants the bank's own columns as they were, and the bridge's as the
// calls left them.
func (a *audit) prospects() error {
	err := readTable(a.dir.path(prospectsFile), func(line map[string]string) error {
		a.report.Prospects++
		if a.report.Prospects > len(a.rows) {
			return nil
		}
		r := a.rows[a.report.Prospects-1]
		want := prospect(r)
		want[len(want)-3], want[len(want)-2], want[len(want)-1] = r.final(), strconv.Itoa(r.calls), statuses[r.final()]
		for i, column := range prospectColumns() {
			if line[column] != want[i] {
				a.find("%s: column %s of prospect %s is not what it should be", prospectsFile, column, r.id())
			}
		}
		return nil
	})
	if a.report.Prospects != len(a.rows) {
		a.find("%s: %d prospects, want %d", prospectsFile, a.report.Prospects, len(a.rows))
	}
	return err
}

// statuses are the prospect statuses that follow the final dispositions.
var statuses = map[string]string{notInterested: "not_interested", appointmentSet: "appointment"}

// appointments wants one for each row that said yes, where it was given.
func (a *audit) appointments() error {
	want := map[string]row{}
	for _, r := range a.rows {
		if r.yes {
			want[r.id()] = r
		}
	}
	err := readTable(a.dir.path(appointmentsFile), func(line map[string]string) error {
		a.report.Appointments++
		id := line["prospect_id"]
		r, ok := want[id]
		if !ok {
			a.report.Doubled++
			a.find("%s: prospect %s has an appointment too many", appointmentsFile, id)
			return nil
		}
		delete(want, id)
		if line["start_local"] != r.slot.local.Format(localLayout) || line["zone"] != a.cast.zone.String() || line["salesperson"] != r.slot.with {
			a.find("%s: the appointment of prospect %s is not the one agreed", appointmentsFile, id)
		}
		if line["validated_by"] != a.cast.supervisor {
			a.find("%s: the appointment of prospect %s was not validated by %s", appointmentsFile, id, a.cast.supervisor)
		}
		return nil
	})
	a.report.Lost += len(want)
	for id := range want {
		a.find("%s: prospect %s has no appointment", appointmentsFile, id)
	}
	return err
}

// feeds wants the calendars to hold the appointments, each once.
func (a *audit) feeds() error {
	var listed, shown []string
	err := readTable(a.dir.path(appointmentsFile), func(line map[string]string) error {
		listed = append(listed, line["id"])
		return nil
	})
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(a.dir.path(feeds))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if uid, ok := strings.CutPrefix(line, "UID:"); ok {
				shown = append(shown, strings.TrimSpace(uid))
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(shown)
	if !slices.Equal(listed, shown) {
		a.find("%s: the calendars hold %d appointments, not the %d of %s", feeds, len(shown), len(listed), appointmentsFile)
	}
	return nil
}

// readTable calls each with every line of a CSV file by its columns. A file that
// was never made has none.
func readTable(path string, each func(line map[string]string) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	in := csv.NewReader(bufio.NewReaderSize(f, 1<<16))
	header, err := in.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		line := make(map[string]string, len(header))
		for i, name := range header {
			line[name] = record[i]
		}
		if err := each(line); err != nil {
			n, _ := in.FieldPos(0)
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
}
