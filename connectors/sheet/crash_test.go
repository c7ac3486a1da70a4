package sheet

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// The model of TestCrashesAndEdits: what the folder must come to.
type model struct {
	*folder
	rt      *rapid.T
	serial  int
	calls   map[string]map[string]string // prospect to operation to disposition, by time
	last    map[string]string            // the latest operation of a prospect
	company map[string]string            // what the column Société must hold
	mine    map[string]string            // what a person wrote in the column Libre
	slots   map[string]string            // appointments and their starts
}

// TestCrashesAndEdits interleaves batches of ours, crashes at every step of
// their commit, restarts and edits of a person's. A batch that crashed is
// looked up and what is missing carried out again, as relay does. In the end no
// edit is lost, attempts are the distinct calls, and each operation stands once.
func TestCrashesAndEdits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{
			folder: newFolder(t, "prospects.csv", numberedRows(6)), rt: rt,
			calls: map[string]map[string]string{}, last: map[string]string{}, company: map[string]string{}, mine: map[string]string{}, slots: map[string]string{},
		}
		for i := range 6 {
			m.company[strconv.Itoa(i+1)] = "S" + strconv.Itoa(i+1)
		}
		for range rapid.IntRange(1, 16).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"apply", "crash", "restart", "edit", "again"}).Draw(rt, "step") {
			case "apply":
				m.must(m.batch()...)
			case "crash":
				m.crash()
			case "restart":
				m.reopen()
			case "edit":
				m.edit()
			case "again":
				m.repeat()
			}
		}
		m.present(oppose("END", "1"))
		m.verify()
	})
}

func numberedRows(n int) string {
	var b strings.Builder
	b.WriteString("id;Société;Téléphone;Libre\n")
	for i := range n {
		fmt.Fprintf(&b, "%d;S%d;01;\n", i+1, i+1)
	}
	return b.String()
}

func (m *model) next() string {
	m.serial++
	return fmt.Sprintf("OP%d", m.serial)
}

// batch draws some writes and notes what they must come to.
func (m *model) batch() []bridge.Write {
	var writes []bridge.Write
	for range rapid.IntRange(1, 4).Draw(m.rt, "writes") {
		id := strconv.Itoa(rapid.IntRange(1, 6).Draw(m.rt, "prospect"))
		op := m.next()
		switch rapid.SampledFrom([]string{"call", "amend", "field", "meet", "move"}).Draw(m.rt, "kind") {
		case "call":
			writes = append(writes, m.logged(op, op, id, "busy"))
		case "amend":
			if first := m.last[id]; first != "" {
				w := m.logged(op, first, id, "sale")
				w.Call.Revises = bridge.OperationID(first)
				writes = append(writes, w)
			}
		case "field":
			writes = append(writes, fields(op, id, change("account.name", bridge.Value(m.company[id]), bridge.Value("Z"+op))))
			m.company[id] = "Z" + op
		case "meet":
			writes = append(writes, meet(op, bridge.WriteMeeting, id, "m"+id+op, "2026-12-01T10:00:00"))
			m.slots["m"+id+op] = "2026-12-01T10:00:00"
		case "move":
			if len(m.slots) > 0 {
				meeting := rapid.SampledFrom(slices.Sorted(maps.Keys(m.slots))).Draw(m.rt, "meeting")
				m.slots[meeting] = fmt.Sprintf("2027-01-01T10:%02d:%02d", m.serial/60%60, m.serial%60)
				writes = append(writes, meet(op, bridge.WriteMove, id, meeting, m.slots[meeting]))
			}
		}
	}
	return writes
}

func (m *model) logged(op, first, id, disposition string) bridge.Write {
	if m.calls[id] == nil {
		m.calls[id] = map[string]string{}
	}
	m.calls[id][first] = disposition
	m.last[id] = first
	attempt, err := strconv.Atoi(strings.TrimPrefix(first, "OP"))
	if err != nil {
		m.rt.Fatal(err)
	}
	return call(op, id, attempt, bridge.Disposition(disposition))
}

