package app_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/api"
	"passerelle/internal/app"
	"passerelle/internal/secret"
)

// socket asks the handlers of the closed store as the operator.
func (f folder) socket(method, path string) (out api.Keys) {
	f.t.Helper()
	h, stop, err := app.Local(f.t.Context(), app.Options{Config: f.config(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.t.Fatal(err)
	}
	defer stop()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, http.NoBody))
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		f.t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	return out
}

// running asks the hub that runs.
func (f folder) running(path string) (out api.Keys) {
	f.t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", f.path("data/"+app.SocketName))
		},
	}}
	resp, err := client.Get("http://hub" + path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		f.t.Fatal(err)
	}
	return out
}

// startUntil starts a hub and waits until its log has said something.
func (f folder) startUntil(said string) *app.App {
	f.t.Helper()
	line := heard{said, make(chan struct{}, 1)}
	hub, err := app.New(context.Background(), app.Options{Config: f.config(), Log: slog.New(slog.NewTextHandler(line, nil))})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(hub.Stop)
	if err := hub.Start(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	select {
	case <-line.told:
	case <-time.After(10 * time.Second):
		f.t.Fatalf("the log does not say %q", said)
	}
	return hub
}

// heard is a log that listens for one line.
type heard struct {
	line string
	told chan struct{}
}

func (h heard) Write(p []byte) (int, error) {
	if strings.Contains(string(p), h.line) {
		select {
		case h.told <- struct{}{}:
		default:
		}
	}
	return len(p), nil
}

func (f folder) key() string {
	f.t.Helper()
	raw, err := os.ReadFile(f.path("data/key"))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(raw)
}

// one is a ring whose only key has sealed what a fresh store holds.
func (f folder) one(id string) api.Keys {
	return api.Keys{Current: id, File: f.path("data/key"), Uses: []api.KeyUses{{ID: id, State: "current", Records: 1}}}
}

func TestRotateKey(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.mustStart().Stop()
	before := f.socket(http.MethodGet, "/v1/keys")
	if diff := cmp.Diff(f.one(before.Current), before); diff != "" {
		t.Fatal(diff)
	}
	after := f.socket(http.MethodPost, "/v1/keys/rotate")
	if diff := cmp.Diff(f.one(after.Current), after); diff != "" || after.Current == before.Current {
		t.Fatalf("from %s to %s: %s", before.Current, after.Current, diff)
	}
	if strings.Count(f.key(), "\n") != 1 {
		t.Error("the file holds another key still")
	}
	f.mustStart()
}

// A rotation that was cut off, before or after it had sealed records again, is
// finished by the next start.
func TestARotationCutOffIsFinished(t *testing.T) {
	t.Parallel()
	for _, resealed := range []bool{false, true} {
		f := newFolder(t)
		f.mustStart().Stop()
		old := f.key()
		key, err := secret.LoadOrCreateKey(f.path("data/key"))
		if err != nil {
			t.Fatal(err)
		}
		if resealed {
			f.socket(http.MethodPost, "/v1/keys/rotate")
			f.write("data/key", f.key()+old)
		} else if err := key.Renew(f.path("data/key")); err != nil {
			t.Fatal(err)
		}
		hub := f.startUntil("the replaced data keys were dropped")
		if strings.Count(f.key(), "\n") != 1 {
			t.Fatalf("resealed %v: two keys are left", resealed)
		}
		hub.Stop()
		if now := f.socket(http.MethodGet, "/v1/keys"); cmp.Diff(f.one(now.Current), now) != "" || f.key() == old {
			t.Errorf("resealed %v: %+v", resealed, now)
		}
	}
}

// Keys that the config gives are replaced there, and dropped there.
func TestAKeyOfTheConfigIsItsAuthors(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.mustStart().Stop()
	old := f.key()
	f.write("passerelle.yaml", "key: ${file:keys}\n"+strings.Replace(configText, "%s", "127.0.0.1:0", 1))
	f.write("keys", strings.Repeat("ab", 32)+"\n"+old)
	f.startUntil("take them out of the config")
	now := f.running("/v1/keys")
	states := map[string]int{}
	for _, use := range now.Uses {
		states[use.State] = use.Records
	}
	if now.File != "" || !cmp.Equal(states, map[string]int{"current": 1, "old": 0}) {
		t.Fatalf("nothing was sealed again: %+v", now)
	}
}
