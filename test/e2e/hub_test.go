package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/test/shared"
)

var eventually = shared.Eventually

var hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

// hub is a running bridge with a sheet CRM in dir/crm, and a platform that
// keeps what it is given.
type hub struct {
	t        testing.TB
	dir      string
	app      *app.App
	log      *shared.Buffer
	platform *shared.Buffer
	agenda   time.Duration // between two looks into the CRM's calendars; 0 is the hub's own
}

const configText = `
hub: e2e
data_dir: data
listen: 127.0.0.1:0
connections:
  crm.sheet:
    type: sheet
    fields:
      prospect.name: name
      prospect.phone: phone
      prospect.status: prospect_status
      prospect.lead_status: lead_status
      prospect.comment: comment
      account.revenue: revenue
      account.confidential_note: confidential
      prospect.do_not_call: do_not_call
    settings: {prospects: crm/prospects.csv}
  phoning.dial:
    type: webhook
    allow_private: true
    settings: {secrets: ["HOOKSECRET"], push_url: PUSHURL, push_secret: "HOOKSECRET"}
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.sheet, team: floor, principal: acme, rules: always, script: Bonjour, feeds: [FEED]}
people:
  alice: {name: Alice, team: floor, crm: {crm.sheet: alice}, phoning: {phoning.dial: {login: alice, profile: agent}, phoning.console: {login: alice, profile: agent}}}
  sam: {name: Sam, team: floor, phoning: {phoning.console: {login: sam, profile: supervisor}}}
  vera: {name: Vera, team: sales, crm: {crm.sheet: vera}}
tokens:
  - {person: alice, connection: phoning.console, token: alice-token-0123456789}
  - {person: sam, connection: phoning.console, token: sam-token-0123456789}
policy: policy.yaml
`

const policyText = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment], propose: [prospect.lead_status]}
      - {on: activity, scope: all, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
    context: [attempts, last_contact]
  supervisor:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, class commercial], write: [prospect.status]}
      - {on: activity, scope: campaign, actions: [create, read, write]}
      - {on: appointment, scope: campaign, actions: [read, write]}
      - {on: campaign, scope: campaign, actions: [read, write]}
profiles:
  phoning.dial: {agent: caller}
  phoning.console: {agent: caller, supervisor: supervisor}
`

// feed makes the campaign's cards go to the platform.
const feed = "{connection: phoning.dial, list: L1, profile: agent}"

// What nobody but the direction may see: it must leave the bridge nowhere.
const (
	revenue = 918273645
	note    = "CANARY-CONFIDENTIAL"
)

// newHub starts a hub with so many prospects. feeds is [feed] or "" for none:
// then the console hands the leads out.
func newHub(t testing.TB, prospects int, feeds string, change ...func(*hub)) *hub {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,name,phone,lead_status,comment,revenue,confidential,do_not_call\n")
	for i := range prospects {
		fmt.Fprintf(&b, "%d,Société %d,01 99 00 %02d %02d,new,,%d,%s,\n", i+1, i+1, i/100, i%100, revenue, note)
	}
	return hubOf(t, strings.Replace(configText, "FEED", feeds, 1), policyText, b.String(), change...)
}

// hubOf starts a hub on a config, a policy and a sheet.
func hubOf(t testing.TB, conf, rules, sheet string, change ...func(*hub)) *hub {
	t.Helper()
	dir := t.TempDir()
	h := &hub{t: t, dir: dir, log: &shared.Buffer{}, platform: &shared.Buffer{}}
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(h.platform, r.Body)
	}))
	t.Cleanup(platform.Close)
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("passerelle.yaml", strings.NewReplacer("HOOKSECRET", hookSecret, "PUSHURL", platform.URL).Replace(conf))
	write("policy.yaml", rules)
	write("crm/prospects.csv", sheet)
	for _, c := range change {
		c(h)
	}
	h.start()
	t.Cleanup(func() {
		h.app.Stop()
		if t.Failed() {
			t.Logf("the hub's log:\n%s", h.log)
		}
	})
	return h
}

func (h *hub) start() {
	h.t.Helper()
	cfg, err := config.Load(filepath.Join(h.dir, "passerelle.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	log, err := obs.New(h.log, slog.LevelDebug, obs.FormatText)
	if err != nil {
		h.t.Fatal(err)
	}
	h.app, err = app.New(context.Background(), app.Options{Config: cfg, Registry: all.Registry(), Log: log, AgendaEvery: h.agenda})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.app.Start(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// post sends a signed event and answers the results' states.
func (h *hub) post(event map[string]any) (int, string) {
	h.t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		h.t.Fatal(err)
	}
	key, err := standardwebhooks.NewWebhook(hookSecret)
	if err != nil {
		h.t.Fatal(err)
	}
	id, now := fmt.Sprint(event["event_id"]), time.Now()
	sig, err := key.Sign(id, now, body)
	if err != nil {
		h.t.Fatal(err)
	}
	req, _ := http.NewRequest(http.MethodPost, "http://"+h.app.Addr().String()+"/hooks/phoning.dial", bytes.NewReader(body))
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	req.Header.Set("webhook-signature", sig)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw)
}

func call(id string, prospect int, disposition string) map[string]any {
	return map[string]any{
		"event_id": id, "occurred_at": "2026-11-20T10:00:00+01:00", "connection": "phoning.dial", "campaign": "spring",
		"prospect_id": fmt.Sprint(prospect), "agent": "alice", "technical": "answered", "disposition": disposition, "talk_s": 61,
	}
}

// rows reads a CSV file of the CRM as maps.
func (h *hub) rows(name string) []map[string]string {
	return shared.Rows(filepath.Join(h.dir, "crm", name))
}

func TestACallReachesTheSheetOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t, 3, "")
	event := call("e1", 2, "not_interested")
	event["fields"] = map[string]any{"prospect.comment": "rappeler jamais", "account.revenue": 5, "prospect.x_no": "?"}
	var status int
	var body string
	eventually(t, "the prospect is known", func() bool {
		status, body = h.post(event)
		return strings.Contains(body, `"recorded"`) || strings.Contains(body, `"duplicate"`)
	})
	if status != http.StatusAccepted {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, want := range []string{`"prospect.comment"`, "account.revenue", "prospect.x_no"} {
		if !strings.Contains(body, want) {
			t.Errorf("the answer lacks %s: %s", want, body)
		}
	}
	eventually(t, "the call is in activities.csv", func() bool { return len(h.rows("activities.csv")) == 1 })
	eventually(t, "the prospect shows it", func() bool {
		p := h.rows("prospects.csv")
		return len(p) == 3 && p[1]["attempts"] == "1" && p[1]["last_disposition"] == "not_interested" &&
			p[1]["prospect_status"] == "not_interested" && p[1]["comment"] == "rappeler jamais" && p[1]["revenue"] == fmt.Sprint(revenue)
	})
	if _, body := h.post(event); !strings.Contains(body, `"duplicate"`) {
		t.Errorf("a repeat: %s", body)
	}
	h.app.Stop()
	h.start()
	if _, body := h.post(event); !strings.Contains(body, `"duplicate"`) {
		t.Errorf("a repeat after a restart: %s", body)
	}
	if n := len(h.rows("activities.csv")); n != 1 {
		t.Errorf("%d activities, want 1", n)
	}
}
