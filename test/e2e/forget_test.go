package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"passerelle/internal/api"
	"passerelle/internal/app"
	"passerelle/test/shared"
)

// The person to be forgotten, as the CRM and the calls name them.
var person = map[string]string{
	"id": "CANARY-ID-7", "name": "Zenobie Canarisse", "email": "zenobie@canarisse.example", "phone": "06 99 88 77 66",
	"E.164": "+33699887766", "note": "CANARY-NOTE", "comment": "CANARY-COMMENT", "subject": "CANARY-SUBJECT", "parked": "CANARY-PARKED",
}

// canaryHub is a hub with that person and two others, whose platform may be
// down.
func canaryHub(t *testing.T) (h *hub, down *atomic.Bool) {
	t.Helper()
	h, down = &hub{t: t, dir: t.TempDir(), log: &shared.Buffer{}, platform: &shared.Buffer{}}, &atomic.Bool{}
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.Copy(h.platform, r.Body)
	}))
	t.Cleanup(platform.Close)
	config := strings.NewReplacer("HOOKSECRET", hookSecret, "PUSHURL", platform.URL, "FEED", feed,
		"prospect.phone: phone", "prospect.phone: phone\n      prospect.email: email").Replace(configText)
	h.write("passerelle.yaml", config)
	h.write("policy.yaml", policyText)
	h.write("crm/prospects.csv", fmt.Sprintf("id,name,phone,email,lead_status,comment,revenue,confidential,do_not_call\n"+
		"%s,%s,%s,%s,new,,1,,\n8,Autre Personne,06 11 22 33 44,autre@example.org,new,,1,,\n9,Tierce Personne,06 11 22 33 55,,new,,1,,\n",
		person["id"], person["name"], person["phone"], person["email"]))
	h.start()
	t.Cleanup(func() {
		h.app.Stop()
		if t.Failed() {
			t.Logf("the hub's log:\n%s", h.log)
		}
	})
	return h, down
}

func (h *hub) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// operator asks the hub over its socket.
func (h *hub) operator(method, path string, body, into any) int {
	h.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			h.t.Fatal(err)
		}
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(h.dir, "data", app.SocketName))
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequest(method, "http://hub"+path, bytes.NewReader(raw))
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if resp.StatusCode >= 400 {
		h.t.Logf("%s %s: %s", method, path, answer)
	} else if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			h.t.Fatalf("%v: %s", err, answer)
		}
	}
	return resp.StatusCode
}

