package sheet

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// The columns of appointments.csv, one line an appointment.
const (
	meetID = iota
	meetProspect
	meetStart
	meetZone
	meetSalesperson
	meetValidatedBy
	meetSubject
	meetPlace
	meetNote
	meetMinutes
	meetState
	meetOperations // in order, separated by spaces
	meetChangedAt
)

func appointmentColumns() []string {
	return []string{"id", "prospect_id", "start_local", "zone", "salesperson", "validated_by",
		"subject", "place", "note", "minutes", "state", "operation_id", "changed_at"}
}

// The states of an appointment in the file; what is not cancelled is confirmed.
const (
	stateConfirmed = "confirmed"
	stateCancelled = "cancelled"
)

const localLayout = "2006-01-02T15:04:05"

// agenda is appointments.csv with its index, and the calendars made of it.
type agenda struct {
	log        *logFile
	lines      map[string][]string // by appointment
	order      []string            // appointments as they stand in the file
	operations map[string]bool
	calendars  *calendars
}

func newAgenda(folder string) *agenda {
	return &agenda{
		log:       &logFile{path: filepath.Join(folder, "appointments.csv"), columns: appointmentColumns(), require: meetValidatedBy + 1},
		calendars: newCalendars(folder),
	}
}

// refresh reads what changed on the disk.
func (a *agenda) refresh() error {
	same, err := a.log.fresh()
	if err != nil || same {
		return err
	}
	return a.reload()
}

func (a *agenda) reload() error {
	f, err := a.log.load()
	if err != nil {
		return err
	}
	a.lines, a.operations, a.order = map[string][]string{}, map[string]bool{}, nil
	for row := range rowsOf(f) {
		a.index(a.log.texts(f, row))
	}
	a.calendars.reset(a.all())
	return nil
}

func (a *agenda) index(line []string) {
	id := line[meetID]
	if _, known := a.lines[id]; !known {
		a.order = append(a.order, id)
	}
	a.lines[id] = line
	for op := range strings.FieldsSeq(line[meetOperations]) {
		a.operations[op] = true
	}
}

// all ranges over the appointments in the order of the file.
func (a *agenda) all() func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for _, id := range a.order {
			if !yield(a.lines[id]) {
				return
			}
		}
	}
}

// meetingBatch is the appointments of one Apply.
type meetingBatch struct {
	add        [][]string
	at         map[string]int      // their places by appointment
	change     map[string][]string // lines to take the place of those in the file
	operations map[string]bool
}

func newMeetingBatch() *meetingBatch {
	return &meetingBatch{at: map[string]int{}, change: map[string][]string{}, operations: map[string]bool{}}
}

// current is an appointment as it stands with the batch so far.
func (a *agenda) current(b *meetingBatch, id string) ([]string, bool) {
	if place, ok := b.at[id]; ok {
		return b.add[place], true
	}
	if line, ok := b.change[id]; ok {
		return line, true
	}
	line, ok := a.lines[id]
	return line, ok
}

// plan takes a write of an appointment into the batch, unless it was carried
// out before. The error says why it cannot be.
func (a *agenda) plan(b *meetingBatch, w bridge.Write, now time.Time) error {
	op := string(w.Operation)
	if a.operations[op] || b.operations[op] {
		return nil
	}
	old, known := a.current(b, w.Meeting.ID)
	if !known && w.Kind != bridge.WriteMeeting {
		return fmt.Errorf("appointments.csv has no appointment %q to %s", w.Meeting.ID, verb(w.Kind))
	}
	if !known {
		old = make([]string, len(a.log.columns))
		old[meetID], old[meetProspect] = w.Meeting.ID, w.Prospect.ID
	}
	line := slices.Clone(old)
	if err := enter(line, w); err != nil {
		return err
	}
	line[meetOperations] = strings.TrimSpace(line[meetOperations] + " " + op)
	line[meetChangedAt] = now.UTC().Format(time.RFC3339)
	b.put(line, known)
	b.operations[op] = true
	return nil
}

func verb(kind bridge.WriteKind) string {
	if kind == bridge.WriteMove {
		return "move"
	}
	return "cancel"
}

func (b *meetingBatch) put(line []string, known bool) {
	id := line[meetID]
	place, isNew := b.at[id]
	switch {
	case isNew:
		b.add[place] = line
	case known:
		b.change[id] = line
	default:
		b.at[id] = len(b.add)
		b.add = append(b.add, line)
	}
}

// enter puts a write into an appointment's line. A move changes when it is and
// with whom: what people wrote into it since is theirs.
func enter(line []string, w bridge.Write) error {
	if w.Kind == bridge.WriteCancel {
		line[meetState] = stateCancelled
		return nil
	}
	if w.Kind == bridge.WriteMeeting {
		line[meetState] = stateConfirmed
		for col, text := range map[int]string{meetSubject: w.Meeting.Subject, meetPlace: w.Meeting.Place, meetNote: w.Meeting.Note} {
			if text != "" {
				line[col] = oneLine(text)
			}
		}
	}
	return place(line, w.Meeting)
}

// place writes when an appointment is, with whom, and who validated that.
func place(line []string, m *bridge.Meeting) error {
	if _, err := time.Parse(localLayout, m.Slot.Local); err != nil {
		return fmt.Errorf("the appointment's local start is not like %s", localLayout)
	}
	zone, err := time.LoadLocation(m.Slot.Zone)
	if err != nil || m.Slot.Zone == "" {
		return fmt.Errorf("the appointment's zone is no IANA time zone like Europe/Paris")
	}
	if connector.Twice(m.Slot, zone) {
		return fmt.Errorf("the appointment begins or ends in the hour that the clocks show twice, which the file and the calendars cannot tell apart: choose another time")
	}
	line[meetStart], line[meetZone] = m.Slot.Local, m.Slot.Zone
	line[meetMinutes] = strconv.Itoa(m.Slot.Minutes)
	if who := cmp.Or(m.CRMUser, string(m.Salesperson)); who != "" {
		line[meetSalesperson] = oneLine(who)
	}
	if m.ValidatedBy != "" {
		line[meetValidatedBy] = oneLine(string(m.ValidatedBy))
	}
	return nil
}

// commit writes the batch, all or none, then the calendars it touches. An error
// of a calendar does not undo an appointment: it is written with the next one.
func (a *agenda) commit(b *meetingBatch) error {
	var err error
	if len(b.change) > 0 {
		err = a.log.rewrite(b.change, b.add)
	} else {
		err = a.log.append(b.add)
	}
	if err != nil {
		return err
	}
	for _, line := range slices.Concat(slices.Collect(maps.Values(b.change)), b.add) {
		a.calendars.touch(a.lines[line[meetID]], line)
		a.index(line)
	}
	return nil
}
