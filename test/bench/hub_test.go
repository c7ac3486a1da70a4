package bench

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/connectors/webhook/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/test/crmfake"
)

var hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

// leads is how many prospects a hub has.
const leads = 20_000

const token = "alice-token-0123456789"

const configText = `
hub: bench
data_dir: data
listen: 127.0.0.1:0
http: {rate_per_token: 1000000, burst: 1000000}
connections:
  crm.main:
%s
  phoning.dial:
    type: webhook
    settings:
      secrets: ["%s"]
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.main, team: floor, principal: acme, rules: always, script: Bonjour}
people:
  alice: {name: Alice, team: floor, crm: {crm.main: alice}, phoning: {phoning.dial: {login: alice, profile: agent}, phoning.console: {login: alice, profile: agent}}}
tokens:
  - {person: alice, connection: phoning.console, token: %s}
policy: policy.yaml
`

const policyText = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment]}
      - {on: activity, scope: all, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
profiles:
  phoning.dial: {agent: caller}
  phoning.console: {agent: caller}
`

// startHub starts a hub on a CRM and waits until it has all its leads.
func startHub(t *testing.T, crm string, fields ...string) *server {
	t.Helper()
	dir := t.TempDir()
	connection := "type: rest\nallow_private: true\nfields:\n"
	for _, f := range fields {
		connection += "  " + f + "\n"
	}
	connection += "settings:\n" + indent(crmfake.Settings(crm, crmfake.DefaultToken), 2)
	for name, text := range map[string]string{
		"passerelle.yaml": fmt.Sprintf(configText, indent(connection, 4), hookSecret, token),
		"policy.yaml":     policyText,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, "hub", dir)
	s.await(t)
	return s
}

func indent(text string, by int) string {
	margin := strings.Repeat(" ", by)
	return margin + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+margin)
}

// await waits until the hub knows the last lead: prospects come in order.
func (s *server) await(t *testing.T) {
	t.Helper()
	url := "http://" + s.addr + "/v1/leads/" + string(leadOf(leads-1))
	for deadline := time.Now().Add(2 * time.Minute); ; {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the hub has not all its leads: %s", resp.Status)
		}
		<-time.After(50 * time.Millisecond)
	}
}

func leadOf(n int) bridge.LeadID {
	return desk.LeadOf("spring", bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: prospectID(n)})
}

func prospectID(n int) string { return fmt.Sprintf("%06d", n) }

var note = strings.Repeat("Très intéressé, rappeler plutôt le matin. ", 13)

// outcome is what a call's report says, about 1 KB with what stands around it.
func outcome(n int, fields string) string {
	return fmt.Sprintf(`"occurred_at": "2026-11-22T09:%02d:%02d.5+01:00", "technical": "answered", "disposition": "callback_requested", "attempt_id": "a-%d", "talk_s": %d, "note": "%s"%s, "next": {"kind": "callback", "at": "2027-01-31T14:30", "zone": "Europe/Paris"}`,
		n/60%60, n%60, n, n%600, note, fields)
}

// hook is the n-th call as a signed webhook.
func hook(t *testing.T, n int, fields string) call {
	t.Helper()
	return signed(t, n, event(n, fields))
}

func event(n int, fields string) string {
	return fmt.Sprintf(`{"event_id": "e-%d", "connection": "phoning.dial", "campaign": "spring", "prospect_id": "%s", "agent": "alice", %s}`,
		n, prospectID(n%leads), outcome(n, fields))
}

func signed(t *testing.T, n int, body string) call {
	t.Helper()
	header, err := fake.Sign(hookSecret, fmt.Sprintf("m-%d", n), time.Now(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	header.Set("Content-Type", "application/json")
	return call{"/hooks/phoning.dial", header, []byte(body)}
}

// hooks is so many calls from the n-th on in one signed body.
func hooks(t *testing.T, n, many int, fields string) call {
	t.Helper()
	events := make([]string, many)
	for i := range events {
		events[i] = event(n+i, fields)
	}
	return signed(t, n, `{"events": [`+strings.Join(events, ",")+`]}`)
}

// api is the n-th call as a caller's program posts it.
func api(n int, fields string) call {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Authorization", "Bearer "+token)
	header.Set("Idempotency-Key", fmt.Sprintf("k-%d", n))
	return call{"/v1/leads/" + string(leadOf(n%leads)) + "/outcomes", header, []byte("{" + outcome(n, fields) + "}")}
}
