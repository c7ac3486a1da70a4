package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/app"
	"passerelle/test/crmfake"
)

// forgetPoints are the fault points on the way of somebody who is forgotten.
// [TestChaos] does not pass them.
var forgetPoints = []string{
	"desk.forget.erased", "desk.forget.ended", "desk.forget.compacted",
	"store.compact.synced", "store.compact.renamed", "store.compact.swapped",
}

const canary = "CANARY-PERSON"

// Wherever the hub dies while it forgets somebody, the next life carries on by
// itself until no byte of them is left.
func TestForgettingIsCarriedOn(t *testing.T) {
	t.Parallel()
	bin := build(t)
	for _, point := range forgetPoints {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			crm := newRestCRM(t, 1)
			crm.Put(canary, map[string]any{"name": canary, "phone": "06 99 88 77 66"})
			configure(t, dir, crm.config())
			hub := newProcess(t, bin, dir)
			r := &forgetful{t: t, dir: dir, hub: hub, supervisor: newSupervisor(t, hub), crm: crm}
			r.getKnown()
			life := hub.start(point)
			hub.waitReady(life)
			if answer, err := r.forget(); err == nil {
				t.Fatalf("it was not to answer: %s", answer)
			}
			hub.kill()
			if life.died != point {
				t.Fatalf("it died at %q", life.died)
			}
			hub.waitReady(hub.start(""))
			r.until("nothing of them is left", func() bool { return len(r.traces()) == 0 })
			answer, err := r.forget()
			if err != nil || !strings.Contains(answer, `"done":true`) || !strings.Contains(answer, `"already":true`) {
				t.Errorf("told again: %s %v", answer, err)
			}
			if found := r.traces(); len(found) > 0 || r.known() {
				t.Errorf("they are back: %v", found)
			}
			hub.stop()
			verifyLedger(t, bin, dir)
		})
	}
}

// forgetful is a hub that is to forget somebody.
type forgetful struct {
	t          *testing.T
	dir        string
	hub        *process
	supervisor *supervisor
	crm        *restCRM
}

// getKnown lets a first life call the person.
func (r *forgetful) getKnown() {
	r.t.Helper()
	r.hub.waitReady(r.hub.start(""))
	r.until("the campaign is read", r.known)
	l := newLoad(r.t, r.hub, 1, time.Second)
	defer l.http.CloseIdleConnections()
	event := map[string]any{
		"event_id": "e1", "note": canary, "connection": "phoning.dial", "campaign": "spring", "occurred_at": "2026-03-02T08:00:00Z",
		"prospect_id": canary, "agent": "alice", "technical": "answered", "disposition": "not_interested",
	}
	if !l.report(event, &call{event: "e1"}) {
		r.t.FailNow()
	}
	r.until("the call is in the CRM", func() bool { return len(r.crm.Of(crmfake.Activities, canary)) == 1 })
	if len(r.traces()) == 0 {
		r.t.Fatal("the store does not show who it knows: nothing can be found missing in it")
	}
	r.hub.stop()
}

func (r *forgetful) known() bool {
	var page struct {
		Items []struct {
			Prospect string `json:"prospect_id"`
		}
	}
	if err := r.supervisor.read(r.t.Context(), "/v1/leads?campaign=spring&limit=500", &page); err != nil || len(page.Items) < prospects {
		return false
	}
	for _, one := range page.Items {
		if one.Prospect == canary {
			return true
		}
	}
	return false
}

// forget asks over the socket and answers what came back.
func (r *forgetful) forget() (string, error) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(r.dir, "data", app.SocketName))
	}}}
	defer client.CloseIdleConnections()
	body, err := json.Marshal(map[string]string{"prospect": "crm.main/prospect/" + canary, "motive": "a request"})
	if err != nil {
		return "", err
	}
	resp, err := client.Post("http://hub/v1/forget", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	_, err = answer.ReadFrom(resp.Body)
	return answer.String(), err
}

// traces lists the files under data_dir that hold something of the person.
func (r *forgetful) traces() (found []string) {
	r.t.Helper()
	err := filepath.WalkDir(filepath.Join(r.dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // a file that has just gone
		}
		raw, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(raw, []byte(canary)) || bytes.Contains(raw, []byte("+33699887766"))) {
			found = append(found, d.Name())
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

func (r *forgetful) until(what string, so func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			r.t.Fatalf("not within 40 s: %s; left: %v", what, r.traces())
		}
		<-time.After(20 * time.Millisecond)
	}
}
