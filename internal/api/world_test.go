package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/desk"
	"passerelle/internal/doctor"
	"passerelle/internal/governance"
	"passerelle/internal/identity"
	"passerelle/internal/intake"
	"passerelle/internal/policy"
	"passerelle/internal/relay"
	"passerelle/internal/schema"
	"passerelle/internal/secret"
	"passerelle/internal/store"
	"passerelle/schemas"
)

const (
	crm     = bridge.ConnectionName("crm.main")
	console = bridge.ConnectionName("phoning.console")
	dialler = bridge.ConnectionName("phoning.dialler")
)

// The policy of the tests. The director reads reports and nothing else, the
// steward policies.
const plateau = `
version: 1
roles:
  caller:
    title: Téléopérateur
    grants:
      - {on: prospect, scope: assigned, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment], propose: [prospect.lead_status]}
      - {on: account, scope: assigned, read: [class public]}
      - {on: activity, scope: own, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
      - {on: script, scope: campaign, actions: [read]}
    context: [customer, last_contact, attempts]
  supervisor:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, class commercial, class structural], write: [class commercial, prospect.lead_status]}
      - {on: activity, scope: campaign, actions: [create, read, write]}
      - {on: activity, scope: all, actions: [delete]}
      - {on: appointment, scope: campaign, actions: [propose, read, write]}
      - {on: campaign, scope: campaign, actions: [read, write]}
      - {on: report, scope: team, actions: [read]}
  director:
    grants:
      - {on: report, scope: all, actions: [read]}
  steward:
    grants:
      - {on: policy, scope: all, actions: [read]}
profiles:
  phoning.console: {caller: caller, supervisor: supervisor, director: director, steward: steward}
  phoning.dialler: {agent: caller}
`

// The prospects of the tests: each forbidden field of each holds a canary.
const canary = "canary-7f3a"

func prospect(id, phone string) bridge.Prospect {
	return bridge.Prospect{
		Ref: bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id},
		Fields: map[bridge.FieldName]bridge.Value{
			"prospect.name": bridge.Value("Société " + id), "prospect.phone": bridge.Value(phone), "prospect.city": "Lille",
			"prospect.status": "", "prospect.comment": "rappeler", "prospect.lead_status": "new-" + canary,
			"prospect.score": "77001", "prospect.segment": "segment-" + canary,
			"account.name": bridge.Value("SA " + id), "account.revenue": "88002", "account.margin": "99003",
			"account.priority": "priority-" + canary, "account.confidential_note": "note-" + canary,
			"account.status": "status-" + canary, "opportunity.amount": "66004",
		},
	}
}

// forbidden is what a caller must never meet.
var forbidden = []string{canary, "77001", "88002", "99003", "66004"}

func person(id bridge.PersonID, team string, profile bridge.Profile) bridge.Person {
	return bridge.Person{
		ID: id, Name: strings.ToUpper(string(id)), Team: team, Active: true, Zone: "Europe/Paris",
		CRM:     map[bridge.ConnectionName]string{crm: "u-" + string(id)},
		Phoning: map[bridge.ConnectionName]bridge.Login{console: {Name: string(id), Profile: profile}},
	}
}

var staff = []bridge.Person{
	person("alice", "floor", "caller"), person("bob", "floor", "caller"),
	person("sam", "floor", "supervisor"), person("sue", "floor", "supervisor"),
	person("olga", "other", "supervisor"), person("dora", "", "director"), person("stan", "", "steward"), person("vera", "", ""),
	{
		ID: "hook", Team: "floor", Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{dialler: {Name: "hook", Profile: "agent"}},
	},
}

func token(who bridge.PersonID) string { return string(who) + "-token-0123456789" }

// world is a hub's inside with the API in front.
type world struct {
	t      testing.TB
	api    *API
	desk   *desk.Desk
	store  *store.Store
	intake *intake.Intake
	log    *bytes.Buffer
	crm    *fakeCRM
	// breaker is the CRM's, as it is listed.
	breaker *httpx.Breaker
	answer  string // all bodies that were answered
	checks  []func(*http.Request, *http.Response, []byte)

	mu  sync.Mutex
	now time.Time
}