// crash carries a batch out, undoes what a crash would have kept from the disk,
// and goes on as the hub does after a restart.
func (m *model) crash() {
	names := []string{"activities.csv", "amendments.csv", "appointments.csv", "bob.ics", "prospects.csv"} // in the order of the commit
	before := map[string]string{}
	for _, name := range names {
		if data, err := os.ReadFile(m.path(name)); err == nil {
			before[name] = string(data)
		}
	}
	writes := m.batch()
	m.must(writes...)
	at := rapid.IntRange(0, len(names)-1).Draw(m.rt, "crash at")
	m.tear(names[at], before[names[at]])
	for _, name := range names[at+1:] {
		m.restore(name, before[name])
	}
	m.reopen()
	if rapid.Bool().Draw(m.rt, "edit after the crash") {
		m.edit()
	}
	seen, err := m.conn.Find(context.Background(), writes)
	if err != nil {
		m.rt.Fatal(err)
	}
	var missing []bridge.Write
	for i, s := range seen {
		if !s.Present {
			missing = append(missing, writes[i])
		}
	}
	for i, r := range m.conn.Apply(context.Background(), missing) {
		if r.State != connector.Stored || len(r.Conflicts) > 0 && !m.overtaken(missing, i) {
			m.rt.Fatalf("after the crash, %s: %+v", missing[i].Kind, r)
		}
	}
}

// overtaken says whether the company of a write was written by a later one of
// the batch, whose value the file may hold already.
func (m *model) overtaken(writes []bridge.Write, i int) bool {
	return len(writes[i].Fields) > 0 && string(writes[i].Fields[0].Value) != m.company[writes[i].Prospect.ID]
}

// tear leaves the file as the crash found it: as before, whole, or for one that
// was being appended to a part of what was added.
func (m *model) tear(name, before string) {
	data, err := os.ReadFile(m.path(name))
	if err != nil {
		return
	}
	after := string(data)
	switch {
	case strings.HasPrefix(after, before) && after != before:
		kept := rapid.IntRange(len(before), len(after)).Draw(m.rt, "bytes kept")
		m.restore(name, after[:kept])
	case rapid.Bool().Draw(m.rt, "not replaced yet"):
		m.restore(name, before)
	}
}

func (m *model) restore(name, content string) {
	if content == "" {
		if err := os.Remove(m.path(name)); err != nil && !os.IsNotExist(err) {
			m.rt.Fatal(err)
		}
		return
	}
	m.write(name, content)
}

// edit is a person who opens the file, changes what is theirs and saves it.
func (m *model) edit() {
	id := strconv.Itoa(rapid.IntRange(1, 6).Draw(m.rt, "edited"))
	text := "perso" + m.next()
	m.mine[id] = text
	lines := strings.Split(m.read("prospects.csv"), "\n")
	for i, line := range lines {
		cells := strings.Split(line, ";")
		if cells[0] == id {
			cells[3] = text
			lines[i] = strings.Join(cells, ";")
		}
	}
	if n := len(lines); n > 3 && rapid.Bool().Draw(m.rt, "sorted otherwise") {
		lines[1], lines[2] = lines[2], lines[1]
	}
	m.write("prospects.csv", strings.Join(lines, "\n"))
}

// repeat delivers a call that was logged long ago once more.
func (m *model) repeat() {
	for _, id := range slices.Sorted(maps.Keys(m.calls)) {
		for _, op := range slices.Sorted(maps.Keys(m.calls[id])) {
			m.must(call(op, id, 1, "no_answer"))
			return
		}
	}
}

func (m *model) verify() {
	logged := map[string]int{}
	for _, rec := range m.records("activities.csv") {
		logged[rec["operation_id"]]++
		if want := m.calls[rec["prospect_id"]][rec["operation_id"]]; want != rec["disposition"] {
			m.rt.Errorf("%s of %s is %s, want %s", rec["operation_id"], rec["prospect_id"], rec["disposition"], want)
		}
	}
	for id, calls := range m.calls {
		for op := range calls {
			if logged[op] != 1 {
				m.rt.Errorf("%s stands %d times", op, logged[op])
			}
		}
		row := m.prospect(id)
		if row["attempts"] != strconv.Itoa(len(calls)) {
			m.rt.Errorf("prospect %s: %s attempts, want %d", id, row["attempts"], len(calls))
		}
	}
	for id, want := range m.company {
		if got := m.prospect(id)["Société"]; got != want {
			m.rt.Errorf("prospect %s: Société is %q, want %q", id, got, want)
		}
	}
	for id, want := range m.mine {
		if got := m.prospect(id)["Libre"]; got != want {
			m.rt.Errorf("prospect %s: the edit %q is lost: %q", id, want, got)
		}
	}
	stands := map[string]string{}
	feed := ""
	if len(m.slots) > 0 {
		feed = m.read("bob.ics")
	}
	for _, rec := range m.records("appointments.csv") {
		stands[rec["id"]] += rec["start_local"]
	}
	for id, want := range m.slots {
		if stands[id] != want || strings.Count(feed, "UID:"+id+"\r\n") != 1 || !strings.Contains(feed, strings.NewReplacer("-", "", ":", "").Replace(want)) {
			m.rt.Errorf("appointment %s: %q, want %q", id, stands[id], want)
		}
	}
}
