package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/internal/outbox"
	"passerelle/internal/relay"
	"passerelle/test/crmfake"
	"passerelle/test/shared"
)

// house is a hub in the test's own process before a REST CRM.
type house struct {
	*testing.T
	dir        string
	crm        *restCRM
	app        *app.App
	log        shared.Buffer
	load       *load
	supervisor *supervisor
	calls      map[string][]string // acknowledged, by prospect, in order
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, dir: t.TempDir(), crm: newRestCRM(t, 1), calls: map[string][]string{}}
	configure(t, h.dir, h.crm.config())
	cfg, err := config.Load(filepath.Join(h.dir, "passerelle.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := obs.New(&h.log, slog.LevelInfo, obs.FormatText)
	if err != nil {
		t.Fatal(err)
	}
	h.app, err = app.New(context.Background(), app.Options{Config: cfg, Log: log, ClaimTimeout: time.Second})
	if err == nil {
		err = h.app.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.app.Stop()
		if t.Failed() {
			t.Logf("the hub's log:\n%s", h.log.String())
		}
	})
	hub := &process{t: t}
	hub.addr.Store(h.app.Addr().String())
	h.load, h.supervisor = newLoad(t, hub, 1, time.Second), newSupervisor(t, hub)
	t.Cleanup(h.load.http.CloseIdleConnections)
	h.until("the campaign is read", func() bool {
		var page struct{ Items []struct{ ID string } }
		err := h.supervisor.read(t.Context(), "/v1/leads?campaign=spring&limit=500", &page)
		return err == nil && len(page.Items) == prospects
	})
	return h
}

func (h *house) until(what string, so func() bool) {
	h.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			h.Fatalf("%s: not within 40 s; writes %v", what, h.connection().Writes)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// call reports a call of a prospect and waits for the acknowledgement. comment
// is a field that the caller changed, "" for none.
func (h *house) call(prospect, comment string) {
	h.Helper()
	id := fmt.Sprintf("call-%s-%d", prospect, len(h.calls[prospect]))
	event := map[string]any{
		"event_id": id, "note": id, "connection": "phoning.dial", "campaign": "spring",
		"occurred_at": time.Date(2026, 3, 2, 8, len(h.calls[prospect]), 0, 0, time.UTC).Format(time.RFC3339),
		"prospect_id": prospect, "agent": "alice", "technical": "answered", "disposition": "not_interested",
	}
	if comment != "" {
		event["fields"] = map[string]any{"prospect.comment": comment}
	}
	if !h.load.report(event, &call{event: id}) {
		h.FailNow()
	}
	h.calls[prospect] = append(h.calls[prospect], id)
}

func (h *house) connection() crmLine {
	h.Helper()
	var got struct{ Items []crmLine }
	if err := h.supervisor.read(h.Context(), "/v1/connections", &got); err != nil {
		h.Fatal(err)
	}
	for _, c := range got.Items {
		if c.Name == "crm.main" {
			return c
		}
	}
	h.Fatal("no crm.main among the connections")
	return crmLine{}
}

// crmLine is what the API shows of a connection.
type crmLine struct {
	connection
	Paused *struct {
		Reason string      `json:"reason"`
		Lost   *relay.Loss `json:"lost"`
	} `json:"paused"`
	Findings []relay.Tally `json:"findings"`
}

func (c crmLine) count(f outbox.Finding) int {
	for _, t := range c.Findings {
		if t.Finding == f {
			return t.Count
		}
	}
	return 0
}

// rest waits until nothing is on its way.
func (h *house) rest() {
	h.Helper()
	h.until("at rest", func() bool {
		w := h.connection().Writes
		return w[outbox.Pending]+w[outbox.Relayed]+w[outbox.Sending]+w[outbox.Sent] == 0
	})
}

// once fails unless the CRM holds each acknowledged call so many times, those of
// a prospect in order.
func (h *house) once(times func(note string) int) {
	h.Helper()
	h.crm.Settle()
	held := map[string]int{}
	for _, r := range h.crm.All(crmfake.Activities) {
		held[text(r, "note")]++
	}
	for _, ids := range h.calls {
		for _, id := range ids {
			if held[id] != times(id) {
				h.Errorf("%s is in the CRM %d times, want %d", id, held[id], times(id))
			}
			delete(held, id)
		}
	}
	for note, n := range held {
		h.Errorf("the CRM holds %q %d times, and nobody reported it", note, n)
	}
}

func one(string) int { return 1 }

// metric reads one figure.
func (h *house) metric(name string) float64 {
	h.Helper()
	return readMetric(h.T, h.load.hub.url("/metrics"), name)
}

func readMetric(t testing.TB, url, name string) float64 {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var page bytes.Buffer
	if _, err := page.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(page.String()) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			var v float64
			if _, err := fmt.Sscan(rest, &v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return v
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// entries lists the writes of a prospect, those that came to an end too.
func (h *house) entries(prospect string, kind bridge.WriteKind) (out []found) {
	h.Helper()
	for _, s := range outbox.States() {
		var page struct{ Items []found }
		if err := h.supervisor.read(h.Context(), "/v1/outbox?limit=500&state="+string(s), &page); err != nil {
			h.Fatal(err)
		}
		for _, w := range page.Items {
			if w.ProspectID == prospect && w.Kind == string(kind) {
				out = append(out, w)
			}
		}
	}
	return out
}

// found is a write with what the CRM got wrong with it.
type found struct {
	write
	Finding string `json:"finding"`
}

// do posts a command and reads its answer.
func (s *supervisor) do(ctx context.Context, path string, body, into any) error {
	status, answer, err := s.ask(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("POST %s: %d %s", path, status, answer)
	}
	return json.Unmarshal(answer, into)
}
