package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/store"
	"passerelle/test/crmfake"
	"passerelle/test/shared"
)

// restPlace is a CRM with a JSON API, and a folder for each hub that lives on it.
type restPlace struct {
	t    *testing.T
	crm  *crmfake.Server
	url  string
	key  *age.X25519Identity
	keep string // where backups lie
}

func newRestPlace(t *testing.T, prospects int) *restPlace {
	t.Helper()
	return restPlaceOf(t, prospects, crmfake.Options{Seed: 1})
}

func restPlaceOf(t *testing.T, prospects int, options crmfake.Options) *restPlace {
	t.Helper()
	crm, err := crmfake.New(options)
	if err != nil {
		t.Fatal(err)
	}
	for i := range prospects {
		crm.Put(fmt.Sprint(i), map[string]any{"name": fmt.Sprintf("Société %d", i), "phone": fmt.Sprintf("01 99 00 00 %02d", i), "status": "new"})
	}
	server := httptest.NewServer(crm)
	t.Cleanup(func() {
		server.CloseClientConnections()
		if err := crm.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &restPlace{t: t, crm: crm, url: server.URL, key: key, keep: t.TempDir()}
}

// hub makes the folder of a hub, and does not start it.
func (p *restPlace) hub() *hub {
	p.t.Helper()
	h := &hub{t: p.t, dir: p.t.TempDir(), log: &shared.Buffer{}, platform: &shared.Buffer{}}
	settings := strings.ReplaceAll(strings.TrimSpace(crmfake.Settings(p.url+"/api", crmfake.DefaultToken)), "\n", "\n      ")
	h.write("passerelle.yaml", `
hub: e2e
data_dir: data
listen: 127.0.0.1:0
http: {rate_per_token: 5000, burst: 5000}
backup: {recipient: `+p.key.Recipient().String()+`}
connections:
  crm.main:
    type: rest
    allow_private: true
    fields: {prospect.name: name, prospect.phone: phone, prospect.status: status, prospect.comment: comment}
    settings:
      `+settings+`
  phoning.dial:
    type: webhook
    settings: {secrets: ["`+hookSecret+`"]}
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.main, team: floor, principal: acme, rules: always}
people:
  alice: {name: Alice, team: floor, crm: {crm.main: alice}, phoning: {phoning.dial: {login: alice, profile: agent}}}
  sam: {name: Sam, team: floor, phoning: {phoning.console: {login: sam, profile: supervisor}}}
tokens:
  - {person: sam, connection: phoning.console, token: `+sam+`}
policy: policy.yaml
`)
	h.write("policy.yaml", policyText)
	p.t.Cleanup(func() {
		if h.app != nil {
			h.app.Stop()
		}
		if p.t.Failed() {
			p.t.Logf("a hub's log:\n%s", h.log)
		}
	})
	return h
}

// heir is a new hub with the data key of another.
func (p *restPlace) heir(of *hub) *hub {
	p.t.Helper()
	h := p.hub()
	key, err := os.ReadFile(filepath.Join(of.dir, "data", "key"))
	if err != nil {
		p.t.Fatal(err)
	}
	h.write("data/key", string(key))
	return h
}

func (p *restPlace) path(name string) string { return filepath.Join(p.keep, name) }

func (p *restPlace) identity() store.Identity {
	p.t.Helper()
	of, err := store.ReadIdentity(strings.NewReader(p.key.String()))
	if err != nil {
		p.t.Fatal(err)
	}
	return of
}

// backUp has a running hub write a backup.
func (h *hub) backUp(path string) {
	h.t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(h.dir, "data", app.SocketName))
	}}}
	defer client.CloseIdleConnections()
	resp, err := client.Post("http://hub/v1/backup", "", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		h.t.Fatalf("backup: %d %v", resp.StatusCode, err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hub) restore(what app.Restore) (app.Restored, error) {
	h.t.Helper()
	cfg, err := config.Load(filepath.Join(h.dir, "passerelle.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	opts := app.Options{Config: cfg, Registry: all.Registry(), Log: slog.New(slog.DiscardHandler), ClaimTimeout: time.Second}
	return app.RestoreStore(context.Background(), opts, what)
}

// open counts the writes that the CRM has not confirmed.
func (h *hub) open() (n int) {
	var page struct {
		Items []struct{ Writes map[string]int }
	}
	h.operator(http.MethodGet, "/v1/connections", nil, &page)
	for _, c := range page.Items {
		for _, state := range []string{"pending", "relayed", "sending", "sent"} {
			n += c.Writes[state]
		}
	}
	return n
}

func TestABackupUnderLoadIsRestoredOnce(t *testing.T) {
	t.Parallel()
	const prospects = 40
	p := newRestPlace(t, prospects)
	h := p.hub()
	h.start()
	eventually(t, "the leads are there", func() bool { return strings.Count(h.leads(), `"prospect_id"`) == prospects })
	// What the CRM does not answer, or answers after a while, is under way when
	// the backup is taken and when the hub dies.
	p.crm.Misbehave(crmfake.Rule{Fault: crmfake.ResetAfter, Chance: 0.03, Method: http.MethodPost},
		crmfake.Rule{Fault: crmfake.Down, Chance: 0.05, Method: http.MethodPost})
	work := h.load(prospects)
	work.waitFor(80)
	before := work.seen()
	h.backUp(p.path("monday"))
	work.waitFor(len(work.seen()) + 80)
	work.stop()
	work.wg.Wait()
	all := work.seen()
	eventually(t, "the CRM has part of the tail", func() bool { return len(p.crm.All(crmfake.Activities)) > len(before)+10 })
	var checkpoint json.RawMessage
	h.operator(http.MethodGet, "/v1/ledger/checkpoint", nil, &checkpoint)
	h.app.Stop()
	p.crm.Misbehave()

	heir := p.heir(h)
	done, err := heir.restore(app.Restore{File: p.path("monday"), Identity: p.identity()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls before the backup, %d in all; the CRM has %d calls, the backup %d open writes",
		len(before), len(all), len(p.crm.All(crmfake.Activities)), done.Open)
	heir.start()
	for id, event := range before {
		if _, body := heir.post(event); !strings.Contains(body, `"duplicate"`) {
			t.Fatalf("call %s was acknowledged before the backup and is not in it: %s", id, body)
		}
	}
	for id, event := range all {
		if status, body := heir.post(event); status != http.StatusAccepted || strings.Contains(body, `"parked"`) && event["amends"] == nil {
			t.Fatalf("call %s again: %d %s", id, status, body)
		}
	}
	eventually(t, "nothing is on its way", func() bool { return heir.open() == 0 })
	want := 0
	for _, event := range all {
		if event["amends"] == nil {
			want++
		}
	}
	if got := len(p.crm.All(crmfake.Activities)); got != want {
		t.Errorf("%d calls in the CRM, %d were made", got, want)
	}
	if doubles := p.crm.Doubles(); len(doubles) > 0 {
		t.Errorf("%d operations were carried out twice: %v", len(doubles), doubles[:1])
	}
	var verified struct {
		OK       bool
		Restored uint64
	}
	heir.operator(http.MethodPost, "/v1/ledger/verify", checkpoint, &verified)
	if !verified.OK || verified.Restored != done.Line {
		t.Errorf("the ledger against a checkpoint of the life that was lost: %+v, restored at line %d", verified, done.Line)
	}
}

// Whoever is forgotten after a backup was taken is not brought back by it, as
// long as a newer one is beside it or is named.
func TestARestoreForgetsAgain(t *testing.T) {
	t.Parallel()
	p := newRestPlace(t, 3)
	h := p.hub()
	h.start()
	eventually(t, "the leads are there", func() bool { return strings.Count(h.leads(), `"prospect_id"`) == 3 })
	if status, body := h.post(call("e1", 1, "no_answer")); status != http.StatusAccepted {
		t.Fatal(body)
	}
	eventually(t, "the call is in the CRM", func() bool { return h.open() == 0 })
	h.backUp(p.path("monday"))
	ask := map[string]string{"prospect": "crm.main/prospect/1", "motive": "asked to be forgotten"}
	if status := h.operator(http.MethodPost, "/v1/forget", ask, nil); status != http.StatusOK {
		t.Fatalf("forget: %d", status)
	}
	elsewhere := filepath.Join(t.TempDir(), "tuesday")
	h.backUp(elsewhere)
	h.app.Stop()

	for _, c := range []struct {
		name  string
		ready func(*hub)
		what  app.Restore
		again int
	}{
		{"nobody knows", nil, app.Restore{}, 0},
		{"a newer one is named", nil, app.Restore{Lists: []string{elsewhere}}, 1},
		{"the former store knows", func(heir *hub) {
			copyFile(t, filepath.Join(h.dir, "data/store.db"), filepath.Join(heir.dir, "data/store.db"))
		}, app.Restore{Aside: true}, 1},
		{"a newer one lies beside", func(*hub) { copyFile(t, elsewhere, p.path("tuesday")) }, app.Restore{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) { forgetsAgain(t, p, h, c.ready, c.what, c.again) })
	}
}

func forgetsAgain(t *testing.T, p *restPlace, h *hub, ready func(*hub), what app.Restore, again int) {
	heir := p.heir(h)
	if ready != nil {
		ready(heir)
	}
	what.File, what.Identity = p.path("monday"), p.identity()
	done, err := heir.restore(what)
	if err != nil {
		t.Fatal(err)
	}
	if done.Forgotten != again || (len(done.Lists) > 0) != (again > 0) {
		t.Errorf("%d forgotten again, by %v", done.Forgotten, done.Lists)
	}
	heir.start()
	defer heir.app.Stop()
	eventually(t, "the leads are there", func() bool { return strings.Count(heir.leads(), `"prospect_id"`) == 3-again })
	_, body := heir.post(call("e1", 1, "no_answer"))
	if forgotten := strings.Contains(body, `"forgotten"`); forgotten != (again > 0) {
		t.Errorf("a call to them: %s", body)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	p := newRestPlace(t, 1)
	h := p.hub()
	h.start()
	eventually(t, "the lead is there", func() bool { return strings.Count(h.leads(), `"prospect_id"`) == 1 })
	h.backUp(p.path("monday"))
	h.app.Stop()
	for name, c := range map[string]struct {
		spoil func(*hub, *app.Restore)
		want  string
	}{
		"no identity":   {func(_ *hub, r *app.Restore) { r.Identity = store.Identity{} }, "is encrypted"},
		"no data key":   {func(heir *hub, _ *app.Restore) { must(t, os.Remove(filepath.Join(heir.dir, "data/key"))) }, "a backup does not hold the data key"},
		"another key":   {func(heir *hub, _ *app.Restore) { heir.write("data/key", strings.Repeat("QUJD", 10)+"QUI=\n") }, "does not open"},
		"another hub":   {func(heir *hub, _ *app.Restore) { heir.edit("passerelle.yaml", "hub: e2e", "hub: other") }, "two hubs on one past"},
		"in the way":    {func(heir *hub, _ *app.Restore) { heir.write("data/store.db", "something") }, app.ErrInTheWay.Error()},
		"not a backup":  {func(_ *hub, r *app.Restore) { r.File = filepath.Join(h.dir, "policy.yaml") }, "not a backup"},
		"no such list":  {func(_ *hub, r *app.Restore) { r.Lists = []string{p.path("nothing")} }, "no such file"},
		"a broken list": {func(_ *hub, r *app.Restore) { r.Lists = []string{filepath.Join(h.dir, "policy.yaml")} }, "not a backup"},
	} {
		heir := p.heir(h)
		what := app.Restore{File: p.path("monday"), Identity: p.identity()}
		c.spoil(heir, &what)
		_, err := heir.restore(what)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if name != "in the way" {
			if _, err := os.Stat(filepath.Join(heir.dir, "data/store.db")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: a store was put there (%v)", name, err)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hub) edit(name, from, to string) {
	h.t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.dir, name))
	must(h.t.(*testing.T), err)
	h.write(name, strings.Replace(string(raw), from, to, 1))
}
