package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// rule lets the world decide by the plateau's policy and what is added to it.
func (w *world) rule(added string) { w.t.Helper(); w.follow(plateau + added) }

func (w *world) follow(text string) {
	w.t.Helper()
	before := w.desk.Rules()
	rules := *before
	p, err := policy.Load("policy.yaml", []byte(text), bridge.Standard())
	if err != nil {
		w.t.Fatal(err)
	}
	rules.Policy = p
	if !w.desk.Swap(before, &rules) {
		w.t.Fatal("somebody else changed the rules")
	}
}

// The tests' clients ask from 192.0.2.1.
const officeHours = `
window:
  zone: Europe/Paris
  networks: [192.0.2.0/24, 127.0.0.1/32]
  hours:
    mon-fri: [08:00-20:00]
  exceptions:
    - {person: bob, until: 2026-11-30, motive: night shift, hours: {mon-sun: ["00:00-24:00"]}}
`

func TestOutsideTheAccessWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := take(w, "alice")
	w.rule(officeHours)
	w.ask("alice", "GET /v1/me", "").want(200)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := w.clock().In(paris)
	evening := time.Date(now.Year(), now.Month(), now.Day(), 21, 0, 0, 0, paris)
	w.pass(evening.Sub(now))
	opens := evening.Add(11 * time.Hour)
	for opens.Weekday() == time.Saturday || opens.Weekday() == time.Sunday {
		opens = opens.Add(24 * time.Hour)
	}
	var p struct {
		Detail    string
		NotBefore time.Time `json:"not_before"`
	}
	for _, route := range []string{"GET /v1/me", "POST /v1/campaigns/bank/next", "GET /v1/leads/" + leadFor("1")} {
		w.ask("alice", route, "").want(403).into(&p)
		if !strings.Contains(p.Detail, "role caller (mon-fri 08:00-20:00, Europe/Paris)") || !p.NotBefore.Equal(opens) {
			t.Errorf("%s: %s, not before %s, want %s", route, p.Detail, p.NotBefore, opens)
		}
	}
	w.ask("alice", "POST "+lead+"/appointments", `{}`).want(403)
	w.ask("bob", "GET /v1/me", "").want(200)
	w.ask(operator, "GET /v1/ledger", "").want(200)

	var r receipt
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome).want(202).into(&r)
	if len(r.Flags) != 1 || r.Flags[0] != "reported_outside_the_access_window" {
		t.Errorf("a call that was made: flags %v", r.Flags)
	}
	var e explanation
	w.ask("bob", "POST /v1/policy/explain", `{"as": "bob", "connection": "phoning.console", "action": "read", "field": "prospect.phone"}`).want(200).into(&e)
	if !e.Allowed {
		t.Errorf("bob by his exception: %s", e.Text)
	}
	w.ask(operator, "POST /v1/policy/explain", `{"as": "alice", "connection": "phoning.console", "action": "read", "field": "prospect.phone"}`).want(200).into(&e)
	if e.Allowed || e.Cause != policy.CauseWindow || !strings.Contains(e.Rule, "policy.yaml") || !strings.Contains(e.Remedy, "person: alice") {
		t.Errorf("%+v", e)
	}
	w.ask(operator, "POST /v1/policy/explain", `{"as": "alice", "connection": "phoning.console", "action": "read", "field": "prospect.phone", "at": "2026-11-23T10:00:00+01:00"}`).want(200).into(&e)
	if !e.Allowed {
		t.Errorf("on Monday at ten: %s", e.Text)
	}
	w.ask(operator, "POST /v1/policy/explain", `{"as": "alice", "connection": "phoning.console", "action": "read", "field": "prospect.phone", "at": "2026-11-23T10:00:00+01:00", "from": "203.0.113.7"}`).want(200).into(&e)
	if e.Allowed || !strings.Contains(e.Text, "not let in from this network") || !strings.Contains(e.Remedy, `networks: ["203.0.113.7/32"]`) {
		t.Errorf("from elsewhere: %+v", e)
	}
	w.ask(operator, "POST /v1/policy/explain", `{"as": "alice", "connection": "phoning.console", "action": "read", "field": "prospect.phone", "from": "home"}`).want(422)
}

// Whoever asks at the hub's own socket asks from the machine, whatever they say.
func TestTheSocketIsTheMachineItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bearer := func(h http.Header) { h.Set("Authorization", "Bearer "+token("sam")) }
	for networks, want := range map[string]int{"10.0.0.0/8": 403, "127.0.0.1/32": 200} {
		w.rule("window: {networks: [" + networks + "]}\n")
		if got := w.atSocket(bearer, func(h http.Header) { h.Set("X-Forwarded-For", "10.1.2.3") }); got != want {
			t.Errorf("%s: %d, want %d", networks, got, want)
		}
	}
}

// atSocket asks who one is at the hub's socket.
func (w *world) atSocket(change ...func(http.Header)) int {
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/v1/me", nil)
	r.RemoteAddr = "@"
	for _, c := range change {
		c(r.Header)
	}
	rec := httptest.NewRecorder()
	w.api.Socket().ServeHTTP(rec, r)
	return rec.Code
}

