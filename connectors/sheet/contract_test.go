package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/contract"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"prospects.csv", "prospects.xlsx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract.Run(t, contract.Harness{
				Descriptor: Descriptor(),
				World:      func(t *testing.T) *contract.World { return newWorld(t, name) },
				Bad: []contract.Bad{
					{Name: "delimiter", Settings: "delimiter: x", Names: "delimiter"},
					{Name: "encoding", Settings: "encoding: ebcdic", Names: "encoding"},
					{Name: "tab of a CSV", Settings: "sheet: Feuil1", Names: "sheet"},
				},
			})
		})
	}
}

// screen is the folder as somebody sees it who opens its files in other
// programs.
type screen struct {
	t      *testing.T
	dir    string
	file   string
	fields connector.FieldMap
}

func newWorld(t *testing.T, name string) *contract.World {
	s := &screen{t: t, dir: t.TempDir(), file: name, fields: connector.FieldMap{
		"account.name": "Société", "prospect.comment": "Commentaire", "prospect.phone": "Téléphone", "prospect.do_not_call": "Ne pas appeler",
		"prospect.owner": "Responsable",
	}}
	rows := [][]string{{"id", "Société", "Commentaire", "Téléphone", "Ne pas appeler", "Responsable", "Liste"}}
	w := &contract.World{
		Settings: func(string) string { return "prospects: " + name },
		Fields:   s.fields,
		Dir:      s.dir,
		Personal: []string{"canari-société", "06 11 22 33 44"},
		CRM: &contract.CRM{
			Texts: []bridge.FieldName{"account.name", "prospect.comment"},
			Users: []string{"alice", "bob"},
			Get:   s.get, Set: s.set, Effects: s.effects, Slot: s.slot, Barred: s.barred,
			Selection: "Liste=L1",
			Screen: contract.Screen{
				Add: s.add, Delete: s.delete,
				Withdraw: func(id string) { s.typed(id, "Liste", "L2") },
				Oppose:   func(id string) { s.typed(id, "Ne pas appeler", "oui") },
				Occupy:   s.occupy, Move: s.move, Drop: s.drop,
				Cancel:  func(m string) { s.agenda(m, func(row []string) { row[meetState] = "cancelled" }) },
				Retouch: s.retouch,
				Give:    func(m, user string) { s.agenda(m, func(row []string) { row[meetSalesperson] = user }) },
				Hide:    func(m string) { s.agenda(m, func(row []string) { row[meetStart] = "lundi matin" }) },
				Assign:  func(id, user string) { s.typed(id, "Responsable", user) },
			},
		},
	}
	for len(rows) <= 7 {
		rows = append(rows, prospectRow(len(rows)))
		w.CRM.Prospects = append(w.CRM.Prospects, rows[len(rows)-1][0])
	}
	s.save(rows)
	return w
}

func prospectRow(n int) []string {
	id := fmt.Sprint("p", n)
	return []string{id, "canari-société " + id, "canari-société dit oui", "06 11 22 33 44", "non", "alice", "L1"}
}

func (s *screen) add() string {
	rows := s.load(s.file)
	row := prospectRow(len(rows))
	s.save(append(rows, row))
	return row[0]
}

// agenda changes the line of an appointment.
func (s *screen) agenda(meeting string, change func(row []string)) {
	rows := s.load("appointments.csv")
	for _, row := range rows[1:] {
		if row[0] == meeting {
			change(row)
		}
	}
	s.saveAgenda(rows)
}

// retouch fills the columns that say what an appointment is about.
func (s *screen) retouch(meeting, text string) func() map[string]string {
	about := []int{meetSubject, meetPlace, meetNote, meetState}
	s.agenda(meeting, func(row []string) {
		for _, col := range about {
			row[col] = text
		}
	})
	return func() map[string]string {
		seen := map[string]string{}
		s.agenda(meeting, func(row []string) {
			for _, col := range about {
				seen[appointmentColumns()[col]] = row[col]
			}
		})
		return seen
	}
}

func (s *screen) saveAgenda(rows [][]string) {
	var b bytes.Buffer
	s.must(csv.NewWriter(&b).WriteAll(rows))
	s.must(os.WriteFile(filepath.Join(s.dir, "appointments.csv"), b.Bytes(), 0o644))
}

func (s *screen) move(meeting string, to time.Time) {
	s.agenda(meeting, func(row []string) {
		zone, err := time.LoadLocation(row[meetZone])
		s.must(err)
		row[meetStart] = to.In(zone).Format(localLayout)
	})
}

