package obs

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(h http.Handler) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := NewHealth("store", "nats")
	expect := func(when string, status int, body string) {
		t.Helper()
		if gotStatus, got := get(h.Ready()); gotStatus != status || got != body {
			t.Errorf("%s: %d %s; want %d %s", when, gotStatus, got, status, body)
		}
		if gotStatus, got := get(h.Live()); gotStatus != http.StatusOK || got != `{"live":true}` {
			t.Errorf("%s: livez %d %s", when, gotStatus, got)
		}
	}
	expect("at the start", 503, `{"ready":false,"not_ready":[{"name":"nats","reason":"has not started yet"},{"name":"store","reason":"has not started yet"}]}`)
	h.Set("store", nil)
	h.Set("nats", errors.New("not connected to nats.example: connection refused"))
	expect("without NATS", 503, `{"ready":false,"not_ready":[{"name":"nats","reason":"not connected to nats.example: connection refused"}]}`)

	connected := false
	h.Check("nats", func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			return errors.New("asked without a deadline")
		}
		if connected {
			return nil
		}
		return errors.New("not connected")
	})
	expect("a function says no", 503, `{"ready":false,"not_ready":[{"name":"nats","reason":"not connected"}]}`)
	connected = true
	expect("all is well", 200, `{"ready":true,"not_ready":[]}`)
	h.Set("disk", errors.New("less than 100 MB free"))
	expect("a name that came later", 503, `{"ready":false,"not_ready":[{"name":"disk","reason":"less than 100 MB free"}]}`)
}
