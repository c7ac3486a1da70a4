package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/test/crmfake"
	"passerelle/test/shared"
)

const writerKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// natsServer is a NATS server of its own; the answer is its address.
func natsServer(t *testing.T) string {
	t.Helper()
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not start")
	}
	return ns.ClientURL()
}

// oauth makes a hub's folder speak to a CRM that sells tokens, over a NATS
// server where writers elsewhere may help.
func oauth(t *testing.T, h *hub, p *restPlace, client *crmfake.Client) {
	t.Helper()
	path := filepath.Join(h.dir, "passerelle.yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fixed := `auth: {header: Authorization, prefix: "Bearer ", value: "` + crmfake.DefaultToken + `"}`
	bought := fmt.Sprintf("auth: {oauth2: {token: %s/oauth/token, client_id: %s, client_secret: %s, refresh_token: %s}}", p.url, client.ID, client.Secret, client.Refresh)
	text := strings.Replace(string(raw), fixed, bought, 1)
	if text == string(raw) {
		t.Fatal("the config does not speak of the credential")
	}
	h.write("passerelle.yaml", text+fmt.Sprintf("nats: {url: %q, writer_key: %s}\n", natsServer(t), writerKey))
}

// runWriter runs a writer of the hub's config in a process of its own, as far
// as the hub can tell, until the test ends.
func runWriter(t *testing.T, h *hub) *shared.Buffer {
	t.Helper()
	cfg, err := config.Load(filepath.Join(h.dir, "passerelle.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	out := &shared.Buffer{}
	log, err := obs.New(out, slog.LevelDebug, obs.FormatText)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := app.RunWriter(ctx, app.Options{Config: cfg, Log: log}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
	return out
}

// The hub alone logs in, with refresh tokens that are good once; a writer
// elsewhere works with what the hub bought. Sessions that the CRM ends in the
// middle cost no call and double none.
func TestOneSessionForHubAndWriter(t *testing.T) {
	t.Parallel()
	const prospects, rounds = 40, 5
	client := &crmfake.Client{ID: "passerelle", Secret: "cs_9f8e7d6c5b4a39281706f5e4d3c2b1a0", Refresh: "rt_17f06e5d4c3b2a190807f6e5d4c3b2a1"}
	p := restPlaceOf(t, prospects, crmfake.Options{Seed: 1, Client: client})
	h := p.hub()
	oauth(t, h, p, client)
	h.start()
	writer := runWriter(t, h)
	eventually(t, "the writer has joined and the leads are known", func() bool {
		status, body := h.post(call("first", 1, "no_answer"))
		return strings.Contains(h.log.String(), "a writer joined") && status == http.StatusAccepted &&
			(strings.Contains(body, `"recorded"`) || strings.Contains(body, `"duplicate"`))
	})
	for round := range rounds {
		for i := range prospects {
			if status, body := h.post(call(fmt.Sprintf("e%d-%d", round, i), i, "no_answer")); status != http.StatusAccepted {
				t.Fatalf("%d: %s", status, body)
			}
		}
		p.crm.EndSessions()
	}
	const want = prospects*rounds + 1
	eventually(t, "every call is in the CRM", func() bool { return len(p.crm.All(crmfake.Activities)) >= want })
	if n := len(p.crm.All(crmfake.Activities)); n != want || len(p.crm.Doubles()) > 0 {
		t.Errorf("%d calls in the CRM, want %d; doubled %v", n, want, p.crm.Doubles())
	}
	if n := p.crm.Logins(); n < 2 || n > 2*rounds+2 {
		t.Errorf("%d logins for %d sessions", n, rounds+1)
	}
	if !strings.Contains(writer.String(), "level=") {
		t.Error("the writer has logged nothing")
	}
	for _, hidden := range []string{client.Secret, client.Refresh, "token-", "refresh-"} {
		if strings.Contains(h.log.String(), hidden) || strings.Contains(writer.String(), hidden) {
			t.Errorf("%q shows in a log", hidden)
		}
	}
	logins := p.crm.Logins()
	h.app.Stop()
	h.start()
	h.post(call("after", 2, "no_answer"))
	eventually(t, "a call after a restart is in the CRM", func() bool { return len(p.crm.All(crmfake.Activities)) == want+1 })
	if n := p.crm.Logins(); n > logins+1 {
		t.Errorf("a restart took %d logins", n-logins)
	}
}
