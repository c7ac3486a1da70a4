package replay

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"passerelle/internal/calling"
)

// card is a line of cards.jsonl.
type card struct {
	ProspectID string            `json:"prospect_id"`
	Role       string            `json:"role"`
	Policy     string            `json:"policy"`
	Fields     map[string]string `json:"fields"`
}

// checkCards wants one card for each prospect, holding what the data says and
// nothing financial.
func checkCards(t *testing.T, r *run) {
	allowed := map[string]string{"prospect.first_name": "", "prospect.last_name": "", "prospect.phone": "", "prospect.status": ""}
	for _, column := range bank {
		if !slices.Contains([]string{"default", "balance", "housing", "loan"}, column) {
			allowed["prospect.x_"+column] = column
		}
	}
	seen := map[string]bool{}
	eachJSON(t, filepath.Join(r.dir, "cards.jsonl"), func(c card) {
		if seen[c.ProspectID] {
			t.Errorf("prospect %s has a second card", c.ProspectID)
		}
		seen[c.ProspectID] = true
		if c.Role != "caller" || c.Policy != r.report.PolicyHash {
			t.Errorf("the card of prospect %s: role %s, policy %s", c.ProspectID, c.Role, c.Policy)
		}
		n := integer(t, c.ProspectID)
		if n < 1 || n > len(r.rows) {
			t.Fatalf("there is no prospect %d", n)
		}
		if c.Fields["prospect.phone"] == "" {
			t.Errorf("the card of prospect %s has no phone", c.ProspectID)
		}
		for name, value := range c.Fields {
			column, may := allowed[name]
			if !may {
				t.Errorf("the card of prospect %s holds %s", c.ProspectID, name)
			}
			if column != "" && value != r.rows[n-1].cells[column] {
				t.Errorf("the card of prospect %s: %s is not the data's", c.ProspectID, name)
			}
		}
	})
	if len(seen) != len(r.rows) {
		t.Errorf("%d cards, want %d", len(seen), len(r.rows))
	}
}

// checkProspects wants the bank's columns untouched and the three of the bridge
// as the calls left them.
func checkProspects(t *testing.T, r *run) {
	header := columns(t, r, "prospects.csv")
	if header[0] != "id" || !slices.Equal(header[len(header)-3:], []string{"last_disposition", "attempts", "prospect_status"}) {
		t.Errorf("the columns: %v", header)
	}
	phones := map[calling.Number]int{}
	count := 0
	table(t, r, "prospects.csv", func(n int, line map[string]string) {
		count++
		row := r.rows[n-1]
		want := map[string]string{
			"id": strconv.Itoa(n), "attempts": strconv.Itoa(row.calls),
			"last_disposition": row.final(), "prospect_status": row.status(),
		}
		for _, column := range bank {
			want[column] = row.cells[column]
		}
		for column, cell := range want {
			if got, ok := line[column]; !ok || got != cell {
				t.Errorf("prospect %d: %s is %q, want %q", n, column, got, cell)
			}
		}
		if line["first_name"] == "" || line["last_name"] == "" {
			t.Errorf("prospect %d has no name", n)
		}
		number, err := calling.Parse(line["phone"], "FR")
		if err != nil {
			t.Errorf("prospect %d: %v", n, err)
		}
		if first, again := phones[number]; again {
			t.Errorf("prospects %d and %d share a number", first, n)
		}
		phones[number] = n
	})
	if count != len(r.rows) {
		t.Errorf("%d prospects, want %d", count, len(r.rows))
	}
}

