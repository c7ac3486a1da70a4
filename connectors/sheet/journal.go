package sheet

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

// The columns of activities.csv, one line a call.
const (
	callOperation = iota
	callProspect
	callAttempt
	callAt
	callDuration
	callDisposition
	callCaller
	callNote
)

func activityColumns() []string {
	return []string{"operation_id", "prospect_id", "attempt", "at", "duration_s", "disposition", "caller", "note"}
}

// The columns of amendments.csv, one line a revision of a logged call.
const (
	amendOperation = iota
	amendRevises
)

func amendmentColumns() []string { return []string{"operation_id", "revises", "at"} }

// journal is activities.csv and amendments.csv with their index.
type journal struct {
	calls, amends *logFile
	lines         map[string]bool   // operations that stand in activities.csv
	revised       map[string]string // operations of amendments.csv and what they revised
	histories     map[string]history
}

// history is what the calls of a prospect come to.
type history struct {
	calls   int
	at      time.Time // of the latest
	attempt int
	last    string // its disposition
}

func newJournal(folder string) *journal {
	return &journal{
		calls:  &logFile{path: filepath.Join(folder, "activities.csv"), columns: activityColumns(), require: callCaller + 1},
		amends: &logFile{path: filepath.Join(folder, "amendments.csv"), columns: amendmentColumns(), require: amendRevises + 1},
	}
}

// refresh reads what changed on the disk; true if anything was read.
func (j *journal) refresh() (bool, error) {
	calls, err := j.calls.fresh()
	if err != nil {
		return false, err
	}
	amends, err := j.amends.fresh()
	if err != nil || calls && amends {
		return false, err
	}
	return true, j.reload()
}

func (j *journal) reload() error {
	err := j.read()
	if err != nil {
		j.calls.known = false
	}
	return err
}

func (j *journal) read() error {
	f, err := j.calls.load()
	if err != nil {
		return err
	}
	amends, err := j.amends.load()
	if err != nil {
		return err
	}
	j.lines, j.revised, j.histories = map[string]bool{}, map[string]string{}, map[string]history{}
	for row := range rowsOf(f) {
		line := j.calls.texts(f, row)
		if err := j.count(line); err != nil {
			return fmt.Errorf("%s, line %d: %w", j.calls.name(), f.line(row), err)
		}
	}
	for row := range rowsOf(amends) {
		line := j.amends.texts(amends, row)
		j.revised[line[amendOperation]] = line[amendRevises]
	}
	return nil
}

// rowsOf ranges over the records of a file that may be missing.
func rowsOf(f *csvFile) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		if f == nil {
			return
		}
		for row := range f.records {
			if !f.blank(row) && !yield(row) {
				return
			}
		}
	}
}

// count takes a line into the index. The same operation twice is one call.
func (j *journal) count(line []string) error {
	op := line[callOperation]
	if op == "" || j.lines[op] {
		return nil
	}
	at, err := momentOf(line[callAt])
	if err != nil {
		return err
	}
	attempt, err := strconv.Atoi(cmp.Or(line[callAttempt], "0"))
	if err != nil {
		return fmt.Errorf("column «attempt»: not a whole number")
	}
	j.lines[op] = true
	h := j.histories[line[callProspect]]
	h.calls++
	if h.calls == 1 || cmp.Or(at.Compare(h.at), cmp.Compare(attempt, h.attempt)) >= 0 {
		h.at, h.attempt, h.last = at, attempt, line[callDisposition]
	}
	j.histories[line[callProspect]] = h
	return nil
}

// momentOf reads the column at, also as a spreadsheet may have rewritten it.
func momentOf(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, layout := parseMoment(text, timeLayouts, time.UTC); layout != "" {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("column «at»: not a time like 2026-11-22T09:30:00Z")
}

// has says whether an operation was carried out.
func (j *journal) has(op bridge.OperationID) bool {
	_, revised := j.revised[string(op)]
	return revised || j.lines[string(op)]
}

// callBatch is the calls of one Apply.
type callBatch struct {
	add    [][]string          // new lines
	at     map[string]int      // their places by operation
	amend  map[string][]string // lines to take the place of logged ones, by operation
	noted  [][]string          // lines for amendments.csv
	amends map[string]string   // the same by operation
}

func newCallBatch() *callBatch {
	return &callBatch{at: map[string]int{}, amend: map[string][]string{}, amends: map[string]string{}}
}

// plan takes a call into the batch, unless it was carried out before. An
// amendment takes the place of the line it revises, under the operation that
// first logged the call.
func (j *journal) plan(b *callBatch, w bridge.Write, now time.Time) {
	op := string(w.Operation)
	if _, again := b.amends[op]; again || j.has(w.Operation) {
		return
	}
	if _, again := b.at[op]; again {
		return
	}
	first := op
	if w.Call.Revises != "" {
		first = j.first(b, string(w.Call.Revises))
		b.amends[op] = first
		b.noted = append(b.noted, []string{op, first, now.UTC().Format(time.RFC3339)})
	}
	line := callLine(first, w)
	place, waiting := b.at[first]
	switch {
	case waiting:
		b.add[place] = line
	case j.lines[first]:
		b.amend[first] = line
	default:
		b.at[first] = len(b.add)
		b.add = append(b.add, line)
	}
}

// first is the operation that logged the call which op logged or revised.
func (j *journal) first(b *callBatch, op string) string {
	if f, ok := b.amends[op]; ok {
		return f
	}
	return cmp.Or(j.revised[op], op)
}

func callLine(op string, w bridge.Write) []string {
	c := w.Call
	return []string{
		op, w.Prospect.ID, strconv.Itoa(c.Attempt), c.At.UTC().Format(time.RFC3339), strconv.Itoa(c.TalkS),
		oneLine(string(c.Disposition)), oneLine(string(c.Caller)), oneLine(c.Note),
	}
}

// oneLine makes text a cell of our own files: one line, no formula.
func oneLine(text string) string {
	text = string(plain(bridge.Value(text)))
	return guard(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), " / "))
}

// commit writes the batch, all or none, and counts it.
func (j *journal) commit(b *callBatch) error {
	switch {
	case len(b.amend) > 0:
		if err := j.calls.rewrite(b.amend, b.add); err != nil {
			return err
		}
		if err := j.reload(); err != nil {
			return fault.Lost("sheet: amend calls", err)
		}
	case len(b.add) > 0:
		if err := j.calls.append(b.add); err != nil {
			return err
		}
		for _, line := range b.add {
			if err := j.count(line); err != nil {
				j.calls.known = false
				return fault.Lost("sheet: count calls", err)
			}
		}
	}
	if len(b.noted) == 0 {
		return nil
	}
	if err := j.amends.append(b.noted); err != nil {
		return fault.Lost("sheet: note amendments", err)
	}
	for op, first := range b.amends {
		j.revised[op] = first
	}
	return nil
}
