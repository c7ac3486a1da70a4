package fake

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options make a CRM.
type Options struct {
	Now     func() time.Time // its clock; nil is the real one
	Crashes []string         // operations that answer an empty 500, as sync and logout of an unrepaired 8.0.0 on PHP 8
	First   int              // number of the first record; 0 is 17
	Flavour string           // "", "cloud" or "corebos"
	Zone    *time.Location   // of its database; nil is UTC
}

// User is somebody who works in the CRM, with one profile.
type User struct {
	ID           int
	Login, Key   string
	First, Last  string
	Email        string
	Admin        bool
	Inactive     bool
	Hidden       map[string][]string // module → fields
	Locked       map[string][]string
	Closed       []string // modules
	NoCreate     []string
	NoDelete     []string
	Subordinates []int // users whom records may be given to
}

// Record is a record as the database holds it.
type Record struct {
	Number   int
	Module   string
	Fields   map[string]string
	Deleted  bool
	Modified time.Time
}

// CRM is the system. It is an [http.Handler] and safe for concurrent use.
type CRM struct {
	opts Options

	mu         sync.Mutex
	modules    map[string]*moduleDef
	users      []*User
	records    map[int]*Record
	next       int
	members    map[int]map[int]bool // campaign → members
	hidden     map[string]map[int]bool
	challenges map[int]challenge
	sessions   map[string]*session
	refusing   bool
	asked      map[string]bool
	counts     map[string]int
}

// New makes a CRM without users or records.
func New(o Options) *CRM {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.First == 0 {
		o.First = 17
	}
	return &CRM{
		opts: o, modules: definitions(o.Flavour == "corebos"), records: map[int]*Record{}, next: o.First,
		members: map[int]map[int]bool{}, hidden: map[string]map[int]bool{}, challenges: map[int]challenge{},
		sessions: map[string]*session{}, asked: map[string]bool{}, counts: map[string]int{},
	}
}

// AddUser lets somebody in.
func (c *CRM) AddUser(u User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users = append(c.users, &u)
}

// AddField adds a field of the site's own to a module.
func (c *CRM) AddField(module, name, label, kind string, choices ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.modules[module]
	m.fields = append(m.fields, fieldDef{name: name, label: label, kind: kind, nullable: true, editable: true, choices: choices})
}

// Freeze locks a field of a module for everybody, administrators too.
func (c *CRM) Freeze(module, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range c.modules[module].fields {
		if f.name == name {
			c.modules[module].fields[i].editable = false
		}
	}
}

// Renumber gives a module another prefix, as another installation has.
func (c *CRM) Renumber(module, prefix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.modules[module].prefix = prefix
}

// Retire makes a user inactive.
func (c *CRM) Retire(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.users {
		if u.ID == id {
			u.Inactive = true
		}
	}
}

// Put makes a record as if somebody had typed it in, owned by a user.
func (c *CRM) Put(module string, owner int, fields map[string]string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	fields = maps.Clone(fields)
	fields["assigned_user_id"] = c.ownerID(owner)
	return c.insert(module, fields, owner).Number
}

// Edit changes a field as a person at the screen would.
func (c *CRM) Edit(number int, field, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.records[number]
	f, _ := c.modules[r.Module].field(field)
	r.Fields[field] = f.store(value)
	c.touch(r)
}

// Delete deletes a record as a person at the screen would.
func (c *CRM) Delete(number int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.records[number]
	r.Deleted = true
	c.touch(r)
}

// Get is a copy of a record; false if it is not there.
func (c *CRM) Get(number int) (Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[number]
	if !ok || r.Deleted {
		return Record{}, false
	}
	out := *r
	out.Fields = maps.Clone(r.Fields)
	return out, true
}

// of is the records of a module, the deleted ones too, by number. Users and
// groups are numbered apart.
func (c *CRM) of(module string) []*Record {
	var out []*Record
	if module == "Users" {
		for _, u := range c.users {
			out = append(out, &Record{Number: u.ID, Module: module, Fields: u.fields()})
		}
		return out
	}
	for _, n := range slices.Sorted(maps.Keys(c.records)) {
		if r := c.records[n]; r.Module == module {
			out = append(out, r)
		}
	}
	return out
}

