package chaos

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// diskFull fills the disk under load, restarts the hub on the full disk, and makes
// room again: all doors refuse meanwhile, and go on by themselves.
func diskFull(t *testing.T, bin string) {
	p := newPowerRun(t, bin, 96, 20*time.Millisecond)
	if !p.hub.waitReady(p.hub.start("")) {
		t.Fatal("the hub does not start")
	}
	p.growBy(50)
	p.disk.fill()
	p.until("the doors refuse", p.refused)
	for _, door := range []struct{ path, body string }{
		{"/v1/campaigns/spring/next", ""},
		{"/v1/oppositions", `{"number": "+33199000101", "motive": "asked us to"}`},
		{"/v1/leads/reassign", `{"filter": {"campaign": "spring"}, "to": "pool", "motive": "tidy"}`},
	} {
		p.until(door.path+" refuses", func() bool { return p.refusedAt(door.path, door.body) })
	}
	p.until("/readyz tells", func() bool { return !p.isReady() })
	p.hub.kill() // which gives the room of what was not flushed back
	p.disk.fill()
	if !p.hub.waitReady(p.hub.start("")) {
		t.Fatal("the hub does not start on a full disk")
	}
	p.until("the doors refuse after a restart", p.refused)
	<-time.After(time.Second)
	p.disk.free()
	began := time.Now()
	p.until("/readyz tells that it is over", p.isReady)
	p.growBy(50)
	t.Logf("50 outcomes more %d ms after there was room", time.Since(began).Milliseconds())
	p.load.wait()
	p.drain()
	p.judge()
}

// growBy waits for so many outcomes to be acknowledged.
func (p *powerRun) growBy(n int64) {
	p.t.Helper()
	want := p.load.acked.Load() + n
	p.until("outcomes are acknowledged", func() bool { return p.load.acked.Load() >= want })
}

func (p *powerRun) until(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func (p *powerRun) isReady() bool {
	status, _, err := p.supervisor.ask(p.t.Context(), http.MethodGet, "/readyz", nil)
	return err == nil && status == http.StatusOK
}

// refused posts an outcome that no caller has made.
func (p *powerRun) refused() bool {
	event, made := p.load.event(0, p.dice)
	made.event = "one-too-many"
	event["event_id"] = made.event
	event["prospect_id"] = "no such prospect"
	body, err := json.Marshal(event)
	if err != nil {
		p.t.Fatal(err)
	}
	status, answer := p.load.post(made.event, body)
	return p.isProblem(status, answer)
}

func (p *powerRun) refusedAt(path, body string) bool {
	var in any
	if body != "" {
		in = json.RawMessage(body)
	}
	status, answer, err := p.supervisor.ask(p.t.Context(), http.MethodPost, path, in)
	if err != nil || status >= 400 && status < 500 {
		p.t.Fatalf("%s: %d %s %v", path, status, answer, err)
	}
	return p.isProblem(status, answer)
}

func (p *powerRun) isProblem(status int, answer []byte) bool {
	if status < 500 {
		return false
	}
	var got struct {
		Status int
		Detail string
	}
	if err := json.Unmarshal(answer, &got); err != nil || status != http.StatusServiceUnavailable || got.Status != status || got.Detail == "" {
		p.t.Errorf("%d %s (%v)", status, answer, err)
	}
	return true
}
