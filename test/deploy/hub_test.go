package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/test/shared"
)

var eventually = shared.Eventually

// startHub runs the first example, on a port of its own.
func startHub(t *testing.T) (base string) {
	t.Helper()
	dir, file := example(t, "deploy/examples/first")
	text := strings.Replace(read(t, "deploy/examples/first/passerelle.yaml"), "127.0.0.1:8080", "127.0.0.1:0", 1)
	write(t, file, fillIn(text))
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	hub, err := app.New(t.Context(), app.Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Stop)
	if err := hub.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return "http://" + hub.Addr().String()
}

// call posts a finished call as the dialler does.
func call(t *testing.T, base, prospect string) (answer string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"event_id": "e-" + prospect, "occurred_at": "2026-11-20T10:00:00+01:00", "connection": "phoning.dialler", "campaign": "renewal",
		"prospect_id": prospect, "agent": "alice", "technical": "answered", "disposition": "not_interested",
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := standardwebhooks.NewWebhook(anySecret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	sig, err := key.Sign("e", now, body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, base+"/hooks/phoning.dialler", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("webhook-id", "e")
	req.Header.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	req.Header.Set("webhook-signature", sig)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return bodyOf(t, resp)
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return bodyOf(t, resp)
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
