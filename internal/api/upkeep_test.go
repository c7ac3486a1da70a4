package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/doctor"
	"passerelle/internal/fault"
	"passerelle/internal/governance"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/relay"
	"passerelle/internal/store"
)

// onTheRoad gives the world a running relay, whose writer is the test.
func onTheRoad(w *world) *relay.Relay {
	w.t.Helper()
	server, err := embedded.Start(w.t.TempDir())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(server.Stop)
	log := slog.New(slog.DiscardHandler)
	conn, err := bus.Connect(bus.Options{Embedded: server, Name: "test", Log: log})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(conn.Close)
	r := relay.New(relay.Options{
		Store: w.store, Desk: w.desk, Road: conn.Road("test"), Now: w.clock, Log: log, Local: "hub",
		Lines: []relay.Line{{
			Name: crm, Conn: w.crm, Bucket: httpx.NewBucket(0, 0), Breaker: httpx.NewBreaker(100, time.Second),
			Descriptor: connector.Descriptor{Batch: 10, Idempotency: connector.Native, Confirmation: connector.ByAnswer},
		}},
	})
	if err := r.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(r.Stop)
	w.api.opts.Relay = r
	return r
}

// settle is a writer's work on one entry: it claims it, waiting until relay has
// published it, and reports what the CRM made of it.
func (w *world) settle(r *relay.Relay, id string, result outbox.Result) {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		grant, err := r.Claim(w.t.Context(), outbox.Ask{Connection: crm, Writer: "hub", Entries: []string{id}})
		if err != nil {
			w.t.Fatal(err)
		}
		if grant.Items[0].Verdict != outbox.Go {
			r.Wake(crm)
			continue
		}
		result.Entry, result.Begun = id, true
		if err := r.Report(w.t.Context(), outbox.Report{Connection: crm, Fence: grant.Fence, Results: []outbox.Result{result}}); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Fatalf("entry %s was not published", id)
}

// outboxOf lists the outbox as somebody sees it.
func (w *world) outboxOf(who bridge.PersonID, query string) list[write] {
	w.t.Helper()
	var got list[write]
	w.ask(who, "GET /v1/outbox?"+query, "").want(200).into(&got)
	return got
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	r := onTheRoad(w)
	lead := take(w, "alice")
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome).want(202)
	all := w.outboxOf("sam", "")
	if len(all.Items) != 2 || all.Items[0].Kind != bridge.WriteActivity || all.Items[1].Kind != bridge.WriteFields {
		t.Fatalf("outbox %+v", all)
	}
	call, fields := all.Items[0].ID, all.Items[1].ID
	if page := w.outboxOf("sam", "limit=1"); len(page.Items) != 1 || page.Next != call {
		t.Errorf("first page %+v", page)
	}
	if page := w.outboxOf("sam", "limit=1&cursor="+call); len(page.Items) != 1 || page.Items[0].ID != fields || page.Next != "" {
		t.Errorf("second page %+v", page)
	}
	if len(w.outboxOf("olga", "").Items) != 0 || len(w.outboxOf("alice", "").Items) != 0 {
		t.Error("writes of others' leads are listed")
	}

	w.settle(r, call, outbox.Result{State: connector.Failed, Kind: fault.Rejected, Reason: "unknown activity type"})
	w.settle(r, fields, outbox.Result{State: connector.Stored, Conflict: []connector.Conflict{{Field: "prospect.comment", Found: "vu au salon"}}})
	if parked := w.outboxOf("sam", "state=parked&connection=crm.main"); len(parked.Items) != 1 || parked.Items[0].Reason != "unknown activity type" {
		t.Errorf("parked %+v", parked)
	}
	var conflicts list[write]
	w.ask("sam", "GET /v1/conflicts", "").want(200).into(&conflicts)
	if len(conflicts.Items) != 1 || conflicts.Items[0].Fields[0].Found != "vu au salon" || !conflicts.Items[0].Fields[0].Conflict {
		t.Errorf("conflicts %+v", conflicts)
	}
	var blind write // the operator keeps the machine running, and reads no field
	w.ask(operator, "GET /v1/outbox/"+fields, "").want(200).into(&blind)
	for _, f := range blind.Fields {
		if f.Value != "" || f.Expected != "" || f.Found != "" {
			t.Errorf("the operator reads %+v", f)
		}
	}
	for _, c := range []struct {
		who         bridge.PersonID
		route, body string
		status      int
		state       outbox.State
	}{
		{"olga", "GET /v1/outbox/" + call, "", 403, ""},
		{"alice", "GET /v1/outbox/" + call, "", 403, ""},
		{"sam", "GET /v1/outbox/none", "", 404, ""},
		{"olga", "POST /v1/conflicts/" + fields + "/resolve", `{"keep": "ours"}`, 403, ""},
		{"sam", "POST /v1/conflicts/" + fields + "/resolve", `{"keep": "both"}`, 422, ""},
		{"sam", "POST /v1/conflicts/" + call + "/resolve", `{"keep": "crm"}`, 409, ""},
		{"sam", "POST /v1/conflicts/" + fields + "/resolve", `{"keep": "crm"}`, 200, outbox.Discarded},
		{"sam", "POST /v1/outbox/" + fields + "/retry", "", 409, ""},
		{"alice", "POST /v1/outbox/" + call + "/retry", "", 403, ""},
		{operator, "POST /v1/outbox/" + call + "/retry", "", 200, outbox.Pending},
	} {
		got := w.ask(c.who, c.route, c.body).want(c.status)
		var state writeState
		if got.into(&state); c.status == 200 && state.State != c.state {
			t.Errorf("%s %s: %s; want %s", c.who, c.route, state.State, c.state)
		}
	}
	w.settle(r, call, outbox.Result{State: connector.Failed, Kind: fault.Rejected, Reason: "no"})
	w.ask("sam", "POST /v1/outbox/"+call+"/discard", `{"motive": ""}`).want(422)
	w.ask("sam", "POST /v1/outbox/"+call+"/discard", `{"motive": "saisi à la main"}`).want(200)
	w.ask("sam", "POST /v1/outbox/"+call+"/discard", `{"motive": "saisi à la main"}`).want(409)

	w.ask("alice", "POST /v1/outbox/rebuild", "").want(403)
	w.ask(operator, "POST /v1/outbox/rebuild", "").want(204)
}

