package roster

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/identity"
)

// Against is what a list is compared with.
type Against struct {
	Added   []bridge.Person // whom the store knows, those who have left too
	Written []bridge.Person // of the config
	Doors   []bridge.ConnectionName
	CRMs    []bridge.ConnectionName
	Role    func(bridge.ConnectionName, bridge.Profile) (bridge.Role, bool)
	// Closed says that somebody's account was closed by hand: no list opens it.
	Closed func(bridge.PersonID) bool
	// Excepted is the last day of an exception that the policy makes for somebody.
	Excepted func(bridge.PersonID) (until string, ok bool)
	Governs  func(bridge.Person) bool // may change the policy
	Today    string                   // 2006-01-02
	AtMost   int                      // of those who are active, percent that may leave
	Handover string                   // of the leads of who leaves, where their line does not say
}

// Kind is what a list is to somebody.
type Kind string

// The kinds.
const (
	Joins   Kind = "joins"
	Moves   Kind = "moves"
	Leaves  Kind = "leaves"
	Returns Kind = "returns"
)

// Change is what a list makes of somebody.
type Change struct {
	Line     int // 0: they do not stand in the list
	Kind     Kind
	Move     identity.Move
	What     []Difference
	Handover string // of their leads, where they leave
}

// Difference is a part of a record that becomes another; "" is none.
type Difference struct{ Column, From, To string }

// Plan is what a list comes to.
type Plan struct {
	Changes []Change
	Same    int                        // stay as they are
	Written []bridge.PersonID          // of the config: read-only here
	Closed  []bridge.PersonID          // by hand, and stay so
	Later   map[bridge.PersonID]string // leave on a day to come: nothing changes before
}

// Moves are the plan's, as they are carried out.
func (p Plan) Moves() (out []identity.Move) {
	for _, c := range p.Changes {
		out = append(out, c.Move)
	}
	return out
}

type planner struct {
	Against
	findings Findings
	has      map[string]bool // columns of the list
	known    map[bridge.PersonID]bridge.Person
	written  map[bridge.PersonID]bridge.Person
	plan     Plan
}

func (p *planner) find(line int, column string, what phrase, args ...any) {
	p.findings = append(p.findings, Finding{line, column, what, args})
}

// Make compares a list with what there is. Its error is [Findings].
func Make(text string, a Against) (Plan, error) {
	p := &planner{Against: a, known: byID(a.Added), written: byID(a.Written), plan: Plan{Later: map[bridge.PersonID]string{}}}
	for _, w := range a.Written {
		p.plan.Written = append(p.plan.Written, w.ID)
	}
	rows := p.read(text)
	if len(p.findings) > 0 {
		return Plan{}, p.findings
	}
	listed := map[bridge.PersonID]int{}
	for _, r := range rows {
		if p.listed(r, listed) {
			p.compare(r)
		}
	}
	for _, k := range a.Added {
		if _, is := listed[k.ID]; !is && k.Active {
			p.leave(0, k, "")
		}
	}
	p.bound()
	p.handovers()
	if len(p.findings) > 0 {
		return Plan{}, p.findings
	}
	return p.plan, nil
}

func byID(people []bridge.Person) map[bridge.PersonID]bridge.Person {
	out := map[bridge.PersonID]bridge.Person{}
	for _, p := range people {
		out[p.ID] = p
	}
	return out
}

// listed says whether a line names somebody who can be in the list.
func (p *planner) listed(r row, seen map[bridge.PersonID]int) bool {
	id := r.person()
	before, again := seen[id]
	seen[id] = r.line
	_, written := p.written[id]
	switch {
	case !idPattern.MatchString(string(id)) || id == "operator":
		p.find(r.line, "person", badID)
	case again:
		p.find(r.line, "person", twice, id, before)
	case written:
		p.find(r.line, "person", ofConfig, id)
	default:
		return true
	}
	return false
}

// compare says what a line makes of somebody.
func (p *planner) compare(r row) {
	was := p.known[r.person()]
	if !was.Active && was.ID != "" && p.Closed(was.ID) {
		p.plan.Closed = append(p.plan.Closed, was.ID)
		return
	}
	if ends := r.cells["ends"]; ends != "" {
		if _, err := time.Parse(time.DateOnly, ends); err != nil {
			p.find(r.line, "ends", badDay)
			return
		}
		if ends <= p.Today {
			if was.Active {
				p.leave(r.line, was, r.cells["handover"])
			}
			return
		}
		p.plan.Later[r.person()] = ends
	}
	is, ok := p.record(r, was)
	if !ok {
		return
	}
	what := p.differences(was, is)
	if was.Active && len(what) == 0 {
		p.plan.Same++
		return
	}
	kind := Moves
	switch {
	case was.ID == "":
		kind = Joins
	case !was.Active:
		kind = Returns
	}
	if until, excepted := p.Excepted(is.ID); excepted && kind != Moves {
		p.find(r.line, "person", stillExcepted, is.ID, until)
	}
	p.plan.Changes = append(p.plan.Changes, Change{Line: r.line, Kind: kind, Move: identity.Move{Was: was, Is: is}, What: what})
}