func (u *User) fields() map[string]string {
	on := map[bool]string{true: "on", false: "off"}
	status := map[bool]string{true: "Inactive", false: "Active"}
	return map[string]string{
		"user_name": u.Login, "first_name": u.First, "last_name": u.Last, "email1": u.Email,
		"is_admin": on[u.Admin], "status": status[u.Inactive],
		"roleid": "", // a reference to nothing that the web service knows
	}
}

// All is the records of a module that are there, by number.
func (c *CRM) All(module string) []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Record
	for _, r := range c.of(module) {
		if !r.Deleted {
			copied := *r
			copied.Fields = maps.Clone(r.Fields)
			out = append(out, copied)
		}
	}
	return out
}

// Join makes a record a member of a campaign; Leave takes it out.
func (c *CRM) Join(campaign, member int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members[campaign] == nil {
		c.members[campaign] = map[int]bool{}
	}
	c.members[campaign][member] = true
}

// Leave takes a member out of a campaign. No stamp moves.
func (c *CRM) Leave(campaign, member int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members[campaign], member)
}

// Hide makes the server take a record out of a user's pages after counting it,
// as it does where its sharing rules cannot be put into SQL.
func (c *CRM) Hide(login string, number int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hidden[login] == nil {
		c.hidden[login] = map[int]bool{}
	}
	c.hidden[login][number] = true
}

// Asked is the columns that queries ever named, in order, less id.
func (c *CRM) Asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.asked))
}

// Requests says how often an operation was called.
func (c *CRM) Requests(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[operation]
}

// ID is the web service's id of a record.
func (c *CRM) ID(number int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[number]
	if !ok {
		return ""
	}
	return c.id(r)
}

func (c *CRM) id(r *Record) string { return c.modules[r.Module].prefix + "x" + strconv.Itoa(r.Number) }

func (c *CRM) ownerID(user int) string { return c.modules["Users"].prefix + "x" + strconv.Itoa(user) }

func (c *CRM) touch(r *Record) {
	r.Modified = c.opts.Now().In(c.opts.Zone).Truncate(time.Second)
	r.Fields["modifiedtime"] = r.Modified.Format(time.DateTime)
}

// insert stores a record; texts are cut as the columns are.
func (c *CRM) insert(module string, fields map[string]string, by int) *Record {
	def := c.modules[module]
	r := &Record{Number: c.next, Module: module, Fields: map[string]string{}}
	c.next++
	for _, f := range def.fields {
		r.Fields[f.name] = f.empty()
	}
	for name, value := range fields {
		if f, known := def.field(name); known {
			r.Fields[name] = f.store(value)
		}
	}
	r.Fields["createdtime"] = c.opts.Now().In(c.opts.Zone).Format(time.DateTime)
	r.Fields["modifiedby"] = c.ownerID(by)
	if r.Fields["source"] == "" {
		r.Fields["source"] = "WEBSERVICE"
	}
	if module == "Leads" {
		r.Fields["lead_no"] = fmt.Sprintf("LEA%d", r.Number-4)
	}
	c.touch(r)
	c.records[r.Number] = r
	return r
}

var astral = regexp.MustCompile(`[\x{10000}-\x{10FFFF}]`)

// store is a value as its column keeps it, in a database that knows three bytes
// of UTF-8: that of an installation as it comes.
func (f fieldDef) store(value string) string {
	value = astral.ReplaceAllString(value, "????")
	switch f.kind {
	case "string", "phone", "email", "url", "picklist":
		if runes := []rune(value); len(runes) > 255 {
			return string(runes[:255])
		}
	case "currency":
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			return strconv.FormatFloat(n, 'f', 8, 64)
		}
		return "0.00000000"
	case "integer":
		if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
			return strconv.Itoa(n)
		}
		return "0"
	case "boolean":
		if slices.Contains([]string{"1", "on", "true", "yes"}, strings.ToLower(value)) {
			return "1"
		}
		return "0"
	}
	return value
}

func (f fieldDef) empty() string {
	switch f.kind {
	case "currency":
		return "0.00000000"
	case "integer", "boolean":
		return "0"
	}
	return ""
}

// decoded is what revise makes of every text of a record, sent or not.
func decoded(text string) string { return html.UnescapeString(text) }

var _ http.Handler = (*CRM)(nil)