func shutBy(w *world) func(bridge.Actor, netip.Addr) *policy.Shut {
	return func(a bridge.Actor, from netip.Addr) *policy.Shut {
		return w.desk.Rules().Policy.Shuts(policy.SubjectOf(a), policy.Visit{At: w.clock(), From: from})
	}
}

func TestAnHourlyLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule("limits: [{role: supervisor, command: reassign, per_hour: 2}]\n")
	move := func(ids ...string) reply {
		return w.ask("sam", "POST /v1/leads/reassign", `{"ids": ["`+strings.Join(ids, `", "`)+`"], "to": "bob", "motive": "holiday"}`)
	}
	var p struct {
		Detail    string
		NotBefore time.Time `json:"not_before"`
	}
	move(leadFor("1"), leadFor("2"), leadFor("3")).want(429).into(&p)
	if !strings.Contains(p.Detail, "do it in parts") || !p.NotBefore.IsZero() {
		t.Errorf("%+v", p)
	}
	move(leadFor("1"), leadFor("2")).want(200)
	move(leadFor("3")).want(429).into(&p)
	if !strings.Contains(p.Detail, "you have 0 left") || !p.NotBefore.After(w.clock().Add(59*time.Minute)) {
		t.Errorf("%+v", p)
	}
	w.pass(p.NotBefore.Sub(w.clock()))
	move(leadFor("3")).want(200)
}

// A card says what a policy derives of fields that its reader may not read: they
// are asked of the CRM for that, and shown nowhere.
func TestADerivedFieldOnTheCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	derived := strings.Replace(plateau, "context: [customer,", "context: [big, rich, customer,", 1) + `
context:
  big: {type: bool, en: Big, fr: Gros, expr: account.revenue > 50000}
  rich: {type: bool, en: Rich, fr: Riche, expr: account.margin / account.headcount > 1}
`
	w.follow(derived)
	if needed := w.desk.Rules().Policy.NeededOf(policy.Path{Connection: console, Profile: "caller"}); !slices.Contains(needed, "account.revenue") || slices.Contains(needed, "account.priority") {
		t.Errorf("asked of the CRM: %v", needed)
	}
	w.pull("bank", prospect("1", "+33612345678"), prospect("2", "+33612345679"), prospect("3", "+33612345680"))
	var got struct {
		Card    map[string]string
		Context map[string]string
	}
	raw := w.ask("alice", "POST /v1/campaigns/bank/next", "").want(200)
	raw.into(&got)
	if got.Context["big"] != "yes" || got.Context["rich"] != "" || got.Card["account.revenue"] != "" {
		t.Errorf("%s", raw.body)
	}
	for _, leak := range forbidden {
		if strings.Contains(string(raw.body), leak) {
			t.Errorf("%q is on the card: %s", leak, raw.body)
		}
	}
	var e explanation
	w.ask("alice", "POST /v1/policy/explain", `{"as": "alice", "connection": "phoning.console", "action": "read", "field": "context.big"}`).want(200).into(&e)
	if !e.Allowed || !strings.Contains(e.Text, "Derived from account.revenue.") || strings.Contains(e.Text, "88002") {
		t.Errorf("%+v", e)
	}
}

func TestStatisticsByDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	text := strings.Replace(plateau, "  caller:\n", "  caller:\n    statistics: own\n", 1)
	w.follow(strings.Replace(text, "  supervisor:\n", "  supervisor:\n    statistics: team\n", 1))
	w.ask("alice", "POST "+take(w, "alice")+"/outcomes", goodOutcome).want(202)
	w.ask("bob", "POST "+take(w, "bob")+"/outcomes", `{"technical": "no_answer", "disposition": "no_answer", "occurred_at": "`+w.clock().Format(time.RFC3339)+`"}`).want(202)
	day := w.clock().Format(time.DateOnly)
	var got statistics
	for who, want := range map[bridge.PersonID]string{"alice": "alice 1 1", "sam": "alice 1 1, bob 1 0", "olga": ""} {
		w.ask(who, "GET /v1/statistics?from="+day+"&to="+day, "").want(200).into(&got)
		var said []string
		for _, c := range got.Items {
			said = append(said, fmt.Sprint(c.Person, " ", c.Calls, " ", c.Contacts))
		}
		if s := strings.Join(said, ", "); s != want || got.Zone != "Europe/Paris" {
			t.Errorf("%s sees %q of %s, want %q", who, s, got.Visible, want)
		}
	}
	w.ask("sam", "GET /v1/statistics?from="+day+"&to="+day+"&campaign=past", "").want(200).into(&got)
	if len(got.Items) != 0 {
		t.Errorf("another campaign: %+v", got)
	}
	w.ask("dora", "GET /v1/statistics?from="+day+"&to="+day, "").want(403)
	w.ask(operator, "GET /v1/statistics?from="+day+"&to="+day, "").want(403)
	w.ask("sam", "GET /v1/statistics?from="+day+"&to=2020-01-01", "").want(422)
	w.ask("sam", "GET /v1/statistics", "").want(422)
}
