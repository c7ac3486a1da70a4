package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask sends a request with a token and answers status and body.
func (h *hub) ask(method, path, token, body string) (int, string) {
	h.t.Helper()
	req, err := http.NewRequest(method, "http://"+h.app.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

const (
	alice = "alice-token-0123456789"
	sam   = "sam-token-0123456789"
)

// Unique values in every forbidden field and every secret appear in no answer,
// log, metric, error, ledger line or pushed card.
func TestCanariesStayInside(t *testing.T) {
	t.Parallel()
	h := newHub(t, 20, feed)
	eventually(t, "the cards are pushed", func() bool { return strings.Count(h.platform.String(), `"card.push"`) >= 20 })
	var heard strings.Builder
	hear := func(method, path, token, body string) {
		t.Helper()
		status, answer := h.ask(method, path, token, body)
		fmt.Fprintln(&heard, method, path, status, answer)
	}
	typed := "CANARY-TYPED"
	event := call("c1", 3, "appointment_set")
	event["note"] = "voir lundi"
	event["fields"] = map[string]any{"account.revenue": 555000111, "account.confidential_note": typed, "prospect.lead_status": "hot"}
	event["next"] = map[string]any{"kind": "appointment", "at": "2027-01-12T10:00", "with": "vera"}
	_, answer := h.post(event)
	fmt.Fprintln(&heard, answer)
	for _, bad := range []map[string]any{
		{"event_id": "x", "account.revenue": typed},
		{"event_id": "y", "connection": "phoning.dial", "campaign": "spring", "agent": "nobody", "technical": "answered", "disposition": "sale", "prospect_id": "1", "occurred_at": "2026-11-20T10:00:00+01:00", "note": typed},
	} {
		_, answer := h.post(bad)
		fmt.Fprintln(&heard, answer)
	}
	for _, token := range []string{alice, sam} {
		for _, path := range []string{
			"/v1/me", "/v1/campaigns", "/v1/campaigns/spring", "/v1/leads?campaign=spring", "/v1/proposals", "/v1/conflicts",
			"/v1/outbox", "/v1/parked-events", "/v1/policy", "/v1/ledger", "/v1/ledger/checkpoint", "/v1/connections", "/metrics", "/readyz",
		} {
			hear(http.MethodGet, path, token, "")
		}
		hear(http.MethodPost, "/v1/campaigns/spring/next", token, "")
		hear(http.MethodPost, "/v1/policy/explain", token, `{"action": "read", "field": "account.revenue"}`)
	}
	var leads struct {
		Leads []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	_, list := h.ask(http.MethodGet, "/v1/leads?campaign=spring", sam, "")
	if err := json.Unmarshal([]byte(list), &leads); err != nil || len(leads.Leads) == 0 {
		t.Fatalf("no leads to look at (%v): %s", err, list)
	}
	for _, l := range leads.Leads[:3] {
		hear(http.MethodGet, "/v1/leads/"+l.ID, alice, "")
		hear(http.MethodGet, "/v1/leads/"+l.ID, sam, "")
	}
	eventually(t, "the call is in the CRM", func() bool { return len(h.rows("activities.csv")) == 1 })
	h.app.Stop()

	ledger, _ := os.ReadFile(filepath.Join(h.dir, "data", "store.db"))
	if !strings.Contains(string(ledger), "ledger.lines") {
		t.Fatal("the store was not read")
	}
	for where, text := range map[string]string{
		"an answer": heard.String(), "the log": h.log.String(), "a pushed card": h.platform.String(),
	} {
		for what, canary := range map[string]string{
			"a financial field": fmt.Sprint(revenue), "a confidential field": note, "a refused number": "555000111", "a refused text": typed,
			"the hook's secret": strings.TrimPrefix(hookSecret, "whsec_"), "a token": alice, "the phone in a log": "01 99 00 00 02",
		} {
			if what == "the phone in a log" && where != "the log" {
				continue // personal: the caller's card shows it
			}
			if strings.Contains(text, canary) {
				t.Errorf("%s appears in %s", what, where)
			}
		}
	}
	// What nobody on the way may read is not even asked of the CRM.
	for what, canary := range map[string]string{"a financial field": fmt.Sprint(revenue), "a confidential field": note, "what was refused": "555000111", "a parked body": typed} {
		if strings.Contains(string(ledger), canary) {
			t.Errorf("%s appears in the store", what)
		}
	}
}

// The road may vanish while the hub runs: what was on it is published again.
func TestALostStreamLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t, 5, "")
	eventually(t, "the prospects are known", func() bool {
		_, body := h.ask(http.MethodGet, "/v1/leads?campaign=spring", sam, "")
		return strings.Count(body, `"prospect_id"`) == 5
	})
	for i := range 200 {
		if i == 50 {
			if err := os.RemoveAll(filepath.Join(h.dir, "data", "nats")); err != nil {
				t.Fatal(err)
			}
		}
		if status, body := h.post(call(fmt.Sprint("e", i), i%5+1, "no_answer")); status != http.StatusAccepted || !strings.Contains(body, `"recorded"`) {
			t.Fatalf("call %d: %d %s", i, status, body)
		}
	}
	eventually(t, "every call is in the CRM", func() bool {
		for _, p := range h.rows("prospects.csv") {
			if p["attempts"] != "40" {
				return false
			}
		}
		return len(h.rows("activities.csv")) == 200
	})
}
