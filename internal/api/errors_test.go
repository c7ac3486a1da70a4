package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/problem"
	"passerelle/internal/store"
	"passerelle/test/golden"
)

// errorCases are what people and programs get wrong. The values in them must
// not come back.
var errorCases = []struct {
	name        string
	who         bridge.PersonID
	route, body string
	more        []string
}{
	{"no such address", "alice", "GET /v1/nothing", "", nil},
	{"another method", "alice", "DELETE /v1/me", "", nil},
	{"not your right", "dora", "POST /v1/campaigns/bank/next", "", nil},
	{"no such campaign", "alice", "POST /v1/campaigns/spring/next", "", nil},
	{"an ended campaign", "alice", "POST /v1/campaigns/past/next", "", nil},
	{"nothing may be called yet", "alice", "POST /v1/campaigns/later/next", "", nil},
	{"no such lead", "sam", "GET /v1/leads/none", "", nil},
	{"a lead of another team", "olga", "GET /v1/leads/" + leadFor("1"), "", nil},
	{"a filter that is none", "sam", "GET /v1/leads?status=lost&limit=0&cursor=x", "", nil},
	{"a cursor of one's own", "sam", "GET /v1/leads?cursor=%21", "", nil},
	{"an outcome that is no JSON", "alice", "POST /v1/leads/" + leadFor("1") + "/outcomes", `{"technical": secret-value}`, nil},
	{"an empty outcome", "alice", "POST /v1/leads/" + leadFor("1") + "/outcomes", ``, nil},
	{"an outcome with everything wrong", "alice", "POST /v1/leads/" + leadFor("1") + "/outcomes",
		`{"technical": "secret-value", "note": 4, "fields": {"Margin": "secret-value", "account.margin": ["secret-value"]}, "next": {"kind": "appointment"}, "agent": "bob"}`, nil},
	{"an hour that does not exist", "alice", "POST /v1/leads/" + leadFor("1") + "/outcomes",
		`{"technical": "answered", "disposition": "appointment_set", "next": {"kind": "appointment", "at": "2027-03-28T02:30", "zone": "Europe/Paris"}}`, nil},
	{"a salesperson nobody knows", "alice", "POST /v1/leads/" + leadFor("1") + "/outcomes",
		`{"technical": "answered", "disposition": "appointment_set", "next": {"kind": "appointment", "at": "2027-03-29T10:30", "with": "ghost"}}`, nil},
	{"an unfinished call", "alice", "POST /v1/leads/" + leadFor("1") + "/outcomes", `{"technical": "answered", "disposition": "in_progress"}`, nil},
	{"a call of another's", "dora", "POST /v1/leads/" + leadFor("1") + "/outcomes", goodOutcome, nil},
	{"an appointment without a time", "alice", "POST /v1/leads/" + leadFor("1") + "/appointments", `{"with": "vera"}`, nil},
	{"an appointment in no zone", "sam", "POST /v1/leads/" + leadFor("1") + "/appointments", `{"at": "2027-03-29T10:30", "zone": "Mars/Phobos"}`, nil},
	{"an appointment with a stranger", "sam", "POST /v1/leads/" + leadFor("1") + "/appointments", `{"at": "2027-03-29T10:30", "with": "ghost"}`, nil},
	{"a key with spaces", "sam", "POST /v1/leads/" + leadFor("1") + "/status", `{"prospect_status": "customer", "motive": "x"}`, []string{keyHeader, "secret value"}},
	{"a status without a motive", "sam", "POST /v1/leads/" + leadFor("1") + "/status", `{"prospect_status": "customer", "motive": ""}`, nil},
	{"a caller corrects", "alice", "POST /v1/leads/" + leadFor("1") + "/status", `{"prospect_status": "customer", "motive": "x"}`, nil},
	{"a command that is no JSON", "sam", "POST /v1/leads/close", `{"motive": secret-value}`, nil},
	{"a command that is empty", "sam", "POST /v1/leads/close", ``, nil},
	{"a command with everything wrong", "sam", "POST /v1/leads/close", `{"motive": 4, "ids": "secret-value", "filter": {"status": "secret-value"}, "why": 1}`, nil},
	{"nothing chosen", "sam", "POST /v1/leads/close", `{"motive": "x"}`, nil},
	{"given to nobody", "sam", "POST /v1/leads/reassign", `{"from": "pool", "filter": {"campaign": "bank"}, "to": "ghost", "motive": "x"}`, nil},
	{"no such proposal", "sam", "POST /v1/proposals/none/validate", "", nil},
	{"no such write", "sam", "POST /v1/outbox/none/retry", "", nil},
	{"no such parked event", "sam", "POST /v1/parked-events/none/replay", "", nil},
	{"no such connection", "sam", "POST /v1/connections/none/resume", "", nil},
	{"a filter of nothing much", "sam", "POST /v1/leads/reassign", `{"from": "pool", "to": "alice", "motive": "x"}`, nil},
	{"a leaver nobody knows", "sam", "POST /v1/people/nobody/handover", `{"to": "pool", "motive": "x"}`, nil},
	{"not a number", "sam", "POST /v1/oppositions", `{"number": "secret-value", "motive": "x"}`, nil},
	{"lifted by a caller", "alice", "POST /v1/oppositions/lift", `{"number": "0612345678", "motive": "x"}`, nil},
	{"upkeep by a caller", "alice", "GET /v1/connections", "", nil},
	{"reports for a caller", "alice", "GET /v1/ledger", "", nil},
	{"the operator calls", operator, "POST /v1/campaigns/bank/next", "", nil},
	{"the operator records", operator, "POST /v1/leads/" + leadFor("1") + "/outcomes", goodOutcome, nil},
}