// A call on a prospect that the bridge has not read yet.
const earlyCall = `{"event_id": "e1", "occurred_at": "2026-11-23T08:00:00Z", "connection": "phoning.dialler", "campaign": "bank",
	"prospect_id": "9", "agent": "hook", "technical": "no_answer", "disposition": "no_answer"}`

func TestParkedEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	for _, body := range []string{"{not JSON " + canary, earlyCall} {
		w.webhook(body)
	}
	var got list[parkedEvent]
	w.ask("sam", "GET /v1/parked-events?limit=1", "").want(200).into(&got)
	first := got.Items
	got = list[parkedEvent]{}
	w.ask(operator, "GET /v1/parked-events", "").want(200).into(&got)
	if len(first) != 1 || len(got.Items) != 2 || got.Next != "" {
		t.Fatalf("parked %+v, then %+v", first, got)
	}
	broken, early := got.Items[0], got.Items[1]
	if broken.Schema != "" {
		broken, early = early, broken
	}
	if broken.Reason != "the body is not JSON" || early.EventID != "e1" {
		t.Errorf("parked %+v and %+v", broken, early)
	}
	w.ask("alice", "GET /v1/parked-events", "").want(403)
	w.ask("alice", "POST /v1/parked-events/"+early.ID+"/replay", "").want(403)
	w.ask("sam", "POST /v1/parked-events/"+broken.ID+"/replay", "").want(409)
	w.ask("sam", "POST /v1/parked-events/none/replay", "").want(404)
	w.ask("sam", "POST /v1/parked-events/"+early.ID+"/replay", "").want(409)
	w.pull("bank", prospect("9", "+33612345689"))
	var r receipt
	w.ask(operator, "POST /v1/parked-events/"+early.ID+"/replay", "").want(200).into(&r)
	if string(r.Lead) != leadFor("9") {
		t.Errorf("replayed %+v", r)
	}
	w.ask(operator, "POST /v1/parked-events/"+early.ID+"/replay", "").want(404)
	if strings.Contains(w.answer, canary) {
		t.Error("a parked body is answered")
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	lead := take(w, "alice")
	var before ledger.Checkpoint
	w.ask(operator, "GET /v1/ledger/checkpoint", "").want(200).into(&before)
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome).want(202)
	var page lines
	w.ask("dora", "GET /v1/ledger?limit=1", "").want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Kind != "next" || page.Next != 2 {
		t.Errorf("first page %+v", page)
	}
	page = lines{}
	w.ask("dora", "GET /v1/ledger?from=2", "").want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Kind != "outcome" || page.Next != 0 {
		t.Errorf("second page %+v", page)
	}
	w.ask("alice", "GET /v1/ledger", "").want(403)
	w.ask("alice", "GET /v1/ledger/checkpoint", "").want(403)
	w.ask("alice", "POST /v1/ledger/verify", "").want(403)
	w.ask("sam", "GET /v1/ledger", "").want(403) // reads reports of one team
	w.ask("dora", "GET /v1/ledger?from=-1", "").want(422)
	for _, c := range []struct {
		body string
		want verification
	}{
		{"", verification{OK: true, Lines: 2}},
		{`{"n": 1, "hash": "` + before.Hash + `"}`, verification{OK: true, Lines: 2}},
		{`{"n": 1, "hash": "beef"}`, verification{Lines: 1, Line: 1, Why: "is not the line that the checkpoint knew"}},
		{`{"n": 9, "hash": "beef", "at": "2026-11-23T09:00:00Z"}`, verification{Lines: 2, Line: 3, Why: "missing: the checkpoint of 2026-11-23T09:00:00Z knew 9 lines"}},
	} {
		var got verification
		w.ask("dora", "POST /v1/ledger/verify", c.body).want(200).into(&got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.body, diff)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	rules := w.desk.Rules().Policy
	if _, err := governance.Seed(t.Context(), w.store, rules.Text(), rules.Hash(), w.clock()); err != nil {
		t.Fatal(err)
	}
	var got policyText
	w.ask("dora", "GET /v1/policy", "").want(200).into(&got)
	if got.Hash != rules.Hash() || got.Text != plateau || len(got.Register) != 1 || got.Register[0].Author != "bootstrap" {
		t.Errorf("policy %+v", got)
	}
	w.ask("alice", "GET /v1/policy", "").want(403)

	question := func(as, what, more string) string {
		return `{"as": "` + as + `", "connection": "phoning.console", "action": "read", ` + what + more + `}`
	}
	const margin, phone = `"field": "account.margin"`, `"field": "prospect.phone"`
	for _, c := range []struct {
		name    string
		who     bridge.PersonID
		body    string
		status  int
		allowed bool
		says    string
	}{
		{"oneself", "alice", question("alice", margin, ""), 200, false, "No grant lets role caller read account.margin."},
		{"oneself, in French", "alice", question("alice", margin, `, "lang": "fr"`), 200, false, "Aucun droit"},
		{"oneself, allowed", "alice", question("alice", phone, ""), 200, true, "Granted by"},
		{"a lead that is not theirs", "alice", question("alice", phone, `, "lead": "`+leadFor("2")+`"`), 200, false, "only of records assigned to them"},
		{"an object", "alice", question("alice", `"object": "report"`, ""), 200, false, "No grant"},
		{"about others", "alice", question("sam", phone, ""), 403, false, ""},
		{"about one's team", "sam", question("alice", phone, ""), 200, true, "Granted by"},
		{"about another team", "sam", question("olga", phone, ""), 403, false, ""},
		{"about anybody", "dora", question("olga", phone, ""), 200, true, "Granted by"},
		{"the operator", operator, question("olga", phone, ""), 200, true, "Granted by"},
		{"nobody", "dora", question("ghost", phone, ""), 404, false, ""},
		{"no such lead", "dora", question("alice", phone, `, "lead": "none"`), 404, false, ""},
		{"neither field nor object", "dora", `{"as": "alice", "connection": "phoning.console", "action": "read"}`, 422, false, ""},
		{"both", "dora", question("alice", phone, `, "object": "account"`), 422, false, ""},
		{"no action", "dora", `{"as": "alice", "connection": "phoning.console", "action": "steal", "object": "account"}`, 422, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got explanation
			if w.ask(c.who, "POST /v1/policy/explain", c.body).want(c.status).into(&got); c.status != 200 {
				return
			}
			if got.Allowed != c.allowed || !strings.Contains(got.Text, c.says) || got.Policy != rules.Hash() {
				t.Errorf("%+v", got)
			}
		})
	}
	if strings.Contains(w.answer, "99003") || strings.Contains(w.answer, "336") {
		t.Error("an explanation holds a value")
	}
}

