package api

import (
	"regexp"
	"strings"
	"testing"

	"passerelle/internal/bridge"
)

// chance is what of a log line may hold any digits.
var chance = regexp.MustCompile(`(time|took|request)=\S+`)

// A caller's session touches every route, right and wrong; the canaries of the
// fields that they may not read come back in no answer, no error and no log.
func TestCanaries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who       bridge.PersonID
		forbidden []string
	}{
		{"alice", forbidden},
		{"dora", append([]string{"Société", "33612345", "Lille", "rappeler"}, forbidden...)},
		{operator, append([]string{"Société", "33612345", "Lille", "rappeler"}, forbidden...)},
		{"olga", append([]string{"Société", "33612345", "Lille", "rappeler"}, forbidden...)},
		{"sam", []string{"88002", "99003", "66004", "note-" + canary, "priority-" + canary}},
	} {
		t.Run(string("as "+c.who), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			stage(w)
			w.answer = ""
			w.everyRoute(c.who)
			logged := chance.ReplaceAllString(w.log.String(), "")
			for _, leak := range c.forbidden {
				if at := strings.Index(w.answer, leak); at >= 0 {
					t.Errorf("%q is answered: …%s…", leak, w.answer[max(0, at-200):at+50])
				}
				if strings.Contains(logged, leak) {
					t.Errorf("%q is logged", leak)
				}
			}
			if strings.Contains(w.answer+w.log.String(), "-token-") {
				t.Error("a token is answered or logged")
			}
		})
	}
}

// stage puts something behind every kind of route, by a supervisor who may set
// what a caller may not read.
func stage(w *world) {
	lead := take(w, "bob")
	w.ask("bob", "POST "+lead+"/outcomes", `{"technical": "answered", "disposition": "appointment_set",
		"fields": {"prospect.lead_status": "hot-`+canary+`", "account.margin": "99003", "prospect.comment": "rappeler"},
		"next": {"kind": "appointment", "at": "2026-11-25T10:00", "with": "vera"}}`).want(202)
	w.ask("sam", "POST "+lead+"/outcomes", `{"technical": "answered", "disposition": "qualified", "fields": {"prospect.segment": "new-`+canary+`", "prospect.score": 77001}}`).want(202)
	w.webhook(`{"broken": "` + canary)
}

// everyRoute asks for all there is, with the ids of what was staged.
func (w *world) everyRoute(who bridge.PersonID) {
	w.t.Helper()
	var proposals list[proposal]
	var writes list[write]
	var parked list[parkedEvent]
	before := w.answer
	w.ask("sam", "GET /v1/proposals", "").want(200).into(&proposals)
	w.ask("sam", "GET /v1/outbox", "").want(200).into(&writes)
	w.ask("sam", "GET /v1/parked-events", "").want(200).into(&parked)
	w.answer = before
	bodies := map[string]string{
		"/outcomes":     `{"technical": "answered", "disposition": "qualified", "fields": {"account.margin": "1", "account.revenue": "x", "opportunity.amount": 1, "prospect.score": "y", "prospect.lead_status": "z"}}`,
		"/appointments": `{"at": "2026-11-27T10:00"}`,
		"/status":       `{"prospect_status": "customer", "motive": "x"}`,
		"/reassign":     `{"filter": {"campaign": "bank"}, "to": "alice", "motive": "x"}`,
		"/close":        `{"ids": ["none"], "motive": "x"}`,
		"/handover":     `{"to": "later", "motive": "x"}`,
		"/reject":       `{"reason": "x"}`, "/cancel": `{"reason": "x"}`, "/reschedule": `{"at": "2026-11-28T10:00"}`,
		"/resolve": `{"keep": "crm"}`, "/discard": `{"motive": "x"}`,
		"/oppositions": `{"number": "0699999999", "motive": "x"}`, "/lift": `{"number": "0699999999", "motive": "x"}`,
		"/explain": `{"as": "alice", "connection": "phoning.console", "action": "read", "field": "account.margin", "lead": "` + leadFor("1") + `"}`,
	}
	for _, pattern := range w.api.Patterns() {
		if strings.HasSuffix(pattern, "/rebuild") || strings.HasSuffix(pattern, documentPath) {
			continue // needs a road; says nothing of anybody
		}
		ids := []string{"bank"}
		switch {
		case strings.Contains(pattern, "/leads/"):
			ids = []string{leadFor("1"), leadFor("2"), leadFor("3")}
		case strings.Contains(pattern, "/people/"):
			ids = []string{"bob"}
		case strings.Contains(pattern, "/proposals/"):
			ids = []string{string(proposals.Items[0].ID)}
		case strings.Contains(pattern, "/parked-events/"):
			ids = []string{parked.Items[0].ID}
		case strings.Contains(pattern, "/outbox/"), strings.Contains(pattern, "/conflicts/"):
			ids = nil
			for _, e := range writes.Items {
				ids = append(ids, e.ID)
			}
		}
		body := bodies[pattern[strings.LastIndexByte(pattern, '/'):]]
		for _, id := range ids {
			route := strings.NewReplacer("{id}", id, "{name}", string(crm)).Replace(pattern)
			w.ask(who, route, body)
			w.ask(who, route, `{"canary`)
		}
	}
}
