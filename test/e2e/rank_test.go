package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Two teams sell from one sheet: alice stands under sam, bob under rita.
const rankPolicy = `
version: 1
roles:
  head:
    grants: [{on: prospect, scope: own, read: [class public, prospect.owner], write: [prospect.status]}]
  caller:
    under: head
    grants: [{on: prospect, scope: own, read: [class public, prospect.phone, prospect.owner]}]
  rival:
    grants: [{on: prospect, scope: own, read: [class public, prospect.owner]}]
  seller:
    under: rival
    grants: [{on: prospect, scope: own, read: [class public, prospect.owner]}]
profiles:
  phoning.console: {head: head, agent: caller, rival: rival, seller: seller}
`

const rankPeople = `
people:
  alice: {name: Alice, team: floor, crm: {crm.sheet: alice}, phoning: {phoning.console: {login: alice, profile: agent}}}
  bob: {name: Bob, team: floor, crm: {crm.sheet: bob}, phoning: {phoning.console: {login: bob, profile: seller}}}
  sam: {name: Sam, team: floor, phoning: {phoning.console: {login: sam, profile: head}}}
  rita: {name: Rita, team: floor, phoning: {phoning.console: {login: rita, profile: rival}}}
tokens:
  - {person: alice, connection: phoning.console, token: alice-token-0123456789}
  - {person: bob, connection: phoning.console, token: bob-token-0123456789}
  - {person: sam, connection: phoning.console, token: sam-token-0123456789}
  - {person: rita, connection: phoning.console, token: rita-token-0123456789}
policy: policy.yaml
`

const rankSheet = `id,name,phone,owner
1,Amont,01 99 00 00 01,alice
2,Aval,01 99 00 00 02,bob
3,Rive,01 99 00 00 03,
`

// get reads a path of the API with a token into out, and answers the status.
func (h *hub) get(token, path string, out any) int {
	h.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+h.app.Addr().String()+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		h.t.Fatalf("%s: %v", path, err)
	}
	return resp.StatusCode
}

// theirLeads are the leads that somebody lists: id by prospect.
func (h *hub) theirLeads(who string) map[string]string {
	h.t.Helper()
	var page struct {
		Items []struct {
			ID       string `json:"id"`
			Prospect string `json:"prospect_id"`
		} `json:"items"`
	}
	if status := h.get(who+"-token-0123456789", "/v1/leads", &page); status != http.StatusOK {
		h.t.Fatalf("%s: %d", who, status)
	}
	out := map[string]string{}
	for _, item := range page.Items {
		out[item.Prospect] = item.ID
	}
	return out
}

func TestASuperiorSeesWhatTheirSubordinatesOwn(t *testing.T) {
	t.Parallel()
	frame, _, _ := strings.Cut(configText, "people:")
	frame = strings.NewReplacer("FEED", "", "prospect.status: prospect_status", "prospect.owner: owner").Replace(frame)
	for _, line := range []string{"lead_status: lead_status", "comment: comment", "do_not_call: do_not_call"} {
		frame = strings.Replace(frame, "      prospect."+line+"\n", "", 1)
	}
	for _, line := range []string{"revenue: revenue", "confidential_note: confidential"} {
		frame = strings.Replace(frame, "      account."+line+"\n", "", 1)
	}
	h := hubOf(t, frame+strings.TrimPrefix(rankPeople, "\n"), rankPolicy, rankSheet)
	eventually(t, "the callers to see their leads", func() bool {
		return len(h.theirLeads("alice")) == 1 && len(h.theirLeads("bob")) == 1
	})
	owned := map[string]string{"1": h.theirLeads("alice")["1"], "2": h.theirLeads("bob")["2"]}
	for _, c := range []struct{ who, sees, not string }{{"sam", "1", "2"}, {"rita", "2", "1"}} {
		if diff := cmp.Diff(map[string]string{c.sees: owned[c.sees]}, h.theirLeads(c.who)); diff != "" {
			t.Errorf("%s lists (-want +got):\n%s", c.who, diff)
		}
		var seen struct {
			Card map[string]string `json:"card"`
		}
		if status := h.get(c.who+"-token-0123456789", "/v1/leads/"+owned[c.sees], &seen); status != http.StatusOK {
			t.Errorf("%s: a subordinate's lead answers %d", c.who, status)
		}
		if seen.Card["prospect.name"] == "" || seen.Card["prospect.phone"] != "" {
			t.Errorf("%s sees %v, not what their own grants say", c.who, seen.Card)
		}
		if status := h.get(c.who+"-token-0123456789", "/v1/leads/"+owned[c.not], &seen); status != http.StatusNotFound {
			t.Errorf("%s: somebody else's lead answers %d", c.who, status)
		}
	}
}