func (s *screen) drop(meeting string) {
	s.saveAgenda(slices.DeleteFunc(s.load("appointments.csv"), func(row []string) bool { return row[0] == meeting }))
}

// occupy enters an appointment by hand.
func (s *screen) occupy(user string, from, to time.Time) string {
	rows := s.load("appointments.csv")
	if len(rows[0]) == 0 {
		rows = [][]string{appointmentColumns()}
	}
	row := make([]string, len(rows[0]))
	row[meetID], row[meetProspect], row[meetSalesperson], row[meetValidatedBy] = fmt.Sprint("by-hand-", len(rows)), "p1", user, user
	row[meetStart], row[meetZone], row[meetState] = from.UTC().Format(localLayout), "UTC", "confirmed"
	row[meetMinutes] = fmt.Sprint(to.Sub(from).Minutes())
	s.saveAgenda(append(rows, row))
	return row[meetID]
}

func (s *screen) delete(id string) {
	s.save(slices.DeleteFunc(s.load(s.file), func(row []string) bool { return row[0] == id }))
}

func (s *screen) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) save(rows [][]string) {
	s.t.Helper()
	path := filepath.Join(s.dir, s.file)
	if filepath.Ext(s.file) == ".xlsx" {
		x := excelize.NewFile()
		for i, row := range rows {
			for j, text := range row {
				axis, err := excelize.CoordinatesToCellName(j+1, i+1)
				s.must(err)
				s.must(x.SetCellStr("Sheet1", axis, text))
			}
		}
		s.must(x.SaveAs(path))
		s.must(x.Close())
		return
	}
	var b bytes.Buffer
	s.must(csv.NewWriter(&b).WriteAll(rows))
	s.must(os.WriteFile(path, b.Bytes(), 0o644))
}

func (s *screen) load(name string) [][]string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if filepath.Ext(name) == ".xlsx" {
		x, err := excelize.OpenFile(path)
		s.must(err)
		rows, err := x.GetRows("Sheet1")
		s.must(err)
		s.must(x.Close())
		for i := range rows {
			rows[i] = append(rows[i], make([]string, len(rows[0])-len(rows[i]))...)
		}
		return rows
	}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return [][]string{{}}
	}
	s.must(err)
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	s.must(err)
	return rows
}

// cell is where a field of a prospect stands.
func (s *screen) cell(rows [][]string, id string, header string) *string {
	s.t.Helper()
	col := slices.Index(rows[0], header)
	for _, row := range rows[1:] {
		if row[0] == id && col >= 0 {
			return &row[col]
		}
	}
	s.t.Fatalf("no %s of %s", header, id)
	return nil
}

func (s *screen) get(id string, field bridge.FieldName) bridge.Value {
	text := *s.cell(s.load(s.file), id, s.fields[field])
	if bare := strings.TrimPrefix(text, "'"); bare != text && strings.ContainsAny(bare[:1], "=+-@") {
		text = bare
	}
	return bridge.Value(text)
}

func (s *screen) set(id string, field bridge.FieldName, v bridge.Value) {
	s.typed(id, s.fields[field], string(v))
}

// typed is a text typed into a cell.
func (s *screen) typed(id, header, text string) {
	rows := s.load(s.file)
	*s.cell(rows, id, header) = text
	s.save(rows)
}

func (s *screen) barred(id string) bool {
	return *s.cell(s.load(s.file), id, "Ne pas appeler") == "oui"
}

func (s *screen) effects(w bridge.Write) int {
	n := 0
	for _, row := range s.load("activities.csv")[1:] {
		if row[0] == string(w.Operation) && row[1] == w.Prospect.ID {
			n++
		}
	}
	for _, row := range s.load("appointments.csv")[1:] {
		if w.Meeting != nil && row[0] == w.Meeting.ID && row[1] == w.Prospect.ID && slices.Contains(strings.Fields(row[meetOperations]), string(w.Operation)) {
			n++
		}
	}
	return n
}

func (s *screen) slot(meeting string) (time.Time, bool) {
	for _, row := range s.load("appointments.csv")[1:] {
		if row[0] != meeting {
			continue
		}
		zone, err := time.LoadLocation(row[meetZone])
		s.must(err)
		start, err := time.ParseInLocation("2006-01-02T15:04:05", row[meetStart], zone)
		s.must(err)
		return start, row[meetState] == "confirmed"
	}
	return time.Time{}, false
}
