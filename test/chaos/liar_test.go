package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/test/crmfake"
)

// A CRM that says one thing and does another: nothing is lost, nothing doubled
// that the CRM did not double itself, and it is said in the write, the log, the
// figures and the list of connections.
func TestACRMThatLies(t *testing.T) {
	t.Parallel()
	post := func(f crmfake.Fault, times int, delay time.Duration) crmfake.Rule {
		return crmfake.Rule{Fault: f, Method: http.MethodPost, Path: "/activities", Times: times, Delay: delay}
	}
	for _, c := range []struct {
		name  string
		rule  crmfake.Rule
		found outbox.Finding // "" where it need not be noticed
		count int
		words string // of the writes' findings
		times func(h *house) func(string) int
	}{
		{"says yes and forgets calls", post(crmfake.Forget, 3, 0), outbox.NotStored, 3, "said yes and did not store it", nil},
		{"says yes and forgets changes", crmfake.Rule{Fault: crmfake.Forget, Method: http.MethodPatch, Times: 2}, outbox.NotStored, 2, "said yes and did not store it", nil},
		{"says yes and stores late", post(crmfake.Late, 3, late), "", 0, "", nil},
		{"does not answer and stores late", post(crmfake.HangLate, 2, time.Second+late), "", 0, "", nil},
		{"stores twice and answers twice", post(crmfake.Twice, 2, 0), outbox.StoredTwice, 2, "stored it 2 times", func(h *house) func(string) int {
			twice := map[string]bool{}
			operations := h.crm.Doubles()
			for _, r := range h.crm.All(crmfake.Activities) {
				twice[text(r, "note")] = twice[text(r, "note")] || slices.Contains(operations, text(r, "operation_id"))
			}
			return func(note string) int {
				if twice[note] {
					return 2
				}
				return 1
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.crm.Misbehave(c.rule)
			for i := range 6 {
				h.call(fmt.Sprint(i), fmt.Sprintf("comment %d", i))
				h.call(fmt.Sprint(i), "")
			}
			h.rest()
			times := one
			if c.times != nil {
				times = c.times(h)
			}
			h.once(times)
			for i := range 6 {
				if p, _ := h.crm.Get(crmfake.Prospects, fmt.Sprint(i)); text(p, "comment") != fmt.Sprintf("comment %d", i) {
					t.Errorf("prospect %d: its comment is %q", i, text(p, "comment"))
				}
			}
			line := h.connection()
			t.Logf("found: %+v", line.Findings)
			if c.found == "" {
				return
			}
			h.said(c.found, c.count, c.words)
		})
	}
}

// said fails unless a finding stands everywhere that somebody looks.
func (h *house) said(f outbox.Finding, count int, words string) {
	h.Helper()
	if got := h.connection().count(f); got != count {
		h.Errorf("the connection counts %d %s, want %d", got, f, count)
	}
	if got := h.metric(fmt.Sprintf(`passerelle_crm_findings_total{connection="crm.main",finding="%s"}`, f)); int(got) != count {
		h.Errorf("the metric counts %v %s, want %d", got, f, count)
	}
	if got := strings.Count(h.log.String(), "kind="+string(f)); got != count {
		h.Errorf("%d lines of the log say %s, want %d", got, f, count)
	}
	told := 0
	for i := range prospects {
		if len(h.calls[fmt.Sprint(i)]) == 0 {
			continue
		}
		for _, kind := range []bridge.WriteKind{bridge.WriteActivity, bridge.WriteFields} {
			for _, w := range h.entries(fmt.Sprint(i), kind) {
				if strings.Contains(w.Finding+w.Reason, words) {
					told++
				}
			}
		}
	}
	if told != count {
		h.Errorf("%d writes say %q, want %d", told, words, count)
	}
}

// A prospect that was merged or renumbered in the CRM: its writes are a
// person's, with words that say why, and nobody else's wait.
func TestACRMThatChangesIds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ways := []crmfake.Moved{crmfake.MovedGone, crmfake.MovedRedirect, crmfake.MovedShown}
	for i, how := range ways {
		h.crm.Renumber(fmt.Sprint(i), fmt.Sprintf("9%d", i)+"00", how)
	}
	for i := range 6 {
		h.call(fmt.Sprint(i), "called")
	}
	h.rest()
	for i, how := range ways {
		for _, kind := range []bridge.WriteKind{bridge.WriteActivity, bridge.WriteFields} {
			writes := h.entries(fmt.Sprint(i), kind)
			if len(writes) != 1 || writes[0].State != outbox.Parked || !strings.Contains(writes[0].Reason, "renumbered") {
				t.Errorf("an old id is %s: the %s: %+v", how, kind, writes)
			}
		}
		delete(h.calls, fmt.Sprint(i)) // a person's now
	}
	h.once(one)
	if line := h.connection(); line.Paused != nil || line.count(outbox.NoRecord) != 6 || line.Writes[outbox.Parked] != 6 {
		t.Errorf("the connection: %+v", line)
	}
}