func (p *planner) leave(line int, was bridge.Person, handover string) {
	is := was
	// What attributes their work to them stays; what gave them rights does not.
	is.Active, is.Territory, is.Principal = false, "", ""
	is.Phoning = maps.Clone(was.Phoning)
	for c, login := range is.Phoning {
		login.Profile = ""
		is.Phoning[c] = login
	}
	p.plan.Changes = append(p.plan.Changes, Change{
		Line: line, Kind: Leaves, Move: identity.Move{Was: was, Is: is}, Handover: cmp.Or(handover, p.Handover),
	})
}

// record is the person as the line has them. Somebody new, or who comes back, is
// what the line says and no more; of others, what it has no column for stays.
func (p *planner) record(r row, was bridge.Person) (bridge.Person, bool) {
	found := len(p.findings)
	is := bridge.Person{ID: r.person()}
	if was.Active {
		is = was
	}
	is.Active = true
	for column, to := range map[string]*string{
		"name": &is.Name, "team": &is.Team, "zone": &is.Zone, "territory": &is.Territory, "principal": &is.Principal,
	} {
		if p.has[column] {
			*to = r.cells[column]
		}
	}
	if _, err := time.LoadLocation(is.Zone); err != nil || is.Zone == "Local" {
		p.find(r.line, "zone", badZone)
	}
	is.CRM = maps.Clone(is.CRM)
	for _, c := range p.CRMs {
		if user := r.cells[string(c)]; user != "" {
			if is.CRM == nil {
				is.CRM = map[bridge.ConnectionName]string{}
			}
			is.CRM[c] = user
		} else if p.has[string(c)] {
			delete(is.CRM, c)
		}
	}
	is.Phoning = p.logins(r, is)
	return is, len(p.findings) == found
}

// logins are what somebody comes in by: their id is their login, and their
// profile the line's.
func (p *planner) logins(r row, is bridge.Person) map[bridge.ConnectionName]bridge.Login {
	door, login := doorOf(is, p.Doors)
	if named := bridge.ConnectionName(r.cells["connection"]); named != "" {
		door = named
	} else if door == "" && len(p.Doors) == 1 {
		door = p.Doors[0]
	}
	if !slices.Contains(p.Doors, door) {
		p.find(r.line, "connection", noDoor, joined(p.Doors))
		return nil
	}
	if login.Name == "" {
		login.Name = string(is.ID)
	}
	if p.has["profile"] {
		login.Profile = bridge.Profile(r.cells["profile"])
	}
	if login.Profile == "" {
		p.find(r.line, "profile", noProfile, door)
	} else if _, mapped := p.Role(door, login.Profile); !mapped {
		p.find(r.line, "profile", unmapped, door)
	}
	for _, w := range p.Written {
		if w.Phoning[door].Name == login.Name {
			p.find(r.line, "person", loginTaken, w.ID)
		}
	}
	return map[bridge.ConnectionName]bridge.Login{door: login}
}

func doorOf(person bridge.Person, doors []bridge.ConnectionName) (bridge.ConnectionName, bridge.Login) {
	for _, d := range doors {
		if login, has := person.Phoning[d]; has {
			return d, login
		}
	}
	return "", bridge.Login{}
}

func joined(names []bridge.ConnectionName) string {
	var out []string
	for _, n := range names {
		out = append(out, string(n))
	}
	return strings.Join(out, ", ")
}

// differences are the parts of two records that are not alike, the role among
// them, which follows from the profile.
func (p *planner) differences(was, is bridge.Person) (out []Difference) {
	say := func(column, from, to string) {
		if from != to {
			out = append(out, Difference{column, from, to})
		}
	}
	say("name", was.Name, is.Name)
	say("team", was.Team, is.Team)
	wasDoor, wasLogin := doorOf(was, p.Doors)
	isDoor, isLogin := doorOf(is, p.Doors)
	say("connection", string(wasDoor), string(isDoor))
	say("profile", string(wasLogin.Profile), string(isLogin.Profile))
	wasRole, _ := p.Role(wasDoor, wasLogin.Profile)
	isRole, _ := p.Role(isDoor, isLogin.Profile)
	say("role", string(wasRole), string(isRole))
	say("zone", was.Zone, is.Zone)
	say("territory", was.Territory, is.Territory)
	say("principal", was.Principal, is.Principal)
	for _, c := range p.CRMs {
		say(string(c), was.CRM[c], is.CRM[c])
	}
	return out
}