// A store that is gone keeps nothing and says so.
func TestStoreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	lead := take(w, "alice")
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{"POST " + lead + "/outcomes", "POST /v1/oppositions"} {
		body := goodOutcome
		if !strings.HasSuffix(route, "outcomes") {
			body = `{"number": "0612345678", "motive": "x"}`
		}
		r := w.ask("alice", route, body).want(503)
		if r.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
		}
	}
	if !errors.Is(w.store.Commit(t.Context(), func(*store.Tx) error { return nil }), store.ErrClosed) {
		t.Error("the store is open")
	}
}

// The examination of a connection is for those who look after it.
func TestExamination(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.broken = errors.New("no such key")
	var got doctor.Report
	w.ask("sam", "GET /v1/connections/crm.main/examination?lang=fr", "").want(200).into(&got)
	if len(got.Findings) == 0 || got.Findings[0].Text != "sa vérification échoue : no such key" {
		t.Errorf("%+v", got)
	}
	w.ask("sam", "GET /v1/connections/crm.other/examination", "").want(404)
	w.ask("alice", "GET /v1/connections/crm.main/examination", "").want(403)
}

// What tells of everybody's doings is for who may read reports on everybody;
// what weighs a policy by them, for who may read policies.
func TestWhoSeesWhatEverybodyDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Office = governance.New(governance.Options{
			Store: o.Store, Desk: o.Desk, Now: o.Now,
		})
	})
	rules := w.desk.Rules().Policy
	if _, err := governance.Seed(t.Context(), w.store, rules.Text(), rules.Hash(), w.clock()); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"text": plateau, "since": w.clock()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		route, body                                     string
		caller, supervisor, director, steward, operator int
	}{
		{"GET /v1/ledger", "", 403, 403, 200, 403, 200},
		{"GET /v1/ledger/checkpoint", "", 403, 403, 200, 403, 200},
		{"POST /v1/ledger/verify", "", 403, 403, 200, 403, 200},
		{"GET /v1/policy", "", 403, 403, 200, 200, 200},
		{"GET /v1/policy/versions/active", "", 403, 403, 200, 200, 200},
		{"GET /v1/policy/drafts", "", 403, 403, 200, 200, 200},
		{"GET /v1/policy/diff", "", 403, 403, 200, 200, 200},
		{"GET /v1/policy/rights", "", 403, 403, 200, 200, 200},
		{"GET /v1/policy/shadow", "", 403, 403, 403, 404, 404}, // none runs
		{"POST /v1/policy/simulate", string(body), 403, 403, 403, 200, 200},
		{"POST /v1/policy/suggest", string(body), 403, 403, 403, 200, 200},
	} {
		w.ask("alice", c.route, c.body).want(c.caller)
		w.ask("sam", c.route, c.body).want(c.supervisor)
		w.ask("dora", c.route, c.body).want(c.director)
		w.ask("stan", c.route, c.body).want(c.steward)
		w.ask(operator, c.route, c.body).want(c.operator)
	}
}

// A probe writes what nobody has validated: it is the operator's alone.
func TestProbeIsTheOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const route, body = "POST /v1/connections/crm.main/probe", `{"record": "1"}`
	w.ask("sam", route, body).want(403)
	w.ask("sam", route+"/stop", "").want(403)
	w.ask(operator, route+"/stop", "").want(404)
	w.ask(operator, "POST /v1/connections/phoning.dialler/probe", body).want(404)
	w.ask(operator, route, `{"record": ""}`).want(422)
	var got doctor.ProbeReport
	w.ask(operator, route, body).want(200).into(&got)
	if got.Record != "1" || len(got.Steps) == 0 || got.OK() { // this CRM takes nothing away again
		t.Errorf("%+v", got)
	}
	var page lines
	w.ask("dora", "GET /v1/ledger", "").want(200).into(&page)
	if len(page.Items) != 1 || page.Items[0].Kind != "probe" || page.Items[0].Who != "operator" {
		t.Errorf("the ledger says %+v", page.Items)
	}
}
