package crmfake

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Moved is what a CRM answers under the old id of a prospect that was merged
// into another or renumbered.
type Moved string

// The ways of an old id.
const (
	MovedGone     Moved = "gone"     // 404
	MovedRedirect Moved = "redirect" // 301 to the new one
	MovedShown    Moved = "shown"    // the record with its new id
)

type move struct {
	to  string
	how Moved
}

// Renumber gives a prospect another id, as a merge does; its calls and
// appointments go with it.
func (s *Server) Renumber(id, to string, how Moved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(Prospects, to, maps.Clone(s.tables[Prospects].byID[id].Fields))
	s.remove(Prospects, id)
	for _, name := range []string{Activities, Appointments} {
		for _, r := range s.tables[name].order {
			if r.Fields["prospect_id"] == id {
				s.store(name, r.ID, map[string]any{"prospect_id": to})
			}
		}
	}
	s.moved[id] = move{to, how}
}

// followMove answers for a prospect that has moved; false: it has not.
func (s *Server) followMove(w http.ResponseWriter, r *http.Request) bool {
	id, is := strings.CutPrefix(r.URL.Path, "/api/prospects/")
	s.mu.Lock()
	m, has := s.moved[id]
	s.mu.Unlock()
	if !is || !has || !s.authorized(r) {
		return false
	}
	target := *r.URL
	target.Path = "/api/prospects/" + m.to
	switch m.how {
	case MovedRedirect:
		http.Redirect(w, r, target.RequestURI(), http.StatusMovedPermanently)
		return true
	case MovedShown:
		again := r.Clone(r.Context())
		again.URL = &target
		s.mux.ServeHTTP(w, again)
		return true
	}
	return false
}

// Backup is what the CRM held at a moment.
type Backup struct {
	tables map[string][]Record
	order  int
}

// Backup copies everything.
func (s *Server) Backup() Backup {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Backup{tables: map[string][]Record{}, order: s.order}
	for name, t := range s.tables {
		for _, r := range t.order {
			b.tables[name] = append(b.tables[name], r.copy())
		}
	}
	return b
}

// Restore puts a backup back, as somebody does who has lost the CRM's disk:
// what came since is gone, and its ids are given again. A server with a journal
// cannot be set back.
func (s *Server) Restore(b Backup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal != nil {
		panic("crmfake: a journal cannot be set back")
	}
	s.order = b.order
	for name, records := range b.tables {
		t := s.tables[name]
		t.byID, t.order = map[string]*Record{}, nil
		for _, r := range records {
			kept := r.copy()
			t.byID[r.ID] = &kept
			t.order = append(t.order, &kept)
		}
	}
}

// Enter makes a record as somebody at the CRM's own screen would, and answers
// its id.
func (s *Server) Enter(table string, fields map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store(table, "", fields).ID
}

// twice carries a write out twice and answers twice, as a gateway that sends
// again does.
func (s *Server) twice(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "", "the request is too large")
		return
	}
	var both bytes.Buffer
	for range 2 {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		s.mux.ServeHTTP(answer, again)
		fmt.Fprintf(&both, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			answer.Code, http.StatusText(answer.Code), answer.Body.Len(), answer.Body)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_, _ = conn.Write(both.Bytes()) // the client may be gone
}

// hangLate never answers, and carries the write out long after.
func (s *Server) hangLate(r *http.Request, rule Rule) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	again := r.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	s.late.Go(func() {
		s.wait(again, rule.Delay)
		s.mux.ServeHTTP(httptest.NewRecorder(), again)
	})
	s.hang(r)
}
