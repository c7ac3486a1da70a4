package obs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// checkTimeout bounds all checks of one look together.
const checkTimeout = 2 * time.Second

var errStarting = errors.New("has not started yet")

// Health is what the bridge needs to do its work, each under a name. It is
// safe for concurrent use.
type Health struct {
	mu     sync.Mutex
	states map[string]error
	checks map[string]func(context.Context) error
}

// NewHealth makes a health whose names are not ready until [Health.Set] says
// so.
func NewHealth(names ...string) *Health {
	h := &Health{states: map[string]error{}, checks: map[string]func(context.Context) error{}}
	for _, n := range names {
		h.states[n] = errStarting
	}
	return h
}

// Set says that the name is ready, or with an error why not: in words for the
// integrator, without secrets or values.
func (h *Health) Set(name string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states[name] = err
}

// Check asks a function at every look instead. It must answer at once.
func (h *Health) Check(name string, fn func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.states, name)
	h.checks[name] = fn
}

// NotReady is one name that is not ready and why.
type NotReady struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// NotReady lists what is not ready, by name; empty is ready.
func (h *Health) NotReady(ctx context.Context) []NotReady {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	out := []NotReady{}
	for name, err := range h.look(ctx) {
		if err != nil {
			out = append(out, NotReady{name, err.Error()})
		}
	}
	slices.SortFunc(out, func(a, b NotReady) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// look asks the functions outside the lock: one of them may want to Set.
func (h *Health) look(ctx context.Context) map[string]error {
	h.mu.Lock()
	found, checks := maps.Clone(h.states), maps.Clone(h.checks)
	h.mu.Unlock()
	for name, fn := range checks {
		found[name] = fn(ctx)
	}
	return found
}

// Live serves /livez: the process answers, nothing more.
func (h *Health) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]bool{"live": true})
	})
}

// Ready serves /readyz: 200, or 503 with what is not ready.
func (h *Health) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		missing := h.NotReady(r.Context())
		status := http.StatusOK
		if len(missing) > 0 {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, struct {
			Ready    bool       `json:"ready"`
			NotReady []NotReady `json:"not_ready"`
		}{len(missing) == 0, missing})
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
