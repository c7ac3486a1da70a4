package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options make a server.
type Options struct {
	Zone *time.Location   // of PHP and the database; nil is UTC
	Now  func() time.Time // nil is time.Now

	// Version is "" for 22.0.4. Before 22 an empty list of third parties is said
	// in other words, and a change empties the extra fields that it does not name;
	// before 21 lists tell no totals, before 20 a missing right is a 401, before 19
	// lists show everything.
	Version string
}

// Server is the CRM. It is an [http.Handler] and safe for concurrent use.
type Server struct {
	zone    *time.Location
	now     func() time.Time
	version string
	mux     *http.ServeMux

	mu         sync.Mutex
	users      []*User
	groups     []*Group
	categories []*category
	parties    map[int]*party
	events     map[int]*event
	extras     map[string][]extraField // by table
	statuses   map[int]string          // the dictionary of prospect statuses
	next       map[string]int
	asked      map[string]bool // properties that lists of third parties were asked for
	requests   []string
}

// New makes a server with the dictionaries that Dolibarr ships with and one
// administrator, whose key is AdminKey.
func New(o Options) *Server {
	s := &Server{
		zone: o.Zone, now: o.Now, version: or(o.Version, "22.0.4"),
		parties: map[int]*party{}, events: map[int]*event{}, extras: map[string][]extraField{},
		statuses: map[int]string{-1: "Do not contact", 0: "Never contacted", 1: "To contact", 2: "Contact in process", 3: "Contacted"},
		next:     map[string]int{}, asked: map[string]bool{},
	}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.users = []*User{{ID: 1, Login: "admin", Key: AdminKey, Last: "SuperAdmin", Admin: true}}
	s.next["user"] = 1
	s.mux = s.routes()
	return s
}

// AdminKey is the administrator's.
const AdminKey = "fake-admin-4f5e6d7c8b9a"

const root = "/api/index.php"

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	on := func(pattern string, do func(*call)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+root+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, do) })
	}
	on("GET /login", (*call).login)
	on("GET /status", (*call).status)
	on("GET /thirdparties", (*call).listParties)
	on("POST /thirdparties", (*call).createParty)
	on("GET /thirdparties/{id}", (*call).readParty)
	on("PUT /thirdparties/{id}", (*call).updateParty)
	on("DELETE /thirdparties/{id}", (*call).deleteParty)
	on("PUT /thirdparties/{id}/categories/{category}", (*call).joinCategory)
	on("POST /thirdparties/{id}/representative/{user}", (*call).addRepresentative)
	on("GET /thirdparties/{id}/representatives", (*call).representatives)
	on("GET /categories", (*call).listCategories)
	on("POST /categories", (*call).createCategory)
	on("GET /categories/{id}", (*call).readCategory)
	on("GET /agendaevents", (*call).listEvents)
	on("POST /agendaevents", (*call).createEvent)
	on("GET /agendaevents/{id}", (*call).readEvent)
	on("PUT /agendaevents/{id}", (*call).updateEvent)
	on("DELETE /agendaevents/{id}", (*call).deleteEvent)
	on("POST /contacts", (*call).createContact)
	on("GET /users", (*call).listUsers)
	on("POST /users", (*call).createUser)
	on("GET /users/info", (*call).ownUser)
	on("GET /users/{id}", (*call).readUser)
	on("GET /users/groups", (*call).listGroups)
	on("GET /users/{id}/{part}", (*call).groupsOrGroup)
	on("GET /setup/extrafields", (*call).listExtraFields)
	on("POST /setup/extrafields/{table}/{code}", (*call).createExtraField)
	on("GET /setup/dictionary/event_types", (*call).eventTypes)
	return mux
}

// call is one request: who asks, and the answer.
type call struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	user *User
	body map[string]any
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+strings.TrimPrefix(r.URL.Path, root))
	c := &call{Server: s, w: w, r: r}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		c.unknown()
		return
	}
	s.mux.ServeHTTP(w, r)
}

// unknown answers what no route takes: by the resource, as Restler does.
func (c *call) unknown() {
	resource, _, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, root+"/"), "/")
	switch resource {
	case "status", "thirdparties", "categories", "agendaevents", "users", "setup", "contacts", "login":
		c.refuse(http.StatusNotFound, "")
	default:
		c.w.WriteHeader(http.StatusNotImplemented)
		_, _ = io.WriteString(c.w, "API not found (failed to include API file)")
	}
}

// serve authenticates, decodes and answers; s.mu is held.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, do func(*call)) {
	c := &call{Server: s, w: w, r: r}
	if r.URL.Path != root+"/login" && !c.authenticate() {
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if len(raw) > 0 && json.Unmarshal(raw, &c.body) != nil {
		c.refuse(http.StatusBadRequest, "Error encoding/decoding JSON: Syntax error")
		return
	}
	do(c)
}

func (c *call) authenticate() bool {
	key := c.r.Header.Get("DOLAPIKEY")
	if key == "" {
		key = strings.TrimPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	}
	if key == "" {
		key = c.r.URL.Query().Get("DOLAPIKEY")
	}
	if key == "" {
		c.refuse(http.StatusUnauthorized, "Failed to login to API. Neither parameter 'HTTP_DOLAPIKEY' nor 'Authentication: Bearer' found on HTTP header (and no parameter DOLAPIKEY in URL).")
		return false
	}
	for _, u := range c.users {
		if u.Key == key && !u.Disabled {
			c.user = u
			return true
		}
	}
	c.refuse(http.StatusUnauthorized, "Error user not valid (not found with api key or bad status or bad validity dates) (conf->entity=1)")
	return false
}

// refuse answers an error in Dolibarr's form, with the part about its source
// that it shows everybody.
func (c *call) refuse(status int, message string, details ...string) {
	if status == http.StatusForbidden && c.before(20) {
		status = http.StatusUnauthorized
	}
	text := http.StatusText(status)
	if message != "" {
		text += ": " + message
	}
	said := map[string]any{"code": status, "message": text}
	for i, d := range details {
		said[fmt.Sprint(i)] = d
	}
	c.answerWith(status, map[string]any{"error": said, "debug": map[string]any{
		"source": "api_fake.class.php:1 at call stage",
		"stages": map[string]any{"success": []string{"get", "route", "negotiate"}, "failure": []string{"call", "message"}},
	}})
}

// before says whether the version is older.
func (s *Server) before(major int) bool {
	var n int
	_, _ = fmt.Sscanf(s.version, "%d", &n)
	return n < major
}

func (c *call) answer(v any) { c.answerWith(http.StatusOK, v) }

func (c *call) answerWith(status int, v any) {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(status)
	_ = json.NewEncoder(c.w).Encode(v)
}

func (c *call) status() {
	if c.r.Header.Get("Accept") == "application/xml" {
		c.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		_, _ = io.WriteString(c.w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>\n    <success>\n        <code>200</code>\n        <dolibarr_version>22.0.4</dolibarr_version>\n        <access_locked>0</access_locked>\n    </success>\n</response>\n")
		return
	}
	c.answer(map[string]any{"success": map[string]any{"code": 200, "dolibarr_version": c.version, "access_locked": "0"}})
}

func (c *call) login() { c.refuse(http.StatusForbidden, "Access denied") }

// id is a number in the path, 0 where none stands.
func (c *call) id(name string) int {
	var n int
	_, _ = fmt.Sscanf(c.r.PathValue(name), "%d", &n)
	return n
}

func (s *Server) number(of string) int {
	s.next[of]++
	return s.next[of]
}

// stamp is the database's clock, which has seconds.
func (s *Server) stamp() int64 { return s.now().Unix() }
