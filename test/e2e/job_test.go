package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"passerelle/connectors/all"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/test/shared"
)

// The size of the job: three calls to everybody, the last of which makes an
// appointment with the first forty and an opposition of every tenth of the rest.
const (
	jobProspects    = 200
	jobCalls        = 3
	jobAppointments = 40
	jobCrashes      = 4
)

const jobConfig = `
hub: e2e
data_dir: data
listen: 127.0.0.1:0
http: {rate_per_token: 2000, burst: 2000}
connections:
  crm.main:
    allow_private: true
    limits: {rate: 400, burst: 400}
CONNECTION
  phoning.dial:
    type: webhook
    allow_private: true
    settings: {secrets: ["HOOKSECRET"], push_url: PUSHURL, push_secret: "HOOKSECRET"}
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.main, selection: "SELECTION", team: floor, principal: acme, rules: always, script: Bonjour, feeds: [{connection: phoning.dial, list: L1, profile: agent}]}
people:
  alice: {name: Alice, team: floor, crm: {crm.main: "ALICE"}, phoning: {phoning.dial: {login: alice, profile: agent}}}
  sam: {name: Sam, team: floor, phoning: {phoning.console: {login: sam, profile: supervisor}}}
  vera: {name: Vera, team: sales, crm: {crm.main: "VERA"}}
tokens:
  - {person: sam, connection: phoning.console, token: sam-token-0123456789}
policy: policy.yaml
`

// Every class has its readers: what is confidential and structural has none, so
// that it is not even asked for.
const jobPolicy = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment]}
      - {on: activity, scope: all, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
  supervisor:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, class commercial], write: [prospect.status]}
      - {on: account, scope: campaign, read: [class public, class financial]}
      - {on: activity, scope: campaign, actions: [create, read, write]}
      - {on: appointment, scope: campaign, actions: [read, write]}
      - {on: campaign, scope: campaign, actions: [read, write]}
profiles:
  phoning.dial: {agent: caller}
  phoning.console: {supervisor: supervisor}
