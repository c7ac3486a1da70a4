package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"passerelle/internal/problem"
)

// Trace is the outermost middleware: it names the request, finds the client's
// address, writes the access log and answers 500 for a handler that panics.
//
// The log has the route's pattern instead of the path, because a path may hold
// an id, or the secret part of a hook's address.
func (g *Guard) Trace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now() // a duration: the wall clock's monotonic part, not the given one
		v := &visit{id: rand.Text(), client: clientAddr(r, g.opts.Hops)}
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		answer := &recorder{ResponseWriter: w}
		answer.Header().Set("X-Request-Id", v.id)
		defer func() {
			cause := recover()
			if cause != nil && cause != http.ErrAbortHandler {
				g.panicked(answer, r, v, cause)
			}
			g.served(answer, r, v, time.Since(start))
			if cause == http.ErrAbortHandler {
				panic(cause) // net/http closes the connection
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// panicked logs where, not with what: a panic's text may hold a value.
func (g *Guard) panicked(w *recorder, r *http.Request, v *visit, cause any) {
	g.opts.Log.Error("a request handler panicked", "request", v.id, "kind", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
	if w.status == 0 {
		problem.Write(w, r, problem.Internal())
	}
}

func (g *Guard) served(w *recorder, r *http.Request, v *visit, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK // what net/http sends for a handler that wrote nothing
	}
	route := g.opts.Route(r)
	g.opts.Served(route, status, took)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	client := "local"
	if v.client.IsValid() {
		client = v.client.String()
	}
	g.opts.Log.Log(r.Context(), level, "request",
		"request", v.id, "method", method(r.Method), "route", route, "status", status,
		"bytes", w.bytes, "took", took, "client", client, "actor", v.actor)
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// method is a method that exists; a client may send any text.
func method(m string) string {
	if slices.Contains(methods, m) {
		return m
	}
	return "other"
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK { // 1xx come before the answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] flush and set deadlines.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
