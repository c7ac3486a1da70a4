package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

const goodOutcome = `{"technical": "answered", "disposition": "callback_requested", "talk_s": 61, "note": "rappelle demain",
	"fields": {"prospect.comment": "intéressé", "account.margin": 12, "prospect.lead_status": "hot"}}`

// A caller's day, every answer checked against the document.
func TestCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()

	var who me
	w.ask("alice", "GET /v1/me", "").want(200).into(&who)
	if who.Role != "caller" || who.RoleTitle != "Téléopérateur" || who.Connection != console || who.Policy == "" || who.Operator {
		t.Errorf("me: %+v", who)
	}
	var got handout
	r := w.ask("alice", "POST /v1/campaigns/bank/next", "").want(200)
	r.into(&got)
	if r.header.Get("Cache-Control") != "no-store" || r.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", r.header)
	}
	if got.Card["prospect.phone"] != "+33612345678" || got.Script != "Bonjour" || got.Context["attempts"] != "0" ||
		!got.LeaseUntil.Equal(w.clock().Add(15*time.Minute)) || got.Lead.State != "leased" {
		t.Errorf("hand-out %+v", got)
	}
	var held list[lead]
	w.ask("sam", "GET /v1/leads?status=leased", "").want(200).into(&held)
	if len(held.Items) != 1 || held.Items[0].HeldBy != "alice" || !held.Items[0].HeldUntil.Equal(got.LeaseUntil) {
		t.Errorf("who has it on the line: %+v", held.Items)
	}
	for name := range got.Card {
		if strings.HasPrefix(string(name), "account.margin") || name == "prospect.score" {
			t.Errorf("the card holds %s", name)
		}
	}
	lead := "/v1/leads/" + string(got.Lead.ID)
	var kept receipt
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome, keyHeader, "call-1").want(202).into(&kept)
	if diff := cmp.Diff("[prospect.comment prospect.status] [prospect.lead_status] account.margin",
		join(kept.Admitted)+" "+join(kept.Proposed)+" "+string(kept.Refused[0].Field)); diff != "" {
		t.Errorf("receipt:\n%s", diff)
	}
	if kept.ID == "" || kept.Proposal == "" || kept.Refused[0].Reason == "" {
		t.Errorf("receipt %+v", kept)
	}

	var view leadView
	w.ask("sam", "GET "+lead, "").want(200).into(&view)
	if len(view.Outcomes) != 1 || view.Outcomes[0].Note != "rappelle demain" || view.Outcomes[0].TalkS != 61 || view.Lead.State != "pending" {
		t.Errorf("view %+v", view)
	}
	w.ask("alice", "POST "+lead+"/outcomes", `{"technical": "answered", "disposition": "callback_requested", "note": "mardi", "amends": "`+string(kept.ID)+`"}`).want(202)
	w.ask("sam", "GET "+lead, "").want(200).into(&view)
	if len(view.Outcomes) != 1 || view.Outcomes[0].Note != "mardi" {
		t.Errorf("after the amendment: %+v", view.Outcomes)
	}
	w.ask("alice", "POST /v1/leads/"+leadFor("2")+"/outcomes", `{"technical": "answered", "disposition": "refused", "amends": "`+string(kept.ID)+`"}`).want(404)

	w.ask("alice", "POST /v1/campaigns/bank/next", "").want(200).into(&got)
	var p proposalState
	w.ask("alice", "POST /v1/leads/"+string(got.Lead.ID)+"/appointments", `{"at": "2026-11-25T10:00", "with": "vera", "note": "au siège"}`, keyHeader, "rdv").want(202).into(&p)
	if p.ID == "" || p.State != "proposed" {
		t.Errorf("appointment %+v", p)
	}
	w.ask("bob", "POST /v1/campaigns/bank/next", "").want(200)
	w.ask("alice", "POST /v1/campaigns/bank/next", "").want(204)
	w.ask("alice", "POST /v1/campaigns/idle/next", "").want(204)
	w.ask("alice", "GET /v1/proposals", "").want(200)
}