// TestErrorsForPeople holds every error to its golden text.
func TestErrorsForPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pull("later", bridge.Prospect{
		Ref:    bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: "7"},
		Fields: map[bridge.FieldName]bridge.Value{"prospect.phone": "+33612345699"},
	})
	var got handout
	w.ask("bob", "POST /v1/campaigns/later/next", "").want(200).into(&got)
	w.ask("bob", "POST /v1/leads/"+string(got.Lead.ID)+"/outcomes", `{"technical": "no_answer", "disposition": "no_answer"}`).want(202)
	var out bytes.Buffer
	for _, c := range errorCases {
		r := w.ask(c.who, c.route, c.body, c.more...)
		if r.status < 400 || r.header.Get("Content-Type") != problem.MediaType {
			t.Errorf("%s: %d %s", c.name, r.status, r.header.Get("Content-Type"))
		}
		var doc bytes.Buffer
		if err := json.Indent(&doc, r.body, "", "  "); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&out, "# %s\n%s\n%s\n\n", c.name, c.route, strings.TrimSpace(doc.String()))
	}
	if s := out.String() + w.log.String(); strings.Contains(s, "secret") || strings.Contains(s, "-token-") {
		t.Errorf("an error or the log holds a value or a token")
	}
	golden.File(t, "testdata/errors.golden", out.String())
}

// Nothing is served to nobody, over TCP and at the socket alike.
func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, pattern := range w.api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if path == documentPath {
			continue
		}
		for name, c := range map[string]struct {
			handler http.Handler
			header  string
		}{
			"none":                  {w.api.Routes(), ""},
			"unknown":               {w.api.Routes(), "Bearer " + strings.Repeat("x", 30)},
			"unknown at the socket": {w.api.Socket(), "Bearer " + strings.Repeat("x", 30)},
		} {
			r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			rec := httptest.NewRecorder()
			c.handler.ServeHTTP(rec, r)
			if rec.Code != 401 && rec.Code != 429 {
				t.Errorf("%s with token %s: %d", pattern, name, rec.Code)
			}
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token("alice"))
	rec := httptest.NewRecorder()
	w.api.Socket().ServeHTTP(rec, r)
	if !strings.Contains(rec.Body.String(), `"person":"alice"`) {
		t.Errorf("a token at the socket: %s", rec.Body)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.BodyLimit = 1000 })
	long := `{"motive": "` + strings.Repeat("x", 2000) + `"}`
	for _, path := range []string{"/v1/leads/close", "/v1/leads/" + leadFor("1") + "/outcomes"} {
		for _, announced := range []bool{true, false} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(long))
			r.Header.Set("Authorization", "Bearer "+token("sam"))
			if !announced {
				r.ContentLength = -1
			}
			rec := httptest.NewRecorder()
			w.api.Routes().ServeHTTP(rec, r)
			if rec.Code != 413 || rec.Header().Get("Content-Type") != problem.MediaType || !strings.Contains(rec.Body.String(), "1000 bytes") {
				t.Errorf("%s, announced %v: %d %s", path, announced, rec.Code, rec.Body)
			}
		}
	}
}

// What is not known is logged and not told.
func TestProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cause := errors.New("disk of " + canary)
	p := w.api.problem(t.Context(), fmt.Errorf("x: %w", cause))
	if p.Status != 500 || strings.Contains(p.Error(), canary) || !strings.Contains(w.log.String(), canary) {
		t.Errorf("%v; log %s", p, w.log)
	}
	next := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		err    error
		status int
	}{
		{fmt.Errorf("%w: %w", store.ErrNotKept, cause), 503},
		{fmt.Errorf("%w: %w", store.ErrBusy, cause), 503},
		{fmt.Errorf("compact: %w", &store.NoRoom{Dir: "data", Need: 2, Have: 1}), 507},
		{&desk.Closed{Next: next, Reason: bilingual.Text{"not on Sundays", "pas le dimanche"}}, 409},
		{fmt.Errorf("x: %w", &desk.Clash{Why: bilingual.Text{"no", "non"}}), 409},
	} {
		p := w.api.problem(t.Context(), c.err)
		if p.Status != c.status || strings.Contains(p.Error(), canary) {
			t.Errorf("%v: %v", c.err, p)
		}
		if c.status == 503 && p.GetHeaders().Get("Retry-After") != "1" {
			t.Errorf("%v: headers %v", c.err, p.GetHeaders())
		}
		if closed := (*desk.Closed)(nil); errors.As(c.err, &closed) && !p.NextLawful.Equal(next) {
			t.Errorf("next lawful moment %v", p.NextLawful)
		}
	}
}

// Whatever is refused is said in French to who asks for it.
func TestErrorsInFrench(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range errorCases {
		if c.name == "nothing may be called yet" { // it takes a campaign that has been worked
			continue
		}
		r := w.ask(c.who, c.route, c.body, append(slices.Clone(c.more), "Accept-Language", "fr")...)
		if r.status < 400 || r.header.Get("Content-Language") != "fr" {
			t.Errorf("%s: %d in %q: %s", c.name, r.status, r.header.Get("Content-Language"), r.body)
		}
	}
}