`

// jobWorlds are the CRMs that the job is done with, by their connectors.
var jobWorlds = map[string]func(*testing.T) *world{
	"rest": restWorld, "vtiger": vtigerWorld, "sheet": sheetWorld,
	"dolibarr":                  func(t *testing.T) *world { return dolibarrWorld(t, "delete") },
	"dolibarr, kept and marked": func(t *testing.T) *world { return dolibarrWorld(t, "mark") },
}

func TestNoCRMEscapesTheJob(t *testing.T) {
	t.Parallel()
	for name, d := range all.Registry() {
		if d.Kind == connector.CRM && jobWorlds[name] == nil {
			t.Errorf("connector %s has no world in jobWorlds", name)
		}
	}
}

// TestTheWholeJob does a campaign with each CRM while it throttles, fails and
// loses requests and answers (a folder does none of it), and the hub is killed
// again and again; then it compares the CRM's own database with what must be
// there.
func TestTheWholeJob(t *testing.T) {
	t.Parallel()
	for name, open := range jobWorlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t, open(t))
			j.call()
			j.supervise()
			j.drain()
			j.change()
			j.drain()
			j.hub.kill()
			j.judge()
		})
	}
}

// job is a campaign from its first call to its last appointment.
type job struct {
	t        *testing.T
	world    *world
	moods    *moody
	hub      *mortal
	pushes   *shared.Buffer
	acked    atomic.Int64
	meetings map[string]*wantMeeting // by our id
}

// wantMeeting is an appointment that must be in the CRM.
type wantMeeting struct {
	n         int // of the prospect
	proposal  string
	start     time.Time
	cancelled bool
}

func newJob(t *testing.T, w *world) *job {
	t.Helper()
	j := &job{t: t, world: w, meetings: map[string]*wantMeeting{}}
	j.moods = &moody{world: w, dice: rand.New(rand.NewPCG(7, 11)), met: map[string]int{}}
	crm := httptest.NewServer(j.moods)
	t.Cleanup(func() {
		crm.CloseClientConnections()
		crm.Close()
	})
	var push string
	j.pushes, push = pushed(t)
	dir := t.TempDir()
	text := strings.NewReplacer(
		"CONNECTION", strings.TrimRight(indented(w.connection(crm.URL), 4), "\n"), "HOOKSECRET", hookSecret, "PUSHURL", push,
		"SELECTION", w.selection, "ALICE", w.alice, "VERA", w.vera,
	).Replace(jobConfig)
	for name, text := range map[string]string{"passerelle.yaml": text, "policy.yaml": jobPolicy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j.hub = newMortal(t, dir)
	j.hub.start()
	within(t, time.Minute, "the campaign is read", func() bool {
		var page struct{ Items []struct{ ID string } }
		return j.ask(http.MethodGet, "/v1/leads?campaign=spring&limit=500", nil, &page) == http.StatusOK && len(page.Items) == jobProspects
	})
	return j
}

// ask asks the hub as its supervisor; 0 where it does not answer.
func (j *job) ask(method, path string, body, into any) int {
	raw, err := json.Marshal(body)
	if err != nil {
		j.t.Error(err)
		return 0
	}
	req, err := http.NewRequest(method, j.hub.url(path), bytes.NewReader(raw))
	if err != nil {
		return 0 // it does not listen
	}
	if body == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.Header.Set("Authorization", "Bearer sam-token-0123456789")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || into != nil && resp.StatusCode == http.StatusOK && json.Unmarshal(answer, into) != nil {
		return 0
	}
	return resp.StatusCode
}

func jobEvent(n, k int) string { return fmt.Sprintf("call-%d-%d", n, k) }

func jobComment(n, k int) string { return "après " + jobEvent(n, k) }

// lastDisposition is what a prospect's last call comes to.
func lastDisposition(n int) string {
	switch {
	case n < jobAppointments:
		return "appointment_set"
	case n%10 == 0:
		return "opt_out"
	}
	return "not_interested"
}

func jobSlot(n int) time.Time {
	return time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 30 * time.Minute)
}

// call makes all calls, several people at once, and kills the hub among them.
func (j *job) call() {
	j.moods.bad.Store(true)
	var callers sync.WaitGroup
	for c := range 6 {
		callers.Go(func() {
			for k := range jobCalls {
				for n := c; n < jobProspects; n += 6 {
					j.report(n, k)
				}
			}
		})
	}
	for crash := range jobCrashes {
		within(j.t, 3*time.Minute, "the calls go on", func() bool { return j.acked.Load() >= int64((crash+1)*jobProspects*jobCalls/(jobCrashes+1)) })
		j.hub.kill()
		j.hub.start()
	}
	callers.Wait()
}

// report posts a call until it is acknowledged.
func (j *job) report(n, k int) {
	event := map[string]any{
		"event_id": jobEvent(n, k), "note": jobEvent(n, k), "connection": "phoning.dial", "campaign": "spring",
		"occurred_at": time.Date(2026, 3, 2, 8+k, 0, n%60, 0, time.UTC).Format(time.RFC3339), "prospect_id": j.world.ids[n],
		"agent": "alice", "technical": "answered", "talk_s": 60 + k, "disposition": []string{"no_answer", "callback_no_date", lastDisposition(n)}[k],
		"fields": map[string]any{"prospect.comment": jobComment(n, k), "account.revenue": 5, "account.confidential_note": "vu"},
	}
	if k == 2 && n < jobAppointments {
		event["next"] = map[string]any{"kind": "appointment", "at": jobSlot(n).Format(time.RFC3339), "with": "vera", "minutes": 30}
	}
	body, err := json.Marshal(event)
	if err != nil {
		j.t.Error(err)
		return
	}
	for range 6000 {
		status, answer := j.post(jobEvent(n, k), body)
		if status == http.StatusAccepted {
			if strings.Contains(answer, `"parked"`) {
				j.t.Errorf("%s: %s", jobEvent(n, k), answer)
			}
			j.acked.Add(1)
			return
		}
		<-time.After(20 * time.Millisecond) // as a platform that sends again
	}
	j.t.Errorf("%s is never acknowledged", jobEvent(n, k))
}

func (j *job) post(id string, body []byte) (int, string) {
	key, err := standardwebhooks.NewWebhook(hookSecret)
	if err != nil {
		return 0, err.Error()
	}
	now := time.Now()
	signature, err := key.Sign(id, now, body)
	if err != nil {
		return 0, err.Error()
	}
	req, err := http.NewRequest(http.MethodPost, j.hub.url("/hooks/phoning.dial"), bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	req.Header.Set("webhook-signature", signature)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error() // half an acknowledgement is none
	}
	return resp.StatusCode, string(answer)
}

type jobProposal struct {
	ID         string
	ProspectID string `json:"prospect_id"`
	Meeting    struct{ ID string }
}

func (j *job) proposals(state string) []jobProposal {
	j.t.Helper()
	var page struct{ Items []jobProposal }
	within(j.t, time.Minute, "the proposals are listed", func() bool {
		return j.ask(http.MethodGet, "/v1/proposals?limit=500&state="+state, nil, &page) == http.StatusOK
	})
	return page.Items
}

// supervise validates three of four proposals, rejects some and leaves some, and
// the hub dies in the middle of it.
func (j *job) supervise() {
	j.t.Helper()
	open := j.proposals("proposed")
	if len(open) != jobAppointments {
		j.t.Fatalf("%d proposals of %d", len(open), jobAppointments)
	}
	for i, p := range open {
		if i == len(open)/2 {
			j.hub.kill()
			j.hub.start()
		}
		switch n := slices.Index(j.world.ids, p.ProspectID); n % 8 {
		case 0:
			j.rule(p.ID, "reject", map[string]any{"reason": "pas maintenant"})
		case 1:
		default:
			j.rule(p.ID, "validate", map[string]any{"reason": "bon"})
			j.meetings[p.Meeting.ID] = &wantMeeting{n: n, proposal: p.ID, start: jobSlot(n)}
		}
	}
}

// rule decides a proposal; one that was decided by a lost answer stays so.
func (j *job) rule(id, verb string, body map[string]any) {
	j.t.Helper()
	within(j.t, time.Minute, verb+" is taken", func() bool {
		status := j.ask(http.MethodPost, "/v1/proposals/"+id+"/"+verb, body, nil)
		return status == http.StatusOK || status == http.StatusConflict
	})
}

// change moves some appointments and cancels others.
func (j *job) change() {
	j.t.Helper()
	for _, m := range j.meetings {
		switch m.n % 8 {
		case 2:
			m.start = m.start.AddDate(0, 2, 0)
			j.rule(m.proposal, "reschedule", map[string]any{"at": m.start.Format(time.RFC3339), "with": "vera", "minutes": 45, "reason": "demandé"})
			j.rule(m.proposal, "validate", map[string]any{"reason": "bon"})
		case 3:
			m.cancelled = true
			j.rule(m.proposal, "cancel", map[string]any{"reason": "client absent"})
		}
	}
}

// drain waits until the outbox holds nothing on its way, and nothing that a
// person must look at.
func (j *job) drain() {
	j.t.Helper()
	j.moods.bad.Store(false)
	defer j.moods.bad.Store(true)
	left, listed := map[outbox.State]int{}, false
	within(j.t, 2*time.Minute, "the CRM has everything", func() bool {
		var got struct {
			Items []struct {
				Name   string
				Paused *struct{ Reason string }
				Writes map[outbox.State]int
			}
		}
		if j.ask(http.MethodGet, "/v1/connections", nil, &got) != http.StatusOK {
			return false
		}
		for _, c := range got.Items {
			if c.Name != "crm.main" {
				continue
			}
			if c.Paused != nil {
				j.t.Errorf("the connection was paused: %s", c.Paused.Reason)
				j.ask(http.MethodPost, "/v1/connections/crm.main/resume", nil, nil)
			}
			left, listed = c.Writes, true
		}
		return listed && left[outbox.Pending]+left[outbox.Relayed]+left[outbox.Sending]+left[outbox.Sent] == 0
	})
	for _, state := range []outbox.State{outbox.Parked, outbox.Conflicted} {
		var page struct{ Items []json.RawMessage }
		if j.ask(http.MethodGet, "/v1/outbox?limit=5&state="+string(state), nil, &page); len(page.Items) > 0 {
			j.t.Errorf("%d writes are %s, the first: %s", left[state], state, page.Items[0])
		}
	}
}
