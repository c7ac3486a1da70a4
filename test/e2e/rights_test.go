package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"passerelle/internal/policy"
	"passerelle/test/crmfake"
)

const boundConfig = `hub: e2e
data_dir: data
listen: 127.0.0.1:0
connections:
  crm.main:
    type: rest
    allow_private: true
    fields: {prospect.name: name, prospect.phone: phone, prospect.status: status, prospect.comment: comment, prospect.do_not_call: do_not_call}
    settings:
SETTINGS
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.main, team: floor, rules: always, selection: spring}
people:
  alice: {name: Alice, team: floor, phoning: {phoning.console: {login: alice, profile: agent}}}
  sam: {name: Sam, team: floor, phoning: {phoning.console: {login: sam, profile: supervisor}}}
tokens:
  - {person: alice, connection: phoning.console, token: alice-token-0123456789}
  - {person: sam, connection: phoning.console, token: sam-token-0123456789}
policy: policy.yaml
`

const boundPolicy = `version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment]}
      - {on: activity, scope: all, actions: [create, read]}
  supervisor:
    grants: [{on: report, scope: all, actions: [read]}]
profiles:
  phoning.console: {agent: caller, supervisor: supervisor}
crm_rights: {crm.main: key}
`

// bound starts a hub on a CRM that does not let the bridge's key write a
// prospect's status.
func bound(t *testing.T, rules ...crmfake.Rule) (*hub, *crmfake.Server) {
	t.Helper()
	crm, base := crmfake.Start(t, crmfake.Options{})
	crm.Freeze("status")
	crm.Put("1", map[string]any{"list": "spring", "name": "Amont", "phone": "01 99 00 00 01", "status": "new", "comment": "old"})
	crm.Misbehave(rules...)
	settings := "      " + strings.ReplaceAll(strings.TrimSpace(crmfake.Settings(base, crmfake.DefaultToken)), "\n", "\n      ")
	return hubOf(t, strings.Replace(boundConfig, "SETTINGS", settings, 1), boundPolicy, ""), crm
}

// recorded is what became of a call of alice's to the only prospect.
func (h *hub) recorded(event string) (admitted []string, refused map[string]string) {
	h.t.Helper()
	body := fmt.Sprintf(`{"occurred_at":"2026-11-20T10:00:00+01:00","technical":"answered","disposition":"in_discussion","fields":{"prospect.comment":%q,"prospect.status":"reached"}}`, event)
	lead := h.theirLeads("alice")["1"]
	req, err := http.NewRequest(http.MethodPost, "http://"+h.app.Addr().String()+"/v1/leads/"+lead+"/outcomes", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer alice-token-0123456789")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", event)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Admitted []string
		Refused  []struct{ Field, Reason, Remedy string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusAccepted {
		h.t.Fatalf("%d %v", resp.StatusCode, err)
	}
	refused = map[string]string{}
	for _, r := range out.Refused {
		refused[r.Field] = r.Reason + ". " + r.Remedy
	}
	return out.Admitted, refused
}

func (h *hub) withheldStatus(event string) {
	h.t.Helper()
	admitted, refused := h.recorded(event)
	want := "role caller may write prospect.status, but the CRM behind crm.main does not let the connection's key. give that right in the CRM"
	if !slices.Equal(admitted, []string{"prospect.comment"}) || refused["prospect.status"] != want {
		h.t.Errorf("%s: admitted %v, refused %v", event, admitted, refused)
	}
}

func (h *hub) keyUse() policy.KeyUse {
	h.t.Helper()
	var found struct {
		Items []policy.KeyUse
		Text  string
	}
	if status := h.get("sam-token-0123456789", "/v1/policy/rights", &found); status != http.StatusOK || len(found.Items) != 1 || found.Text == "" {
		h.t.Fatalf("%d %+v", status, found)
	}
	return found.Items[0]
}

// The bridge never grants what the CRM would refuse, and says how much wider its
// key is than what it uses. What the CRM told holds while it is down.
func TestNothingGoesBeyondTheCRMsRights(t *testing.T) {
	t.Parallel()
	h, crm := bound(t)
	seen := func() bool { return len(h.theirLeads("alice")) == 1 }
	eventually(t, "the rights to be read and the lead to be there", seen)
	h.withheldStatus("first")
	all := len(crmfake.DefaultFields())
	u := h.keyUse()
	if u.CouldRead != all || u.CouldWrite != all-1 || u.Reads != 5 || u.Writes != 2 || u.Bound != policy.BoundKey {
		t.Errorf("%+v", u)
	}
	if len(u.Withheld) != 1 || u.Withheld[0].Target.Field != "prospect.status" {
		t.Errorf("withheld: %v", u.Withheld)
	}
	h.app.Stop()
	crm.Misbehave(crmfake.Rule{Fault: crmfake.Down})
	h.start()
	if !seen() {
		t.Error("the CRM is down, and the lead is nobody's to see any more")
	}
	h.withheldStatus("second")
	if u := h.keyUse(); u.Problem == "" || u.CouldWrite != all-1 {
		t.Errorf("with the CRM down: %+v", u)
	}
}

// A CRM that never told its rights opens nothing.
func TestRightsThatWereNeverReadWithhold(t *testing.T) {
	t.Parallel()
	h, crm := bound(t, crmfake.Rule{Fault: crmfake.Down, Path: "/rights"})
	eventually(t, "the pull to say why it asks for nothing", func() bool { return strings.Contains(h.log.String(), "which were never read") })
	if got := h.theirLeads("alice"); len(got) != 0 {
		t.Errorf("seen without rights: %v", got)
	}
	if asked := crm.FieldsAsked(); len(asked) > 0 {
		t.Errorf("asked of the CRM: %v", asked)
	}
	if u := h.keyUse(); u.Problem == "" || !u.At.IsZero() {
		t.Errorf("%+v", u)
	}
	crm.Misbehave()
	h.keyUse()
	eventually(t, "the lead to be there", func() bool { return len(h.theirLeads("alice")) == 1 })
	h.withheldStatus("third")
}
