package identity

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"passerelle/internal/obs"
)

func TestTrace(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := obs.New(&out, slog.LevelInfo, obs.FormatText)
	if err != nil {
		t.Fatal(err)
	}
	var gotRoute string
	var gotStatus int
	g := guard(t, func(o *Options) {
		o.Log, o.Hops = log, 1
		o.Served = func(route string, status int, _ time.Duration) { gotRoute, gotStatus = route, status }
	})
	mux := http.NewServeMux()
	var id string
	mux.Handle("POST /hooks/{connection}", g.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id = RequestID(r.Context())
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "thanks")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
	})))
	r := httptest.NewRequest(http.MethodPost, "/hooks/canary-path?q=canary-query", strings.NewReader("canary-body"))
	r.Header.Set("Authorization", "Bearer "+aliceToken)
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	r.Header.Set("X-Request-Id", "canary-id")
	w := serve(g.Trace(mux), r)
	if w.Code != 202 || id == "" || w.Header().Get("X-Request-Id") != id {
		t.Fatalf("%d, id %q, header %v", w.Code, id, w.Header())
	}
	line := out.String()
	for _, want := range []string{"request=" + id, "method=POST", `route="POST /hooks/{connection}"`, "status=202", "bytes=6", "client=203.0.113.7", "actor=alice"} {
		if !strings.Contains(line, want) {
			t.Errorf("the access log lacks %q: %s", want, line)
		}
	}
	for _, leak := range []string{"canary", aliceToken, "withheld"} {
		if strings.Contains(line, leak) {
			t.Errorf("the access log holds %q: %s", leak, line)
		}
	}
	if gotRoute != "POST /hooks/{connection}" || gotStatus != 202 {
		t.Errorf("served %q %d", gotRoute, gotStatus)
	}
}

func TestTraceStatuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		handler http.HandlerFunc
		status  int
	}{
		{"nothing written", func(http.ResponseWriter, *http.Request) {}, 200},
		{"only a body", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, 200},
		{"an early hint first", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(404) }, 404},
		{"a panic", func(http.ResponseWriter, *http.Request) { panic("canary") }, 500},
		{"a panic after the answer began", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202); panic("canary") }, 202},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			status := 0
			g := guard(t, func(o *Options) {
				o.Log = slog.New(slog.NewTextHandler(&out, nil))
				o.Served = func(_ string, s int, _ time.Duration) { status = s }
			})
			w := serve(g.Trace(c.handler), httptest.NewRequest("BREW", "/", nil))
			if status != c.status {
				t.Errorf("served %d; want %d", status, c.status)
			}
			if strings.Contains(c.name, "panic") != strings.Contains(out.String(), "guard_test.go") {
				t.Errorf("the log does not say where: %s", out.String())
			}
			if strings.Contains(out.String()+w.Body.String(), "canary") || strings.Contains(out.String(), "BREW") {
				t.Errorf("a value got out: %s %s", out.String(), w.Body)
			}
		})
	}
}

func TestTraceKeepsAborts(t *testing.T) {
	t.Parallel()
	served := false
	g := guard(t, func(o *Options) { o.Served = func(string, int, time.Duration) { served = true } })
	defer func() {
		if recover() != http.ErrAbortHandler || !served {
			t.Error("an aborted handler must abort the connection, and be counted")
		}
	}()
	serve(g.Trace(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), request(""))
}
