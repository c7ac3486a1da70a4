package api

import (
	"errors"
	"strings"
	"testing"

	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
)

func TestConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	r := onTheRoad(w)
	lead := take(w, "alice")
	w.ask("alice", "POST "+lead+"/outcomes", goodOutcome).want(202)
	w.settle(r, w.outboxOf("sam", "").Items[0].ID, outbox.Result{State: connector.Failed, Kind: fault.Permanent, Reason: "the credentials are refused"})
	look := func() connection {
		var got list[connection]
		w.ask(operator, "GET /v1/connections", "").want(200).into(&got)
		return got.Items[0]
	}
	if c := look(); c.Paused == nil || c.Paused.Reason != "the credentials are refused" || c.Breaker != "closed" || c.Oldest.IsZero() {
		t.Errorf("paused: %+v", c)
	}
	w.crm.broken = errors.New("401 from the CRM")
	if got := w.ask("sam", "POST /v1/connections/crm.main/resume", "").want(409); !strings.Contains(string(got.body), "401 from the CRM") {
		t.Errorf("why it stays paused: %s", got.body)
	}
	w.crm.broken = nil
	w.ask("alice", "POST /v1/connections/crm.main/resume", "").want(403)
	w.ask("alice", "GET /v1/connections", "").want(403)
	w.ask("sam", "POST /v1/connections/phoning.dialler/resume", "").want(404)
	w.ask("sam", "POST /v1/connections/nowhere/resume", "").want(404)
	w.ask("sam", "POST /v1/connections/crm.main/resume", "").want(204)
	if c := look(); c.Paused != nil {
		t.Errorf("still paused: %+v", c)
	}
	var last lines
	w.ask("dora", "GET /v1/ledger?limit=500", "").want(200).into(&last)
	if line := last.Items[len(last.Items)-1]; line.Kind != "resume" || line.Who != "sam" || line.Role != "supervisor" {
		t.Errorf("the ledger's last line: %+v", line)
	}
}

func TestAConnectionThatDoesNotAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	r := onTheRoad(w)
	w.ask("alice", "POST "+take(w, "alice")+"/outcomes", goodOutcome).want(202)
	look := func() connection {
		var got list[connection]
		w.ask(operator, "GET /v1/connections", "").want(200).into(&got)
		return got.Items[0]
	}
	w.settle(r, w.outboxOf("sam", "").Items[0].ID, outbox.Result{State: connector.Failed, Kind: fault.Unavailable, Reason: "the CRM is being moved"})
	if c := look(); c.Trouble != "" {
		t.Errorf("one failure is no trouble: %+v", c)
	}
	for range 3 {
		w.breaker.Report(fault.Unavailable)
	}
	if c := look(); c.Breaker == httpx.BreakerClosed || c.Trouble != "the CRM is being moved" {
		t.Errorf("it does not answer: %+v", c)
	}
}