// checkActivities wants every call of the data once, each prospect's in order
// and at rising times.
func checkActivities(t *testing.T, r *run) {
	want := []string{"operation_id", "prospect_id", "attempt", "at", "duration_s", "disposition", "caller"}
	if header := columns(t, r, "activities.csv"); len(header) < len(want) || !slices.Equal(header[:len(want)], want) {
		t.Errorf("the columns: %v", header)
	}
	operations := map[string]bool{}
	attempts := make([]int, len(r.rows)+1)
	times := make([]time.Time, len(r.rows)+1)
	callers := map[string]bool{}
	count := 0
	table(t, r, "activities.csv", func(n int, line map[string]string) {
		count++
		if op := line["operation_id"]; len(op) != 26 || operations[op] {
			t.Errorf("line %d: operation %q stands twice or is none", n, op)
		}
		operations[line["operation_id"]] = true
		callers[line["caller"]] = true
		id := integer(t, line["prospect_id"])
		if id < 1 || id > len(r.rows) {
			t.Fatalf("line %d: there is no prospect %d", n, id)
		}
		row := r.rows[id-1]
		attempts[id]++
		if line["attempt"] != strconv.Itoa(attempts[id]) || attempts[id] > row.calls {
			t.Errorf("line %d: attempt %s of prospect %d stands in place %d of %d", n, line["attempt"], id, attempts[id], row.calls)
		}
		at, err := time.Parse(time.RFC3339, line["at"])
		if err != nil || !at.After(times[id]) {
			t.Errorf("line %d: the times of prospect %d do not rise (%v)", n, id, err)
		}
		times[id] = at
		disposition, duration := "no_answer", "0"
		if attempts[id] == row.calls {
			disposition, duration = row.final(), row.talkS
			if day := at.UTC().Format(time.DateOnly); day != row.day.Format(time.DateOnly) {
				t.Errorf("line %d: the last call of prospect %d was on %s, want %s", n, id, day, row.day.Format(time.DateOnly))
			}
		}
		if line["disposition"] != disposition || line["duration_s"] != duration {
			t.Errorf("line %d: prospect %d: %s after %s s, want %s after %s s", n, id, line["disposition"], line["duration_s"], disposition, duration)
		}
	})
	for i, row := range r.rows {
		if attempts[i+1] != row.calls {
			t.Errorf("prospect %d: %d calls, want %d", i+1, attempts[i+1], row.calls)
		}
	}
	if count != r.calls || len(operations) != r.calls {
		t.Errorf("%d calls, %d of them distinct, want %d", count, len(operations), r.calls)
	}
	if len(callers) < min(2, r.calls) {
		t.Errorf("the callers: %v", callers)
	}
}

// checkAppointments wants one for each prospect that said yes, none overlapping
// another, validated by somebody who does not call, and in a calendar.
func checkAppointments(t *testing.T, r *run) {
	want := []string{"id", "prospect_id", "start_local", "zone", "salesperson", "validated_by"}
	if header := columns(t, r, "appointments.csv"); len(header) < len(want) || !slices.Equal(header[:len(want)], want) {
		t.Errorf("the columns: %v", header)
	}
	callers := map[string]bool{}
	table(t, r, "activities.csv", func(_ int, line map[string]string) { callers[line["caller"]] = true })
	ids, prospects := []string{}, map[int]bool{}
	type slot struct{ from, to time.Time }
	var slots []slot
	table(t, r, "appointments.csv", func(n int, line map[string]string) {
		id := integer(t, line["prospect_id"])
		if prospects[id] || id < 1 || id > len(r.rows) || !r.rows[id-1].yes {
			t.Errorf("line %d: prospect %d has an appointment too many", n, id)
			return
		}
		prospects[id] = true
		ids = append(ids, line["id"])
		if by := line["validated_by"]; by == "" || callers[by] {
			t.Errorf("line %d: validated by %q", n, by)
		}
		if line["salesperson"] == "" {
			t.Errorf("line %d: nobody to meet", n)
		}
		zone, err := time.LoadLocation(line["zone"])
		if err != nil || line["zone"] == "" {
			t.Fatalf("line %d: zone: %v", n, err)
		}
		from, err := time.ParseInLocation("2006-01-02T15:04:05", line["start_local"], zone)
		if err != nil || !from.After(r.rows[id-1].day) {
			t.Errorf("line %d: start_local %s (%v)", n, line["start_local"], err)
		}
		slots = append(slots, slot{from, from.Add(time.Duration(integer(t, line["minutes"])) * time.Minute)})
	})
	slices.SortFunc(slots, func(a, b slot) int { return a.from.Compare(b.from) })
	for i := 1; i < len(slots); i++ {
		if slots[i].from.Before(slots[i-1].to) {
			t.Errorf("two appointments overlap at %v", slots[i].from)
		}
	}
	if len(ids) != r.accepted {
		t.Errorf("%d appointments, want %d", len(ids), r.accepted)
	}
	uids := calendarIDs(t, r)
	slices.Sort(ids)
	if !slices.Equal(slices.Compact(slices.Clone(ids)), ids) || !slices.Equal(ids, uids) {
		t.Errorf("%d appointments, %d events in the calendars, or their ids differ", len(ids), len(uids))
	}
}

// calendarIDs are the UIDs of the .ics feeds, sorted.
func calendarIDs(t *testing.T, r *run) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(r.dir, "crm", "*.ics"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%d calendars, want 1 (%v)", len(paths), err)
	}
	raw, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	uids := []string{}
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if uid, ok := strings.CutPrefix(line, "UID:"); ok {
			uids = append(uids, uid)
		}
	}
	slices.Sort(uids)
	return uids
}
