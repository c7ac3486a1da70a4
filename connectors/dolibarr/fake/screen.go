package fake

import (
	"maps"
	"slices"
	"strings"
)

// What is done and seen here happens at Dolibarr's own screen.

// AddUser makes an account and answers its id.
func (s *Server) AddUser(u User) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(u)
}

func (s *Server) addUser(u User) int {
	if u.ID == 0 {
		u.ID = s.number("user")
	}
	s.next["user"] = max(s.next["user"], u.ID)
	s.users = append(s.users, &u)
	return u.ID
}

// ChangeUser changes an account.
func (s *Server) ChangeUser(id int, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.account(id))
}

// AddGroup makes a group and answers its id.
func (s *Server) AddGroup(name string, members ...int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &Group{ID: s.number("group"), Name: name, Members: members}
	s.groups = append(s.groups, g)
	return g.ID
}

// AddCategory makes a category of customers and prospects and answers its id.
func (s *Server) AddCategory(label string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.category(label)
}

// AddExtraField adds a field to "societe" (third parties) or "actioncomm"
// (events).
func (s *Server) AddExtraField(table, code, typ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extraField(table, code, code, typ, "")
}

// AddParty makes a prospect with these properties, a member of these
// categories, and answers its id.
func (s *Server) AddParty(props map[string]string, categories ...int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &party{props: map[string]string{"client": "2", "stcomm_id": "0"}, options: map[string]string{}, creator: 1, representatives: map[int]bool{}, categories: map[int]bool{}}
	for _, c := range categories {
		p.categories[c] = true
	}
	s.store(p)
	for name, value := range props {
		p.set(name, value)
	}
	return p.id
}

// set stores a text as the screen does: notes are HTML.
func (p *party) set(name, value string) {
	switch {
	case strings.HasPrefix(name, "options_"):
		p.options[name] = value
	case name == "note_private" || name == "note_public":
		p.props[name] = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
	default:
		p.props[name] = value
	}
}

// Edit changes a property of a third party; its time of change moves.
func (s *Server) Edit(id int, property, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parties[id]
	p.set(property, value)
	p.tms = s.stamp()
}

// Join and Leave change who is in a category, which moves no date.
func (s *Server) Join(id, category int) { s.member(id, category, true) }

// Leave is the contrary of [Server.Join].
func (s *Server) Leave(id, category int) { s.member(id, category, false) }

func (s *Server) member(id, category int, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parties[id].categories[category] = is
}

// Delete deletes a third party, which leaves no trace.
func (s *Server) Delete(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.parties, id)
}

// Party is a third party's properties and extra fields, as they are stored.
func (s *Server) Party(id int) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parties[id]
	if p == nil {
		return nil
	}
	out := maps.Clone(p.props)
	maps.Copy(out, p.options)
	return out
}

// Event is an agenda event as it is stored.
type Event struct {
	ID, Owner, Party, Percentage int
	Type, Label, Place, Note     string
	Start, End                   int64             // epoch seconds
	Options                      map[string]string // extra fields, by options_ and code
}

// Events lists the events in the order of their making, without those that
// Dolibarr makes by itself.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Event
	for _, id := range slices.Sorted(maps.Keys(s.events)) {
		e := s.events[id]
		if e.kind.kind == "systemauto" {
			continue
		}
		out = append(out, e.seen(id))
	}
	return out
}

func (e *event) seen(id int) Event {
	return Event{
		ID: id, Owner: e.owner, Party: e.party, Percentage: e.percentage, Type: e.kind.code, Label: e.label, Place: e.place, Note: e.note,
		Start: e.start, End: e.end, Options: maps.Clone(e.options),
	}
}

// Automatic is how many events Dolibarr made by itself.
func (s *Server) Automatic() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.events {
		if e.kind.kind == "systemauto" {
			n++
		}
	}
	return n
}

// AddEvent makes an event as somebody would, without our extra fields, and
// answers its id.
func (s *Server) AddEvent(seen Event) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, _ := kindOf(seen.Type)
	e := &event{owner: seen.Owner, author: seen.Owner, party: seen.Party, kind: kind, code: kind.code, label: seen.Label, start: seen.Start, end: seen.End}
	s.keep(e)
	return e.id
}

// CloneEvent copies an event, its extra fields as well, as the button Clone does.
func (s *Server) CloneEvent(id int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := *s.events[id]
	e.options, e.assigned = maps.Clone(e.options), maps.Clone(e.assigned)
	s.keep(&e)
	return e.id
}

// EditEvent changes an event as its owner would.
func (s *Server) EditEvent(id int, change func(*Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.events[id]
	seen := e.seen(id)
	change(&seen)
	e.owner, e.party, e.start, e.end, e.percentage, e.options = seen.Owner, seen.Party, seen.Start, seen.End, seen.Percentage, seen.Options
	e.label, e.place, e.note = seen.Label, seen.Place, seen.Note
	if kind, known := kindOf(seen.Type); known {
		e.kind, e.code = kind, kind.code
	}
	e.tms = s.stamp()
}

// DeleteEvent deletes an event, which leaves no trace.
func (s *Server) DeleteEvent(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.events, id)
}

// NextEvent makes the next event have this id.
func (s *Server) NextEvent(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next["event"] = id - 1
}

// Asked lists the properties that lists of third parties were asked for.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.asked))
}

// Requests lists the requests so far, as method and path below the API's root.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}
