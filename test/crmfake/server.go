package crmfake

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// The tables of the CRM.
const (
	Prospects    = "prospects"
	Activities   = "activities"
	Appointments = "appointments"
)

// Options make a server. The zero Options are a server in memory that takes
// [DefaultToken].
type Options struct {
	Token   string            // "" is DefaultToken
	Client  *Client           // nil: the fixed token is the only credential
	Dir     string            // of the journal; "" keeps everything in memory
	Seed    uint64            // of the faults' dice
	Fields  map[string]string // a prospect's fields and their types (string, integer, number, boolean); nil is DefaultFields
	PageMax int               // records of a page at most; 0 is 100
}

// DefaultToken is taken where the options name none.
const DefaultToken = "crmfake-token-a1b2c3d4e5"

// DefaultFields are a prospect's fields where the options name none.
func DefaultFields() map[string]string {
	return map[string]string{
		"list": "string", "name": "string", "first_name": "string", "last_name": "string", "company": "string",
		"phone": "string", "mobile": "string", "email": "string", "city": "string", "comment": "string",
		"status": "string", "lead_status": "string", "last_disposition": "string", "attempts": "integer", "score": "integer",
		"revenue": "number", "owner_id": "string", "opt_in": "boolean", "do_not_call": "boolean", "do_not_call_motive": "string",
		"confidential_note": "string",
	}
}

// Record is a record as the CRM stores it.
type Record struct {
	ID      string         `json:"id"`
	Fields  map[string]any `json:"fields"` // string, float64, bool or nil
	Version int            `json:"version"`
	Order   int            `json:"order"` // of arrival, over all tables
	Gone    bool           `json:"gone,omitempty"`
}

func (r *Record) copy() Record {
	c := *r
	c.Fields = maps.Clone(r.Fields)
	return c
}

// Request is a request as it arrived.
type Request struct {
	Method, Path string
	Fields       []string // asked for in "fields"; nil if it named none
	Fault        Fault    // what was done to it, if anything
	At           time.Time
}

// Server is the CRM. It is an [http.Handler] and safe for concurrent use.
type Server struct {
	token   string
	client  *Client
	fields  map[string]string
	pageMax int
	mux     *http.ServeMux
	closed  chan struct{}
	late    sync.WaitGroup // writes that a lie has put off

	mu        sync.Mutex
	tables    map[string]*table
	order     int
	journal   *os.File
	requests  []Request
	users     []User
	frozen    map[string]bool   // fields of prospects that the credential may not write
	locked    map[string]string // prospect → who has it open
	moved     map[string]move   // by the old id of a prospect
	rules     []*rule
	dice      *rand.Rand
	throttle  *rate.Limiter
	throttled int
	granted   grants
}

type table struct {
	prefix string // of its ids
	byID   map[string]*Record
	order  []*Record
}

// New makes a server, with what its folder holds.
func New(o Options) (*Server, error) {
	s := &Server{
		token: o.Token, client: o.Client, fields: o.Fields, pageMax: o.PageMax,
		closed: make(chan struct{}),
		tables: map[string]*table{
			Prospects:    {prefix: "p", byID: map[string]*Record{}},
			Activities:   {prefix: "a", byID: map[string]*Record{}},
			Appointments: {prefix: "m", byID: map[string]*Record{}},
		},
		frozen: map[string]bool{}, locked: map[string]string{}, moved: map[string]move{},
		dice: rand.New(rand.NewPCG(o.Seed, 0)),
	}
	if s.client != nil {
		s.granted.refresh = s.client.Refresh
	}
	if s.token == "" {
		s.token = DefaultToken
	}
	if s.fields == nil {
		s.fields = DefaultFields()
	}
	if s.pageMax == 0 {
		s.pageMax = 100
	}
	s.mux = s.routes()
	if o.Dir == "" {
		return s, nil
	}
	return s, s.open(o.Dir)
}

// Start makes a server that listens on loopback until the test ends. Its
// second result is the address of its API.
func Start(t testing.TB, o Options) (*Server, string) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.CloseClientConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		h.Close()
	})
	return s, h.URL + "/api"
}