func join[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return "[" + strings.Join(out, " ") + "]"
}

// The same key has one effect; another person's same key is theirs.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	told := 0
	w := newWorld(t, func(o *Options) {
		o.Acknowledged = func(bridge.ConnectionName, time.Duration) { told++ }
	})
	lead := take(w, "alice")
	first := w.ask("alice", "POST "+lead+"/outcomes", goodOutcome, keyHeader, "k").want(202)
	again := w.ask("alice", "POST "+lead+"/outcomes", goodOutcome, keyHeader, "k").want(202)
	if string(first.body) != string(again.body) {
		t.Errorf("the repeat is answered\n%s, not\n%s", again.body, first.body)
	}
	other := take(w, "bob")
	var theirs receipt
	w.ask("bob", "POST "+other+"/outcomes", `{"technical": "no_answer", "disposition": "no_answer"}`, keyHeader, "k").want(202).into(&theirs)
	if "/v1/leads/"+string(theirs.Lead) != other {
		t.Errorf("bob's outcome went to %s", theirs.Lead)
	}
	if told != 3 {
		t.Errorf("told of %d acknowledgements, want 3", told)
	}
	w.ask("alice", "POST "+other+"/outcomes", goodOutcome, keyHeader, "k").want(422)
	w.ask("alice", "POST "+lead+"/outcomes", `{"technical": "answered", "disposition": "refused"}`, keyHeader, "k").want(422)
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome, keyHeader, "two words").want(400)
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome, keyHeader, strings.Repeat("k", 201)).want(400)

	var view leadView
	w.ask("sam", "GET "+lead, "").want(200).into(&view)
	if view.Lead.Attempts != 1 {
		t.Errorf("%d attempts", view.Lead.Attempts)
	}
	a := w.ask("sam", "POST "+lead+"/appointments", `{"at": "2026-11-25T10:00"}`, keyHeader, "k").want(202)
	b := w.ask("sam", "POST "+lead+"/appointments", `{"at": "2026-11-25T10:00"}`, keyHeader, "k").want(202)
	if string(a.body) != string(b.body) {
		t.Errorf("%s and %s", a.body, b.body)
	}
	const correction = `{"prospect_status": "customer", "motive": "they called us"}`
	var c receipt
	w.ask("sam", "POST "+lead+"/status", correction, keyHeader, "k").want(200).into(&c)
	if join(c.Admitted) != "[prospect.status]" {
		t.Errorf("a key used for another command: %+v", c)
	}
	w.ask("sam", "POST "+lead+"/status", correction, keyHeader, "k").want(200)
	w.ask("sam", "POST "+other+"/status", correction, keyHeader, "k").want(422)
	var writes list[write]
	w.ask("sam", "GET /v1/outbox", "").want(200).into(&writes)
	statuses := 0
	for _, e := range writes.Items {
		for _, f := range e.Fields {
			if f.Value == "customer" {
				statuses++
			}
		}
	}
	if statuses != 1 {
		t.Errorf("%d writes of the corrected status", statuses)
	}
}

// take hands somebody their next lead and answers its path.
func take(w *world, who bridge.PersonID) string {
	w.t.Helper()
	var got handout
	w.ask(who, "POST /v1/campaigns/bank/next", "").want(200).into(&got)
	return "/v1/leads/" + string(got.Lead.ID)
}

