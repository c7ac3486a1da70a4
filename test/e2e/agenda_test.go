package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// proposal is one as a supervisor is shown it.
type proposal struct {
	ID      string   `json:"id"`
	State   string   `json:"state"`
	Flags   []string `json:"flags"`
	Meeting struct {
		Local       string `json:"local"`
		Salesperson string `json:"salesperson"`
	} `json:"meeting"`
}

// supervise asks the hub's API as sam, the supervisor.
func (h *hub) supervise(method, path string) string {
	h.t.Helper()
	status, body := h.ask(method, path, sam, "")
	if status >= 300 {
		h.t.Fatalf("%s %s: %d %s", method, path, status, body)
	}
	return body
}

func (h *hub) proposals(state string) []proposal {
	h.t.Helper()
	var page struct{ Items []proposal }
	if err := json.Unmarshal([]byte(h.supervise("GET", "/v1/proposals?state="+state)), &page); err != nil {
		h.t.Fatal(err)
	}
	return page.Items
}

// set brings an appointment to a prospect, proposed to sam.
func (h *hub) set(event string, prospect int, at string) {
	h.t.Helper()
	e := call(event, prospect, "appointment_set")
	e["next"] = map[string]any{"kind": "appointment", "at": at, "zone": "Europe/Paris", "with": "vera"}
	eventually(h.t, "the call is taken", func() bool {
		_, body := h.post(e)
		return strings.Contains(body, `"recorded"`) || strings.Contains(body, `"duplicate"`)
	})
}

// inAgenda changes the folder's appointments as people do.
func (h *hub) inAgenda(change func(rows [][]string) [][]string) {
	h.t.Helper()
	path := filepath.Join(h.dir, "crm", "appointments.csv")
	raw, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(change(rows)); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// Field sales moves an appointment in the CRM, then deletes it: the proposal
// follows, and what waits for the time that is taken is flagged.
func TestFieldSalesHasTheLastWord(t *testing.T) {
	t.Parallel()
	h := newHub(t, 3, "", func(h *hub) { h.agenda = 50 * time.Millisecond })
	at := time.Now().AddDate(0, 0, 7).Format("2006-01-02")
	h.set("e1", 1, at+"T10:00")
	first := h.proposals("proposed")[0]
	h.supervise("POST", "/v1/proposals/"+first.ID+"/validate")
	synced := func() proposal { return append(h.proposals("synced"), proposal{})[0] }
	eventually(t, "the appointment is in the CRM", func() bool { return synced().ID == first.ID })
	if got := synced(); len(got.Flags) > 0 || got.Meeting.Local != at+"T10:00:00" {
		t.Errorf("untouched, it is %+v", got)
	}

	h.inAgenda(func(rows [][]string) [][]string {
		rows[1][slices.Index(rows[0], "start_local")] = at + "T14:00:00"
		return rows
	})
	eventually(t, "the proposal has moved", func() bool { return synced().Meeting.Local == at+"T14:00:00" })
	if got := synced(); !slices.Equal(got.Flags, []string{"moved_in_crm"}) || got.Meeting.Salesperson != "vera" {
		t.Errorf("moved, it is %+v", got)
	}

	h.set("e2", 2, at+"T14:30")
	eventually(t, "the second is flagged", func() bool {
		waits := h.proposals("proposed")
		return len(waits) == 1 && slices.Equal(waits[0].Flags, []string{"busy"})
	})

	h.inAgenda(func(rows [][]string) [][]string { return rows[:1] })
	eventually(t, "the proposal has ended", func() bool { return len(h.proposals("cancelled")) == 1 })
	if got := h.proposals("cancelled")[0]; !slices.Equal(got.Flags, []string{"moved_in_crm", "deleted_in_crm"}) {
		t.Errorf("deleted, it is %+v", got)
	}
	second := h.proposals("proposed")[0]
	h.supervise("POST", "/v1/proposals/"+second.ID+"/validate") // vera is free again
	eventually(t, "the second is in the CRM", func() bool { return synced().ID == second.ID })
	if n := len(h.rows("appointments.csv")); n != 1 {
		t.Errorf("%d appointments: %v", n, fmt.Sprint(h.rows("appointments.csv")))
	}
}