// A CRM that is put back to yesterday's backup has lost what it confirmed, and
// gives the ids of it to others.
func TestACRMRestoredFromABackup(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 6 {
		h.call(fmt.Sprint(i), "before")
	}
	h.rest()
	backup := h.crm.Backup()
	<-time.After(1100 * time.Millisecond) // the search is exact to a second
	for i := range 12 {
		h.call(fmt.Sprint(i), "after")
	}
	h.rest()

	h.crm.Misbehave(crmfake.Rule{Fault: crmfake.Down})
	for i := range 8 {
		h.call(fmt.Sprint(i), "")
	}
	h.until("the breaker opens", func() bool { return h.connection().Breaker != "closed" })
	if !strings.Contains(h.log.String(), "a connection does not answer") {
		t.Error("the log does not say that the CRM is down")
	}
	h.crm.Restore(backup)
	var strangers []string
	for range 12 {
		strangers = append(strangers, h.crm.Enter(crmfake.Activities, map[string]any{"prospect_id": "0", "note": "somebody else's"}))
	}
	h.crm.calm()
	h.until("it is noticed", func() bool { return h.connection().Paused != nil })
	line := h.connection()
	t.Logf("paused: %s", line.Paused.Reason)
	if line.Paused.Lost == nil || line.Paused.Lost.StillThere.IsZero() || line.count(outbox.Vanished) == 0 {
		t.Fatalf("it is not said what is lost: %+v", line)
	}
	if got := h.metric(`passerelle_connection_paused{connection="crm.main"}`); got != 1 {
		t.Errorf("the metric of paused connections is %v", got)
	}

	since := line.Paused.Lost.StillThere.UTC().Format(time.RFC3339)
	looked := h.recheck(since, false)
	again := h.recheck(since, true)
	t.Logf("looked up %d, gone %d, put back %d; the hub guessed %d", looked.Looked, len(looked.Gone), len(again.Gone), line.Paused.Lost.Writes)
	if len(again.Gone) != len(looked.Gone) || len(again.Gone) < 12+12 {
		t.Errorf("gone: %d by a look, %d put back; 12 calls and as many comments were made since", len(looked.Gone), len(again.Gone))
	}
	if status, answer, err := h.supervisor.ask(t.Context(), http.MethodPost, "/v1/connections/crm.main/resume", nil); err != nil || status != http.StatusNoContent {
		t.Fatalf("resume: %d %s %v", status, answer, err)
	}
	h.rest()
	for _, id := range strangers {
		if r, ok := h.crm.Get(crmfake.Activities, id); !ok || text(r, "note") != "somebody else's" || r.Version != 1 {
			t.Errorf("%s, which is somebody else's now, is %+v", id, r)
		}
		h.crm.Remove(crmfake.Activities, id)
	}
	h.once(one)
	for i := range 12 {
		if p, _ := h.crm.Get(crmfake.Prospects, fmt.Sprint(i)); text(p, "comment") != "after" {
			t.Errorf("prospect %d: its comment is %q", i, text(p, "comment"))
		}
	}
	if line := h.connection(); line.Paused != nil || line.Writes[outbox.Parked]+line.Writes[outbox.Conflicted] > 0 {
		t.Errorf("in the end: %+v", line)
	}
}

type rechecked struct {
	Looked int      `json:"looked"`
	Gone   []string `json:"gone"`
	Next   string   `json:"next"`
}

// recheck asks page by page, as the command does.
func (h *house) recheck(since string, putBack bool) (all rechecked) {
	h.Helper()
	for from := ""; ; {
		var page rechecked
		err := h.supervisor.do(h.Context(), "/v1/outbox/recheck", map[string]any{
			"connection": "crm.main", "since": since, "from": from, "put_back": putBack,
		}, &page)
		if err != nil {
			h.Fatal(err)
		}
		all.Looked += page.Looked
		all.Gone = append(all.Gone, page.Gone...)
		if from = page.Next; from == "" {
			return all
		}
	}
}