// A supervisor's day with appointments.
func TestProposals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	propose := func(who bridge.PersonID, lead, at string) string {
		w.pass(time.Second)
		var p proposalState
		w.ask(who, "POST "+lead+"/appointments", `{"at": "`+at+`", "with": "vera", "subject": "Offre", "place": "Lille"}`).want(202).into(&p)
		return string(p.ID)
	}
	first, second, third := take(w, "alice"), take(w, "bob"), take(w, "sue")
	p, q, own := propose("alice", first, "2026-11-25T10:00"), propose("bob", second, "2026-11-25T10:30"), propose("sam", third, "2026-11-26T09:00")
	page := func(query string) list[proposal] {
		var got list[proposal]
		w.ask("sam", "GET /v1/proposals?"+query, "").want(200).into(&got)
		return got
	}
	waiting := page("limit=1")
	if len(waiting.Items) != 1 || waiting.Next == "" || string(waiting.Items[0].ID) != p || waiting.Items[0].Meeting.Local != "2026-11-25T10:00:00" || waiting.Items[0].Meeting.Place != "Lille" {
		t.Fatalf("first page %+v", waiting)
	}
	if next := page("limit=1&cursor=" + waiting.Next); len(next.Items) != 1 || string(next.Items[0].ID) != q {
		t.Errorf("second page %+v", next)
	}
	for _, step := range []struct {
		who            bridge.PersonID
		id, verb, body string
		status         int
		state          bridge.ProposalState
	}{
		{"alice", q, "validate", "", 403, ""},
		{"olga", p, "validate", "", 403, ""},
		{operator, p, "validate", "", 403, ""},
		{"sam", own, "validate", "", 403, ""}, // nobody validates their own
		{"sue", own, "validate", "", 200, "validated"},
		{"sam", p, "validate", "", 200, "validated"},
		{"sam", p, "validate", "", 409, ""},
		{"sam", q, "validate", "", 409, ""}, // vera is taken
		{"sam", q, "reschedule", `{"at": "2026-03-29T02:30", "zone": "Europe/Paris"}`, 422, ""},
		{"sam", q, "reschedule", `{"at": "2020-01-01T10:00", "reason": "en 2020"}`, 422, ""},
		{"sam", q, "reschedule", `{"at": "2026-11-25T14:00", "reason": "vera est prise"}`, 200, "proposed"},
		{"sam", q, "reject", `{"reason": ""}`, 422, ""},
		{"sam", q, "reject", `{"reason": "déjà client"}`, 200, "rejected"},
		{"sam", p, "reschedule", `{"at": "2026-11-25T16:00"}`, 200, "rescheduled"},
		{"sam", p, "cancel", `{"reason": "annulé"}`, 200, "cancelled"},
		{"sam", "none", "cancel", `{"reason": "annulé"}`, 404, ""},
	} {
		r := w.ask(step.who, "POST /v1/proposals/"+step.id+"/"+step.verb, step.body).want(step.status)
		var got proposalState
		if r.into(&got); step.status == 200 && got.State != step.state {
			t.Errorf("%s by %s: %s; want %s", step.verb, step.who, got.State, step.state)
		}
	}
	if got := page("state=rejected"); len(got.Items) != 1 || got.Items[0].Reason != "déjà client" || got.Items[0].DecidedBy != "sam" {
		t.Errorf("rejected: %+v", got)
	}
}

func TestLeadsInBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	take(w, "alice")
	for _, c := range []struct {
		name, who, route, body string
		status, moved, skipped int
	}{
		{"by ids", "sam", "reassign", `{"ids": ["` + leadFor("2") + `", "none"], "to": "bob", "motive": "équilibre"}`, 200, 1, 1},
		{"on the line", "sam", "reassign", `{"filter": {"campaign": "bank", "status": "leased"}, "to": "bob", "motive": "équilibre"}`, 200, 0, 1},
		{"from somebody", "sam", "reassign", `{"from": "bob", "to": "pool", "motive": "équilibre"}`, 200, 1, 0},
		{"from somebody again", "sam", "reassign", `{"from": "bob", "to": "pool", "motive": "équilibre"}`, 200, 0, 0},
		{"another team's", "olga", "reassign", `{"ids": ["` + leadFor("2") + `"], "to": "olga", "motive": "équilibre"}`, 200, 0, 1},
		{"a caller", "alice", "reassign", `{"ids": ["` + leadFor("2") + `"], "to": "alice", "motive": "équilibre"}`, 200, 0, 1},
		{"to nobody", "sam", "reassign", `{"ids": ["` + leadFor("2") + `"], "to": "ghost", "motive": "équilibre"}`, 422, 0, 0},
		{"no motive", "sam", "reassign", `{"ids": ["` + leadFor("2") + `"], "to": "bob", "motive": " "}`, 422, 0, 0},
		{"nothing chosen", "sam", "close", `{"motive": "fini"}`, 422, 0, 0},
		{"close", "sam", "close", `{"ids": ["` + leadFor("3") + `"], "motive": "fini"}`, 200, 1, 0},
		{"close again", "sam", "close", `{"ids": ["` + leadFor("3") + `"], "motive": "fini"}`, 200, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.ask(bridge.PersonID(c.who), "POST /v1/leads/"+c.route, c.body).want(c.status)
			var got desk.Moved
			if r.into(&got); c.status == 200 && (got.Moved != c.moved || len(got.Skipped) != c.skipped) {
				t.Errorf("%+v", got)
			}
		})
	}
	var got desk.Moved
	w.ask("sam", "POST /v1/leads/reassign", `{"ids": ["`+leadFor("2")+`"], "to": "bob", "motive": "équilibre"}`).want(200)
	w.ask("sam", "POST /v1/people/bob/handover", `{"to": "later", "motive": "départ"}`).want(200).into(&got)
	if got.Moved != 0 || len(got.Skipped) != 1 {
		t.Errorf("later: %+v", got)
	}
	w.pass(time.Second) // what is done later stands first
	w.ask("sam", "POST /v1/people/bob/handover", `{"to": "pool", "motive": "départ"}`).want(200).into(&got)
	if got.Moved != 1 {
		t.Errorf("to the pool: %+v", got)
	}
	var done list[act]
	w.ask("sam", "GET /v1/acts", "").want(200).into(&done)
	given := func(a act) bool { return a.ID == got.Act && a.From == "bob" && a.To == "pool" }
	if !slices.ContainsFunc(done.Items, given) { // the clock stands: the order is anybody's
		t.Errorf("what can be undone: %+v", done)
	}
	w.ask("alice", "GET /v1/acts", "").want(200).into(&done)
	if len(done.Items) != 0 {
		t.Errorf("a caller is shown %+v", done)
	}
	undo := "POST /v1/acts/" + got.Act + "/undo"
	w.ask("alice", undo, "").want(200).into(&got)
	if got.Moved != 0 || len(got.Skipped) != 1 || got.Skipped[0].Why != desk.StaysDenied {
		t.Errorf("a caller takes it back: %+v", got)
	}
	w.ask("sam", undo, "").want(200).into(&got)
	if got.Moved != 1 {
		t.Errorf("taken back: %+v", got)
	}
	w.ask("sam", undo, "").want(409)
	w.ask("sam", "POST /v1/acts/none/undo", "").want(404)
	w.ask(operator, "POST /v1/people/bob/handover", `{"to": "pool", "motive": "départ"}`).want(200).into(&got)
	if got.Moved != 0 {
		t.Errorf("the operator moved leads: %+v", got)
	}
}

