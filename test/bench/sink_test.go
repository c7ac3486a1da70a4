package bench

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// sink is a CRM that costs next to nothing: it lists prospects, takes calls,
// finds them again and counts them.
type sink struct {
	*httptest.Server
	away atomic.Bool // answers 503 to writes

	mu      sync.Mutex
	calls   map[string]bool // by operation
	doubled int
	changed chan struct{} // told of each call, if somebody waits
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{calls: map[string]bool{}, changed: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/prospects", s.list)
	mux.HandleFunc("POST /api/activities", s.take)
	mux.HandleFunc("GET /api/activities", s.find)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// page is how many prospects are listed at once.
const page = 100

func (s *sink) list(w http.ResponseWriter, r *http.Request) {
	from := 0
	_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &from) // none: the first page
	to := min(from+page, leads)
	var items []string
	for n := from; n < to; n++ {
		items = append(items, fmt.Sprintf(`{"id":"%s","name":"Société %d","phone":"01 99 %02d %02d %02d","status":"new","comment":"","city":"Lyon"}`,
			prospectID(n), n, n/10000%100, n/100%100, n%100))
	}
	next := "null"
	if to < leads {
		next = fmt.Sprintf(`"%d"`, to)
	}
	answer(w, http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s}`, strings.Join(items, ","), next))
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

var operation = regexp.MustCompile(`"operation_id": ?"([^"]+)"`)

func (s *sink) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	found := operation.FindSubmatch(body)
	if err != nil || found == nil || s.away.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s.mu.Lock()
	if s.calls[string(found[1])] {
		s.doubled++
	}
	s.calls[string(found[1])] = true
	id := len(s.calls)
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	answer(w, http.StatusCreated, fmt.Sprintf(`{"data":{"id":"%d"}}`, id))
}

// find answers which of the operations asked for are there.
func (s *sink) find(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query().Get("operation_ids") + r.URL.Query().Get("operation_id")
	var items []string
	s.mu.Lock()
	for id := range strings.SplitSeq(asked, ",") {
		if s.calls[id] {
			items = append(items, fmt.Sprintf(`{"id":"%s","operation_id":"%s","changes":""}`, id, id))
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, `{"data":[`+strings.Join(items, ",")+`]}`)
}

// arrived is how many calls the CRM has, and how many it was given twice.
func (s *sink) arrived() (calls, doubled int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls), s.doubled
}
