package obs

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"passerelle/internal/bridge"
)

const crm = bridge.ConnectionName("crm.main")

func labels() Labels {
	return Labels{
		Connections:   []bridge.ConnectionName{crm},
		WriteStates:   []string{"pending", "parked"},
		BreakerStates: []string{"closed", "open"},
		Findings:      []string{"not_stored"},
		Routes:        []string{"GET /v1/me"},
	}
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(page, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

func TestMetricsStartAtZero(t *testing.T) {
	t.Parallel()
	wantLines(t, scrape(t, NewMetrics(labels())),
		`passerelle_oldest_entry_age_seconds{connection="crm.main"} 0`,
		`passerelle_writes{connection="crm.main",state="pending"} 0`,
		`passerelle_breaker_state{connection="crm.main",state="open"} 0`,
		`passerelle_crm_requests_total{connection="crm.main"} 0`,
		`passerelle_crm_requests_per_outcome{connection="crm.main"} 0`,
		`passerelle_outcomes_total{connection="crm.main"} 0`,
		`passerelle_ack_seconds_count{connection="crm.main"} 0`,
		`passerelle_http_request_seconds_count{route="GET /v1/me"} 0`,
		`passerelle_leases 0`, `passerelle_parked_events 0`, `passerelle_conflicts 0`,
		`passerelle_connection_paused{connection="crm.main"} 0`, `passerelle_store_bytes 0`,
		`passerelle_crm_findings_total{connection="crm.main",finding="not_stored"} 0`,
		`passerelle_ledger_lines 0`, `passerelle_nats_connected 0`, `passerelle_commit_group_size_count 0`,
	)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics(labels())
	m.OnScrape(func() {
		m.SetOldest(crm, 90*time.Second)
		m.SetWrites(crm, "parked", 2)
		m.SetBreaker(crm, "closed")
		m.SetBreaker(crm, "open")
		m.SetLeases(3)
		m.SetParked(4)
		m.SetConflicts(5)
		m.SetLedgerLines(6)
		m.SetNATS(true)
		m.SetBehind(true)
		m.SetPaused(crm, true)
		m.SetStoreBytes(7)
	})
	m.Found(crm, "not_stored")
	m.Found(crm, "something new")
	m.Acknowledged(crm, 3*time.Millisecond)
	m.Requested(crm, 5)
	m.Requested(crm, 1)
	m.Requested(crm, 0)
	for range 4 {
		m.Outcome(crm)
	}
	m.Served("GET /v1/me", 200, time.Millisecond)
	m.Committed(17, time.Millisecond)
	page := scrape(t, m)
	wantLines(t, page,
		`passerelle_oldest_entry_age_seconds{connection="crm.main"} 90`,
		`passerelle_writes{connection="crm.main",state="parked"} 2`,
		`passerelle_breaker_state{connection="crm.main",state="closed"} 0`,
		`passerelle_breaker_state{connection="crm.main",state="open"} 1`,
		`passerelle_leases 3`, `passerelle_parked_events 4`, `passerelle_conflicts 5`, `passerelle_ledger_lines 6`, `passerelle_nats_connected 1`, `passerelle_campaigns_behind 1`,
		`passerelle_connection_paused{connection="crm.main"} 1`, `passerelle_store_bytes 7`,
		`passerelle_crm_findings_total{connection="crm.main",finding="not_stored"} 1`,
		`passerelle_crm_findings_total{connection="crm.main",finding="other"} 1`,
		`passerelle_ack_seconds_count{connection="crm.main"} 1`,
		`passerelle_crm_requests_total{connection="crm.main"} 6`,
		`passerelle_outcomes_total{connection="crm.main"} 4`,
		`passerelle_crm_requests_per_outcome{connection="crm.main"} 1.5`,
		`passerelle_http_requests_total{route="GET /v1/me",status="200"} 1`,
		`passerelle_commit_group_size_sum 17`, `passerelle_commit_seconds_count 1`,
	)
	m.SetNATS(false)
}

// What is not in a closed set is counted, but makes no label of its own.
func TestLabelsAreClosed(t *testing.T) {
	t.Parallel()
	m := NewMetrics(labels())
	const stranger = "canary"
	m.Served("/"+stranger, 404, 0)
	m.Acknowledged(stranger, 0)
	m.Requested(stranger, 1)
	m.Outcome(stranger)
	m.SetWrites(crm, stranger, 1)
	m.SetBreaker(crm, stranger)
	page := scrape(t, m)
	if strings.Contains(page, stranger) {
		t.Error("a value from outside became a label")
	}
	wantLines(t, page, `passerelle_http_requests_total{route="other",status="404"} 1`, `passerelle_crm_requests_per_outcome{connection="other"} 1`)

	m.Know(Labels{Connections: []bridge.ConnectionName{"crm.new"}})
	m.Outcome("crm.new")
	wantLines(t, scrape(t, m), `passerelle_outcomes_total{connection="crm.new"} 1`, `passerelle_writes{connection="crm.new",state="pending"} 0`)
}

func TestMetricsTogether(t *testing.T) {
	t.Parallel()
	m := NewMetrics(labels())
	handler := m.Handler()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				m.Requested(crm, 1)
				m.Outcome(crm)
				m.SetBreaker(crm, "open")
				m.Know(labels())
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			_, _ = io.Copy(io.Discard, w.Body)
		})
	}
	wg.Wait()
	wantLines(t, scrape(t, m), `passerelle_outcomes_total{connection="crm.main"} 200`, `passerelle_crm_requests_per_outcome{connection="crm.main"} 1`)
}
