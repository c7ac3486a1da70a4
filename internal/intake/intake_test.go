package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/schema"
	"passerelle/internal/secret"
	"passerelle/internal/store"
	"passerelle/schemas"
)

const dialler = bridge.ConnectionName("phoning.dialler")

// hook is a platform whose signature is the word "good" and whose body is a
// JSON array of events.
type hook struct{}

func (hook) Verify(h http.Header, _ []byte, _ time.Time) error {
	if h.Get("Signature") != "good" {
		return errors.New("bad signature")
	}
	return nil
}

func (hook) Decode(_ http.Header, body []byte) ([]connector.Event, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, errors.New("not an array of events")
	}
	var out []connector.Event
	for _, b := range raw {
		out = append(out, connector.Event{Schema: "call_outcome.v1", Body: b})
	}
	return out, nil
}

type world struct {
	t      *testing.T
	in     *Intake
	store  *store.Store
	people *identity.People
	// commits counts the store's.
	commits atomic.Int64
	log     bytes.Buffer
}

const rights = `
version: 1
roles:
  caller:
    grants:
      - {on: activity, scope: own, actions: [create]}
profiles:
  phoning.dialler: {agent: caller}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{Observe: func(int, time.Duration) { w.commits.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p, err := policy.Load("policy.yaml", []byte(rights), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	key, err := secret.ParseKey(secret.New(strings.Repeat("0a", 32)))
	if err != nil {
		t.Fatal(err)
	}
	w.store, w.people = s, identity.NewPeople(nil)
	w.know("alice")
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	d, err := desk.New(context.Background(), desk.Options{
		Store: s, Seal: key, Now: time.Now, Log: log,
		Rules: &desk.Rules{
			Policy: p, Catalog: bridge.Standard(),
			Campaigns: map[bridge.CampaignID]bridge.Campaign{"spring": {ID: "spring", CRM: "crm.main", Rules: "always"}},
			Person:    w.people.Directory().Person,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.TakeIn(context.Background(), "spring", connector.Page{Prospects: []bridge.Prospect{
		{Ref: bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: "1"}},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.in = New(Options{
		Desk: d, People: w.people, Store: s, Seal: key, Schemas: schema.Must(schemas.FS), BodyLimit: 10_000, Now: time.Now, Log: log,
		Lines: []Line{{
			Name: dialler, Hook: hook{}, Codes: map[string]bridge.Disposition{"NI": "not_interested"},
			Campaigns: map[string]bridge.CampaignID{"list 7": "spring"},
		}},
		Acknowledged: func(bridge.ConnectionName, time.Duration) {},
	})
	return w
}

// know makes people with these logins.
func (w *world) know(logins ...string) {
	w.t.Helper()
	var people []bridge.Person
	for _, l := range logins {
		people = append(people, bridge.Person{
			ID: bridge.PersonID(l), Active: true,
			Phoning: map[bridge.ConnectionName]bridge.Login{dialler: {Name: l, Profile: "agent"}},
		})
	}
	dir, err := identity.NewDirectory(people, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.people.Use(dir)
}

func event(id string, with map[string]any) map[string]any {
	e := map[string]any{
		"event_id": id, "occurred_at": "2026-11-20T10:00:00+01:00", "connection": dialler, "campaign": "spring",
		"prospect_id": "1", "agent": "alice", "technical": "answered", "disposition": "no_answer",
	}
	for k, v := range with {
		if v == nil {
			delete(e, k)
		} else {
			e[k] = v
		}
	}
	return e
}

type answered struct {
	Results []struct {
		State  string `json:"state"`
		ID     string `json:"id"`
		Parked string `json:"parked"`
		Reason string `json:"reason"`
	} `json:"results"`
}

func (w *world) post(signature, body string) (int, answered) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/hooks/phoning.dialler", strings.NewReader(body))
	r.Header.Set("Signature", signature)
	rec := httptest.NewRecorder()
	w.in.Serve(rec, r, dialler)
	var out answered
	if rec.Code == http.StatusAccepted {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return rec.Code, out
}

func (w *world) send(events ...map[string]any) answered {
	w.t.Helper()
	body, err := json.Marshal(events)
	if err != nil {
		w.t.Fatal(err)
	}
	status, out := w.post("good", string(body))
	if status != http.StatusAccepted {
		w.t.Fatalf("status %d", status)
	}
	return out
}

func (w *world) parked() []ParkedEvent {
	w.t.Helper()
	out, _, err := w.in.List(desk.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestWhatBecomesOfAnEvent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		with   map[string]any
		state  string
		reason string
	}{
		"known":                  {nil, Recorded, ""},
		"by the platform's list": {map[string]any{"campaign": "list 7"}, Recorded, ""},
		"by the platform's code": {map[string]any{"disposition": nil, "raw_code": "NI"}, Recorded, ""},
		"unknown code":           {map[string]any{"disposition": nil, "raw_code": "XX"}, Parked, `raw_code "XX"`},
		"unknown agent":          {map[string]any{"agent": "zoe"}, Parked, "agent's login"},
		"unknown campaign":       {map[string]any{"campaign": "winter"}, Parked, "no campaign winter"},
		"unknown prospect":       {map[string]any{"prospect_id": "99"}, Parked, "no lead"},
		"another connection":     {map[string]any{"connection": "phoning.other"}, Parked, "another connection"},
		"against the schema":     {map[string]any{"technical": "shouted"}, Parked, "technical"},
		"not finished":           {map[string]any{"disposition": "in_progress"}, Parked, "not finished"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got := w.send(event("e", c.with)).Results[0]
			if got.State != c.state || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%s: %q, want %s with %q", got.State, got.Reason, c.state, c.reason)
			}
			if parked := w.parked(); (len(parked) == 1) != (c.state == Parked) {
				t.Errorf("%d parked", len(parked))
			}
		})
	}
}

// Log and ledger are kept when a person is forgotten: nothing that a platform
// has written comes into them, wherever it has written it.
func TestNothingOfAnEventIsInLogAndLedger(t *testing.T) {
	t.Parallel()
	const canary = "Jeanne Canari 0612345678"
	w := newWorld(t)
	sent := 0
	for _, with := range []map[string]any{
		{"campaign": canary}, {"prospect_id": canary}, {"prospect_id": nil, "phone": canary}, {"agent": canary},
		{"amends": canary}, {"disposition": nil, "raw_code": canary}, {"disposition": canary}, {canary: 1},
		{"fields": map[string]any{canary: "x"}}, {"connection": canary}, {"occurred_at": canary},
		{"next": map[string]any{"kind": "callback", "at": "2027-01-31T14:30", "zone": canary}},
	} {
		if got := w.send(event(canary+fmt.Sprint(sent), with)).Results[0]; got.State != Parked {
			t.Errorf("%v: %+v", with, got)
		}
		sent++
	}
	w.send(event(canary, map[string]any{"next": map[string]any{"kind": "appointment", "at": "2027-01-31T14:30", "with": canary}}))
	w.post("good", canary)
	var lines []ledger.Line
	err := w.store.View(func(tx *store.Tx) (err error) {
		lines, err = ledger.Lines(tx, 1, 100)
		return err
	})
	if err != nil || len(lines) <= sent {
		t.Errorf("%d lines of %d events, %v", len(lines), sent, err)
	}
	for _, l := range lines {
		if raw, err := json.Marshal(l); err != nil || strings.Contains(string(raw), "Canari") {
			t.Errorf("the ledger holds %s, %v", raw, err)
		}
	}
	if log := w.log.String(); strings.Contains(log, "Canari") || strings.Count(log, "an event was parked") != sent+1 {
		t.Errorf("the log:\n%s", log)
	}
}

func TestRepeatsAreAbsorbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.send(event("e", nil), event("e", nil), event("bad", map[string]any{"agent": "zoe"}))
	again := w.send(event("e", nil), event("bad", map[string]any{"agent": "zoe"}))
	if out.Results[0].State != Recorded || out.Results[1].State != Duplicate || again.Results[0].State != Duplicate || out.Results[0].ID != again.Results[0].ID {
		t.Errorf("%+v, then %+v", out, again)
	}
	if n := len(w.parked()); n != 1 {
		t.Errorf("%d parked, want 1", n)
	}
}

func TestNothingIsKeptOfABadSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{"rubbish", "[]", strings.Repeat("x", 9_000)} {
		if status, _ := w.post("bad", body); status != http.StatusUnauthorized {
			t.Errorf("status %d", status)
		}
	}
	if status, _ := w.post("good", strings.Repeat("x", 10_001)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: status %d", status)
	}
	if n := len(w.parked()); n != 0 {
		t.Errorf("%d parked", n)
	}
}

// What was parked is sealed, and taken in once what was wrong is mended.
func TestParkedEventsAreReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(event("e", map[string]any{"agent": "zoe", "note": "a very private note"}))
	p := w.parked()[0]
	err := w.store.View(func(tx *store.Tx) error {
		raw, _ := parked.Raw.Get(tx, p.ID)
		if strings.Contains(string(raw), "private") {
			t.Error("the parked body lies readable in the store")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	operator := bridge.Actor{Operator: true}
	var clash *desk.Clash
	if _, err := w.in.Replay(context.Background(), operator, p.ID); !errors.As(err, &clash) {
		t.Errorf("before it is mended: %v", err)
	}
	w.know("alice", "zoe")
	receipt, err := w.in.Replay(context.Background(), operator, p.ID)
	if err != nil || receipt.ID == "" || len(w.parked()) != 0 {
		t.Errorf("after: %+v, %v, %d still parked", receipt, err, len(w.parked()))
	}
	if got := w.send(event("e", map[string]any{"agent": "zoe"})).Results[0]; got.State != Duplicate {
		t.Errorf("the platform's own repeat: %+v", got)
	}
	var missing *desk.NotFound
	if _, err := w.in.Replay(context.Background(), operator, p.ID); !errors.As(err, &missing) {
		t.Errorf("twice: %v", err)
	}
}

// A body that is no event at all is kept too.
func TestRubbishIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, out := w.post("good", "<html>")
	if status != http.StatusAccepted || out.Results[0].State != Parked {
		t.Errorf("%d %+v", status, out)
	}
}

// What the store cannot keep is not acknowledged.
func TestAClosedStoreAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.Close()
	for i, body := range []string{"<html>", "[]"} {
		if i == 1 {
			raw, _ := json.Marshal([]map[string]any{event("e", nil)})
			body = string(raw)
		}
		if status, _ := w.post("good", body); status != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d", body, status)
		}
	}
	if status, _ := w.post("bad", fmt.Sprint()); status != http.StatusUnauthorized {
		t.Errorf("status %d", status)
	}
}