// traces lists where under data_dir anything of the person stands, but for what
// may.
func (h *hub) traces(may ...string) (found []string) {
	h.t.Helper()
	err := filepath.WalkDir(filepath.Join(h.dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for what, canary := range person {
			if bytes.Contains(raw, []byte(canary)) {
				found = append(found, what+" in "+filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, one := range may {
		found = deleteAll(found, one)
	}
	return found
}

func deleteAll(from []string, one string) (out []string) {
	for _, s := range from {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

// work makes the person known everywhere: a card on the platform's list, calls,
// an appointment that is in the CRM, one that waits, and parked events.
func (h *hub) work(last string) {
	h.t.Helper()
	eventually(h.t, "the cards are pushed", func() bool { return strings.Count(h.platform.String(), `"card.push"`) >= 3 })
	event := func(id, disposition string) map[string]any {
		e := call(id, 0, disposition)
		e["prospect_id"], e["note"] = person["id"], person["note"]
		e["fields"] = map[string]any{"prospect.comment": person["comment"]}
		return e
	}
	meeting := event("m1", "appointment_set")
	meeting["next"] = map[string]any{"kind": "appointment", "at": "2027-01-12T10:00", "with": "vera", "subject": person["subject"]}
	amendment := event("a1", "info_sent")
	amendment["amends"] = "e1"
	stranger := event("p1", "no_answer")
	stranger["agent"], stranger["note"] = "nobody", person["parked"]
	byPhone := call("p2", 0, "no_answer")
	delete(byPhone, "prospect_id")
	byPhone["phone"], byPhone["agent"], byPhone["note"] = "0033 6 99 88 77 66", "nobody", person["parked"]
	another := call("p3", 8, "no_answer")
	another["agent"] = "nobody"
	for _, e := range []map[string]any{event("e1", "no_answer"), amendment, meeting, stranger, byPhone, another, event("e2", last), call("o1", 8, "no_answer")} {
		if status, body := h.post(e); status != http.StatusAccepted {
			h.t.Fatalf("event %s: %d %s", e["event_id"], status, body)
		}
	}
	var proposals struct{ Items []struct{ ID string } }
	_, list := h.ask(http.MethodGet, "/v1/proposals", sam, "")
	if err := json.Unmarshal([]byte(list), &proposals); err != nil || len(proposals.Items) != 1 {
		h.t.Fatalf("proposals: %s", list)
	}
	if status, body := h.ask(http.MethodPost, "/v1/proposals/"+proposals.Items[0].ID+"/validate", sam, "{}"); status != http.StatusOK {
		h.t.Fatalf("validate: %d %s", status, body)
	}
	eventually(h.t, "the calls are in the CRM", func() bool { return len(h.rows("activities.csv")) == 4 })
}

func (h *hub) forget() (out api.Forgotten) {
	h.t.Helper()
	ask := map[string]string{"prospect": "crm.sheet/prospect/" + person["id"], "motive": "request 12 of the DPO"}
	if status := h.operator(http.MethodPost, "/v1/forget", ask, &out); status != http.StatusOK {
		h.t.Fatalf("forget: %d", status)
	}
	return out
}

// leadsOf lists the external ids of the leads that a supervisor knows of.
func (h *hub) leads() string {
	_, list := h.ask(http.MethodGet, "/v1/leads?campaign=spring", sam, "")
	return list
}

func TestForgetLeavesNoByte(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"not_interested", "opt_out"} {
		t.Run(last, func(t *testing.T) {
			t.Parallel()
			h, _ := canaryHub(t)
			h.work(last)
			h.write("data/store.db.v1", "a copy of an upgrade: "+person["name"])
			if len(h.traces()) < 5 {
				t.Fatalf("the person is hardly known: %v", h.traces())
			}
			got := h.forget()
			for kind, least := range map[string]int{"prospects": 1, "leads": 1, "calls": 3, "proposals": 1, "parked events": 2, "writes": 4} {
				if got.Erased[kind] < least {
					t.Errorf("%d %s erased, want at least %d: %+v", got.Erased[kind], kind, least, got.Erased)
				}
			}
			if len(got.Copies) != 1 || len(got.Remaining) < 2 {
				t.Errorf("the answer: %+v", got)
			}
			eventually(t, "nothing is left under data_dir", func() bool { return len(h.traces()) == 0 })
			if !strings.Contains(h.platform.String(), `"card.withdraw"`) {
				t.Error("the platform was not told to withdraw the card")
			}
			if strings.Contains(h.log.String(), person["id"]) {
				t.Error("the log names them")
			}

			// Nothing brings them back: a report on them, a read of the CRM.
			again := call("late", 0, "no_answer")
			again["prospect_id"], again["note"] = person["id"], person["note"]
			if _, body := h.post(again); !strings.Contains(body, `"forgotten"`) {
				t.Errorf("a late report: %s", body)
			}
			h.app.Stop()
			h.start()
			eventually(t, "the others are still called", func() bool { return strings.Count(h.leads(), `"prospect_id"`) == 2 })
			if again := h.forget(); !again.Done || !again.Already {
				t.Errorf("forgotten again: %+v", again)
			}
			if found := h.traces(); len(found) > 0 || strings.Contains(h.leads(), person["id"]) {
				t.Errorf("they are back: %v", found)
			}
			var v struct{ OK bool }
			if h.operator(http.MethodPost, "/v1/ledger/verify", nil, &v); !v.OK {
				t.Error("the ledger does not hold")
			}
			if opposed := h.rows("prospects.csv")[0]["do_not_call"] != ""; opposed != (last == "opt_out") {
				t.Errorf("do_not_call in the CRM: %v", h.rows("prospects.csv")[0])
			}
		})
	}
}

// As long as a platform has not confirmed, who it is must be known: the id, and
// nothing else.
func TestForgetWaitsForThePlatform(t *testing.T) {
	t.Parallel()
	h, down := canaryHub(t)
	h.work("not_interested")
	down.Store(true)
	got := h.forget()
	if got.Done || fmt.Sprint(got.Listed) != "[phoning.dial]" {
		t.Errorf("the answer: %+v", got)
	}
	if found := h.traces("id in store.db"); len(found) > 0 {
		t.Errorf("left beside the id: %v", found)
	}
	if strings.Contains(h.leads(), person["id"]) {
		t.Error("a supervisor still sees them")
	}
	h.app.Stop()
	h.start()
	down.Store(false)
	eventually(t, "the platform confirms and nothing is left", func() bool { return h.forget().Done && len(h.traces()) == 0 })
}

func TestForgetRefuses(t *testing.T) {
	t.Parallel()
	h, _ := canaryHub(t)
	eventually(t, "the cards are pushed", func() bool { return strings.Count(h.platform.String(), `"card.push"`) >= 3 })
	for name, c := range map[string]struct {
		ask  map[string]string
		want int
	}{
		"nobody by this id": {map[string]string{"prospect": "crm.sheet/prospect/404", "motive": "m"}, http.StatusNotFound},
		"no such lead":      {map[string]string{"prospect": "abcdef", "motive": "m"}, http.StatusNotFound},
		"no motive":         {map[string]string{"prospect": "crm.sheet/prospect/8", "motive": " "}, http.StatusUnprocessableEntity},
		"nobody named":      {map[string]string{"motive": "m"}, http.StatusBadRequest},
	} {
		if got := h.operator(http.MethodPost, "/v1/forget", c.ask, nil); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if status, _ := h.ask(http.MethodPost, "/v1/forget", sam, `{"prospect": "crm.sheet/prospect/8", "motive": "m"}`); status != http.StatusForbidden {
		t.Errorf("without the right to delete: %d", status)
	}
	if !strings.Contains(h.leads(), `"8"`) {
		t.Error("a refused command erased somebody")
	}
}
