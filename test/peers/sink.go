package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// prospects is how many the CRM has.
const prospects = 512

// sink is the CRM: it stores every call it is told, however often, and finds
// calls by their operation.
type sink struct {
	addr string

	mu       sync.Mutex
	away     bool
	stored   map[string]int // calls by the id that the load gave them
	byOp     map[string]map[string]any
	last     time.Time // when a call came that was not there yet
	refused  int       // requests while away
	requests int
}

func newSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{addr: l.Addr().String(), stored: map[string]int{}, byOp: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/activities", s.create)
	mux.HandleFunc("GET /api/activities", s.find)
	mux.HandleFunc("GET /api/prospects", s.list)
	mux.HandleFunc("GET /api/me", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, map[string]any{}) })
	go func() { _ = http.Serve(l, s.present(mux)) }() // to the end of the process
	return s, nil
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be dead
}

// present refuses everything while the CRM is away.
func (s *sink) present(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests++
		away := s.away
		if away {
			s.refused++
		}
		s.mu.Unlock()
		if away {
			_, _ = io.Copy(io.Discard, r.Body)
			reply(w, http.StatusServiceUnavailable, map[string]any{"error": "away"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *sink) create(w http.ResponseWriter, r *http.Request) {
	var call map[string]any
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	note, _ := call["note"].(string)
	id, _, _ := strings.Cut(note, " ")
	if _, there := call["secret"]; there || id == "" {
		reply(w, http.StatusUnprocessableEntity, map[string]any{"error": "no id, or a field that must not be here"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored[id]++; s.stored[id] == 1 {
		s.last = time.Now()
	}
	if op, _ := call["operation_id"].(string); op != "" {
		call["id"] = op
		s.byOp[op] = call
	}
	reply(w, http.StatusCreated, map[string]any{"id": id})
}

func (s *sink) find(w http.ResponseWriter, r *http.Request) {
	asked := strings.Split(r.URL.Query().Get("operation_ids")+","+r.URL.Query().Get("operation_id"), ",")
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []map[string]any{}
	for _, op := range asked {
		if call, ok := s.byOp[op]; ok {
			found = append(found, call)
		}
	}
	reply(w, http.StatusOK, map[string]any{"data": found})
}

func (s *sink) list(w http.ResponseWriter, r *http.Request) {
	all := make([]map[string]any, prospects)
	for i := range all {
		all[i] = map[string]any{"id": fmt.Sprint(i), "name": fmt.Sprintf("Société %d", i), "phone": fmt.Sprintf("01 99 00 %02d %02d", i/100, i%100)}
	}
	reply(w, http.StatusOK, map[string]any{"data": all, "next": nil})
}

func (s *sink) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// has says how many calls are there, and when the last new one came.
func (s *sink) has() (n int, last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.stored), s.last
}

// judge compares what was acknowledged with what is there.
func (s *sink) judge(acked []string) (lost, doubled int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range acked {
		if s.stored[id] == 0 {
			lost++
		}
	}
	for times := range maps.Values(s.stored) {
		if times > 1 {
			doubled++
		}
	}
	return lost, doubled
}

// missing says whether an acknowledged call is not there yet.
func (s *sink) missing(acked []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(acked, func(id string) bool { return s.stored[id] == 0 })
}