func TestOppositions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	w.ask("sam", "POST /v1/oppositions", `{"person": {"connection": "crm.main", "id": "1"}, "motive": "courrier"}`).want(204)
	w.ask("alice", "POST /v1/oppositions", `{"number": "06 12 34 56 79", "motive": "au téléphone"}`).want(204)
	var got list[lead]
	w.ask("sam", "GET /v1/leads?campaign=bank&status=withdrawn", "").want(200).into(&got)
	if len(got.Items) != 2 {
		t.Errorf("%d leads withdrawn", len(got.Items))
	}
	w.ask("alice", "POST /v1/oppositions/lift", `{"number": "06 12 34 56 79", "motive": "rappel"}`).want(403)
	w.ask("sam", "POST /v1/oppositions/lift", `{"number": "06 12 34 56 79", "motive": ""}`).want(422)
	w.ask("sam", "POST /v1/oppositions/lift", `{"number": "06 12 34 56 79", "motive": "rappel"}`).want(204)
	w.ask("sam", "POST /v1/oppositions/lift", `{"number": "06 12 34 56 79", "motive": "rappel"}`).want(409)
	var said list[opposition]
	w.ask("sam", "GET /v1/oppositions?number=0612345679", "").want(200).into(&said)
	if len(said.Items) != 1 || said.Items[0].Stands || said.Items[0].By != "alice" || said.Items[0].Lifted == nil || said.Items[0].Lifted.By != "sam" {
		t.Errorf("of the number: %+v", said.Items)
	}
	w.ask("sam", "GET /v1/oppositions?connection=crm.main&prospect_id=1", "").want(200).into(&said)
	if len(said.Items) != 1 || !said.Items[0].Stands || said.Items[0].Motive != "courrier" {
		t.Errorf("of the prospect: %+v", said.Items)
	}
	w.ask("alice", "GET /v1/oppositions?number=0612345679", "").want(403)
	w.ask("sam", "GET /v1/oppositions", "").want(400)
	w.ask("sam", "GET /v1/oppositions?number=0612345679&connection=crm.main", "").want(400)
	w.ask("sam", "GET /v1/oppositions?number=twelve", "").want(422)
	w.ask("sam", "GET /v1/oppositions?connection=crm.main&prospect_id=nobody", "").want(404)
	for body, status := range map[string]int{
		`{"motive": "x"}`: 422,
		`{"motive": "x", "number": "0612345678", "person": {"connection": "crm.main", "id": "1"}}`: 422,
		`{"motive": "x", "number": "twelve"}`:                                                      422,
		`{"motive": "x", "person": {"connection": "crm.main", "id": "nobody"}}`:                    404,
	} {
		w.ask("sam", "POST /v1/oppositions", body).want(status)
	}
	w.ask("dora", "POST /v1/oppositions", `{"number": "0612345678", "motive": "x"}`).want(403)
	w.ask(operator, "POST /v1/oppositions", `{"number": "0612345678", "motive": "x"}`).want(403)
}

func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.ask("alice", "PUT /v1/leads", "").want(405); r.header.Get("Allow") != "GET" {
		t.Errorf("what the address takes: %q", r.header.Get("Allow"))
	}
	w.conform()
	take(w, "alice")
	w.ask("sam", "POST /v1/leads/reassign", `{"ids": ["`+leadFor("2")+`", "none"], "to": "bob", "motive": "équilibre"}`).want(200)
	for _, c := range []struct{ query, want string }{
		{"campaign=bank", "1 2 3"}, {"", "1 2 3"}, {"assignee=bob", "2"}, {"campaign=bank&assignee=pool", "1 3"},
		{"campaign=bank&status=waiting", "2 3"}, {"status=finished", ""}, {"campaign=nowhere", ""},
	} {
		var all []string
		next := ""
		for page := 0; page == 0 || next != ""; page++ {
			var got list[lead]
			w.ask("sam", "GET /v1/leads?limit=1&"+c.query+"&cursor="+next, "").want(200).into(&got)
			for _, l := range got.Items {
				all = append(all, l.ProspectID)
			}
			next = got.Next
		}
		slices.Sort(all) // each once, in whatever order the queue has them
		if diff := cmp.Diff(c.want, strings.Join(all, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.query, diff)
		}
	}
	w.ask("sam", "GET /v1/leads?cursor=!!", "").want(400)
	for who, want := range map[bridge.PersonID]int{"alice": 1, "bob": 1, "olga": 0, "dora": 0, operator: 0} {
		var got list[lead]
		w.ask(who, "GET /v1/leads", "").want(200).into(&got)
		if len(got.Items) != want {
			t.Errorf("%s sees %d leads", who, len(got.Items))
		}
	}
}