// Close lets hanging requests go, waits for late writes and closes the journal.
func (s *Server) Close() error {
	close(s.closed)
	s.late.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	return s.journal.Close()
}

// Put stores a prospect, new or not, as if it had always been there.
func (s *Server) Put(id string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(Prospects, id, fields)
}

// EditByPerson changes a field of a prospect as somebody at the CRM's own
// screen would. An unknown prospect or field is a mistake of the test.
func (s *Server) EditByPerson(id, field string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.fields[field]; !known || s.tables[Prospects].byID[id] == nil {
		panic("crmfake: no prospect " + id + " with a field " + field)
	}
	s.store(Prospects, id, map[string]any{field: value})
}

// Remove deletes a record as somebody at the CRM's own screen would.
func (s *Server) Remove(table, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(table, id)
}

// Lock makes writes to a prospect fail with a 409 that names who has it open;
// "" lifts it.
func (s *Server) Lock(id, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked[id] = who
}

// store creates or changes a record; s.mu is held. An empty id makes one.
func (s *Server) store(name, id string, fields map[string]any) *Record {
	t := s.tables[name]
	if id == "" {
		id = t.prefix + strconv.Itoa(s.order+1)
	}
	r := t.byID[id]
	if r == nil {
		r = &Record{ID: id, Fields: map[string]any{}}
		t.byID[id] = r
		t.order = append(t.order, r)
		s.order++
		r.Order = s.order
	}
	maps.Copy(r.Fields, fields)
	r.Version++
	r.Gone = false
	s.write(name, *r)
	return r
}

func (s *Server) remove(name, id string) {
	if r := s.tables[name].byID[id]; r != nil {
		r.Gone = true
		r.Version++
		s.write(name, *r)
	}
}

// live gives a record that is there; s.mu is held.
func (s *Server) live(name, id string) *Record {
	if r := s.tables[name].byID[id]; r != nil && !r.Gone {
		return r
	}
	return nil
}

// All lists a table's records in the order of their arrival.
func (s *Server) All(name string) []Record {
	return s.where(name, func(*Record) bool { return true })
}

// Of lists the records of a table that belong to a prospect, in the order of
// their arrival.
func (s *Server) Of(name, prospect string) []Record {
	return s.where(name, func(r *Record) bool { return r.Fields["prospect_id"] == prospect })
}

func (s *Server) where(name string, keep func(*Record) bool) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Record
	for _, r := range s.tables[name].order {
		if !r.Gone && keep(r) {
			out = append(out, r.copy())
		}
	}
	return out
}

// Get gives a record.
func (s *Server) Get(name, id string) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.live(name, id); r != nil {
		return r.copy(), true
	}
	return Record{}, false
}

// ByOperation counts the activities and appointments of each operation id.
func (s *Server) ByOperation() map[string]int {
	counts := map[string]int{}
	for _, name := range []string{Activities, Appointments} {
		for _, r := range s.All(name) {
			if op, ok := r.Fields["operation_id"].(string); ok {
				counts[op]++
			}
		}
	}
	return counts
}

// Doubles lists the operation ids that are stored more than once.
func (s *Server) Doubles() []string {
	var out []string
	for op, n := range s.ByOperation() {
		if n > 1 {
			out = append(out, op)
		}
	}
	slices.Sort(out)
	return out
}

// Requests lists the requests so far, in the order of their arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// FieldsAsked counts how often each field of a prospect was asked for, its id
// apart. A request that named no fields asked for all of them.
func (s *Server) FieldsAsked() map[string]int {
	asked := map[string]int{}
	for _, r := range s.Requests() {
		names := r.Fields
		if names == nil && r.Method == http.MethodGet && isProspects(r.Path) {
			names = slices.Collect(maps.Keys(s.fields))
		}
		for _, f := range names {
			if f != "id" {
				asked[f]++
			}
		}
	}
	return asked
}

// Settle waits until every write that a lie has put off is stored.
func (s *Server) Settle() { s.late.Wait() }
