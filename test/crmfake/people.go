package crmfake

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"
)

// User is somebody who works in the CRM.
type User struct {
	ID     string `json:"id"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Active bool   `json:"active"`
	Admin  bool   `json:"admin"`
}

// Hire enters a user. From the first one on, appointments stand with users only.
func (s *Server) Hire(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.Active = true
	s.users = append(s.users, u)
}

// Retire lets a user leave: they stay listed, and nothing new stands with them.
func (s *Server) Retire(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.users {
		if s.users[i].ID == id {
			s.users[i].Active = false
		}
	}
}

// Freeze takes the right to write a field of prospects from the credential.
func (s *Server) Freeze(field string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen[field] = true
}

// EditAppointment changes fields of an appointment by its uid, as somebody at the
// CRM's own screen would. An unknown one is a mistake of the test.
func (s *Server) EditAppointment(uid string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(Appointments, s.byUID(uid).ID, fields)
}

// DropAppointment deletes one by its uid in the same way.
func (s *Server) DropAppointment(uid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(Appointments, s.byUID(uid).ID)
}

func (s *Server) byUID(uid string) *Record {
	for _, r := range s.tables[Appointments].order {
		if !r.Gone && r.Fields["uid"] == uid {
			return r
		}
	}
	panic("crmfake: no appointment " + uid)
}

// works says whether an appointment may stand with somebody; s.mu is held.
func (s *Server) works(id any) bool {
	known := func(u User) bool { return u.ID == id && u.Active }
	return len(s.users) == 0 || id == nil || id == "" || slices.ContainsFunc(s.users, known)
}

func (s *Server) listUsers(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"data": append([]User{}, s.users...)})
}

// listRights shows what the credential may do with each field of prospects.
func (s *Server) listRights(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var data []any
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		data = append(data, map[string]any{"field": name, "read": true, "write": !s.frozen[name]})
	}
	reply(w, http.StatusOK, map[string]any{"data": data})
}

type span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	ID   string    `json:"id"`
}

// listBusy shows when a user has appointments, "user=u1&from=…&to=…".
func (s *Server) listBusy(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, err1 := time.Parse(time.RFC3339, q.Get("from"))
	to, err2 := time.Parse(time.RFC3339, q.Get("to"))
	if cmp.Or(err1, err2) != nil {
		refuse(w, http.StatusBadRequest, "bad_time", "from", "from and to are RFC 3339 times")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data := []span{}
	for _, rec := range s.tables[Appointments].order {
		b, ok := spanOf(rec)
		if ok && rec.Fields["owner_id"] == q.Get("user") && b.From.Before(to) && b.To.After(from) {
			data = append(data, b)
		}
	}
	slices.SortFunc(data, func(a, b span) int { return a.From.Compare(b.From) })
	reply(w, http.StatusOK, map[string]any{"data": data})
}

func spanOf(r *Record) (span, bool) {
	text, _ := r.Fields["start"].(string)
	minutes, _ := r.Fields["minutes"].(float64)
	start, err := time.Parse(time.RFC3339, text)
	live := err == nil && !r.Gone && r.Fields["state"] != "cancelled"
	return span{start, start.Add(time.Duration(minutes) * time.Minute), r.ID}, live
}