// fakeCRM is a CRM connection whose check can be made to fail.
type fakeCRM struct{ broken error }

func (c *fakeCRM) Check(context.Context) error { return c.broken }
func (c *fakeCRM) Close() error                { return nil }

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

var campaigns = map[bridge.CampaignID]bridge.Campaign{
	"bank":  {ID: "bank", Name: "Bank", CRM: crm, Team: "floor", Principal: "acme", Rules: "always", Script: "Bonjour"},
	"past":  {ID: "past", Name: "Past", CRM: crm, Team: "floor", Rules: "always", Ends: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	"away":  {ID: "away", Name: "Away", CRM: crm, Team: "other", Rules: "always"},
	"later": {ID: "later", Name: "Later", CRM: crm, Team: "floor", Rules: "always"},
	"idle":  {ID: "idle", Name: "Idle", CRM: crm, Team: "floor", Rules: "always"},
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{breaker: httpx.NewBreaker(3, time.Second), t: t, log: &bytes.Buffer{}, crm: &fakeCRM{}, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	var err error
	if w.store, err = store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	log := slog.New(slog.NewTextHandler(w.log, nil))
	key, err := secret.ParseKey(secret.New(strings.Repeat("0a", 32)))
	if err != nil {
		t.Fatal(err)
	}
	var tokens []identity.Token
	for _, p := range staff {
		for c := range p.Phoning {
			tokens = append(tokens, identity.Token{Person: p.ID, Connection: c, Secret: secret.New(token(p.ID))})
		}
	}
	dir, err := identity.NewDirectory(staff, tokens)
	if err != nil {
		t.Fatal(err)
	}
	people := identity.NewPeople(dir)
	w.openDesk(key, log, people)
	set := schema.Must(schemas.FS)
	w.intake = intake.New(intake.Options{
		Desk: w.desk, People: people, Store: w.store, Seal: key, Schemas: set, BodyLimit: 1 << 16, Now: w.clock, Log: log,
		Lines: []intake.Line{{Name: dialler, Hook: plainHook{}}},
	})
	serviceTokens := identity.NewTokens(identity.TokenOptions{
		Store: w.store, People: people, Policy: func() *policy.Policy { return w.desk.Rules().Policy }, Now: w.clock,
		Note: func(*store.Tx, bridge.Actor, string, bridge.PersonID, string) error { return nil },
	})
	opts := Options{
		Tokens: serviceTokens,
		Store:  w.store, Desk: w.desk, Intake: w.intake, Schemas: set, Version: "test", Now: w.clock, Log: log,
		Guard: identity.NewGuard(identity.Options{People: people, Tokens: serviceTokens, Log: log, Now: w.clock, Rate: 1e6, Burst: 1e6, Route: Route, Shut: shutBy(w)}),
		Relay: relay.New(relay.Options{
			Store: w.store, Desk: w.desk, Now: w.clock, Log: log, Local: "hub",
			Lines: []relay.Line{{Name: crm, Conn: w.crm, Breaker: httpx.NewBreaker(3, time.Second)}},
		}),
		Office: governance.New(governance.Options{
			Store: w.store, Desk: w.desk, People: func() []bridge.Person { return nil }, Now: w.clock, Log: log,
		}),
		Rights: func(context.Context) ([]policy.KeyUse, error) {
			return []policy.KeyUse{{Connection: "crm.main", CouldWrite: 214, Writes: 9}}, nil
		},
		Examine: func(ctx context.Context, name bridge.ConnectionName, lang string) (doctor.Report, bool, error) {
			r, err := doctor.Examine(ctx, doctor.Patient{Name: name, Kind: connector.CRM, Conn: w.crm, Now: w.clock, Lang: lang})
			return r, name == crm, err
		},
		Probe: func(ctx context.Context, name bridge.ConnectionName, record string, _ bridge.PersonID, _ bool, lang string) (doctor.ProbeReport, error) {
			p := doctor.Patient{Name: name, Kind: connector.CRM, Conn: w.crm, Now: w.clock, Zone: time.UTC, Lang: lang}
			return doctor.Probe(ctx, p, doctor.Round{Record: record}), nil
		},
		StopProbe: func(bridge.ConnectionName) bool { return false },
		Connections: func() []relay.Connection {
			return []relay.Connection{
				{Name: crm, Kind: connector.CRM, Type: "sheet", Breaker: w.breaker},
				{Name: dialler, Kind: connector.Phoning, Type: "webhook"},
			}
		},
	}
	for _, c := range change {
		c(&opts)
	}
	if w.api, err = New(opts); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) openDesk(key secret.Key, log *slog.Logger, people *identity.People) {
	w.t.Helper()
	p, err := policy.Load("policy.yaml", []byte(plateau), bridge.Standard())
	if err != nil {
		w.t.Fatal(err)
	}
	mapped := map[bridge.FieldName]bool{}
	for _, n := range bridge.Standard().Names() {
		mapped[n] = true
	}
	w.desk, err = desk.New(w.t.Context(), desk.Options{
		Store: w.store, Seal: key, Log: log, Now: w.clock,
		Rules: &desk.Rules{
			Policy: p, Catalog: bridge.Standard(), Campaigns: campaigns, Person: people.Directory().Person,
			Mapped: map[bridge.ConnectionName]map[bridge.FieldName]bool{crm: mapped},
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pull("bank", prospect("1", "+33612345678"), prospect("2", "+33612345679"), prospect("3", "+33612345680"))
}

// pull takes prospects into a campaign, as its CRM shows them now.
func (w *world) pull(c bridge.CampaignID, ps ...bridge.Prospect) {
	w.t.Helper()
	for i := range ps {
		ps[i].ReadAt = w.clock()
	}
	if err := w.desk.TakeIn(w.t.Context(), c, connector.Page{Prospects: ps}, bridge.Standard().Names()); err != nil {
		w.t.Fatal(err)
	}
}

func leadFor(id string) string {
	return string(desk.LeadOf("bank", bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id}))
}

// plainHook takes call_outcome.v1 as it stands, and no other body.
type plainHook struct{}

func (plainHook) Verify(http.Header, []byte, time.Time) error { return nil }

func (plainHook) Decode(_ http.Header, body []byte) ([]connector.Event, error) {
	if !json.Valid(body) {
		return nil, errors.New("the body is not JSON")
	}
	return []connector.Event{{Schema: "call_outcome.v1", Body: body}}, nil
}

// answer is what came back.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// into decodes the body.
func (r reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
}

// want checks the status.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d; want %d: %s", r.status, status, r.body)
	}
	return r
}

// operator asks at the socket without a token.
const operator = bridge.PersonID("")

// ask sends a request as somebody; body is JSON, "" for none. More are header
// names and values in turn.
func (w *world) ask(who bridge.PersonID, route, body string, more ...string) reply {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	handler := http.Handler(w.api.Routes())
	if who == operator {
		handler = w.api.Socket()
	} else {
		r.Header.Set("Authorization", "Bearer "+token(who))
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	res := rec.Result()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.answer += string(raw)
	r.Body = io.NopCloser(strings.NewReader(body))
	for _, check := range w.checks {
		check(r, res, raw)
	}
	return reply{w.t, res.StatusCode, res.Header, raw}
}

// webhook posts an event of the dialler's.
func (w *world) webhook(body string) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.intake.Serve(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/hooks/phoning.dialler", strings.NewReader(body)), dialler)
	if rec.Code != http.StatusAccepted {
		w.t.Fatalf("webhook: %d %s", rec.Code, rec.Body)
	}
}
