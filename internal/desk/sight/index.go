package sight

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"passerelle/internal/bridge"
)

// Place is where a lead stands among its campaign's: in the order of shelves,
// then of assignees, then of when they are due, then of their ids.
type Place struct {
	Shelf    byte // never 0
	Assignee bridge.PersonID
	Due      uint64 // microseconds since 1970
	Lead     bridge.LeadID
}

// Lead is what a lead itself says. Its id has twenty characters at most.
type Lead struct {
	Place
	Campaign bridge.CampaignID
	Team     string
	Line     bridge.PersonID // who has it on their line, "" for nobody
}

// Owner is somebody as a CRM knows them.
type Owner struct {
	CRM  bridge.ConnectionName
	User bridge.Value // "" for nobody
}

// Prospect is what a lead's prospect says.
type Prospect struct {
	Owner  Owner
	Ground Ground
}

// Ground is where a prospect lies: the values of the index's fields.
type Ground string

// GroundOf is that of a prospect's fields.
func (x *Index) GroundOf(fields map[bridge.FieldName]bridge.Value) Ground {
	var b strings.Builder
	for i, name := range x.fields {
		if i > 0 {
			b.WriteByte(0)
		}
		b.WriteString(string(fields[name]))
	}
	return Ground(b.String())
}

// fieldsOf is the part of a prospect's fields that its ground was told by.
func (x *Index) fieldsOf(g Ground) map[bridge.FieldName]bridge.Value {
	out := make(map[bridge.FieldName]bridge.Value, len(x.fields))
	for i, value := range strings.SplitN(string(g), "\x00", len(x.fields)) {
		out[x.fields[i]] = bridge.Value(value)
	}
	return out
}

// id is a lead's id without a pointer: the garbage collector need not look.
type id [20]byte

func idOf(lead bridge.LeadID) (out id) {
	copy(out[:], lead)
	return out
}

func (i id) lead() bridge.LeadID { return bridge.LeadID(bytes.TrimRight(i[:], "\x00")) }

// standing is a shelf of a campaign.
type standing struct {
	campaign bridge.CampaignID
	shelf    byte
}

// assignee is whose a lead is; nobody is one, too.
type assignee struct {
	person bridge.PersonID
	lead   bool // of a lead: the zero value is of none
}

// row is a lead, its properties by number.
type row struct {
	id       id
	standing uint32 // 0: not in the lists
	team     uint32
	assignee uint32
	owner    uint32
	ground   uint32
	due      uint64
}

// head is how the place of a row among its assignee's begins: most leads are
// passed over by it.
type head struct {
	due uint64
	id  uint64 // its first eight bytes
}

func (r *row) head() head { return head{r.due, binary.BigEndian.Uint64(r.id[:])} }

func (h head) after(o head) bool { return h.due > o.due || h.due == o.due && h.id > o.id }

// Index is safe for concurrent use once it is settled.
type Index struct {
	fields []bridge.FieldName
	few    uint64 // leads of a shelf that are looked at one by one, whoever has them

	mu        sync.RWMutex
	settled   int // how many leads it was settled with
	rows      []row
	heads     []head // of each row
	numbers   map[id]uint32
	free      []uint32          // numbers of leads that are gone
	lines     map[uint32]uint32 // who has which on their line
	standings dimension[standing]
	teams     dimension[string]
	people    dimension[assignee]
	callers   dimension[bridge.PersonID] // as those who have leads on their lines
	owners    dimension[Owner]
	grounds   dimension[Ground]

	whose memory[bridge.PersonID] // each owner is
	lies  memory[string]          // where each ground is
	order ranks
}

// New is an index without leads that tells territories by these fields.
func New(fields []bridge.FieldName) *Index {
	return &Index{
		fields: fields, few: 4096, numbers: map[id]uint32{}, lines: map[uint32]uint32{},
		standings: newDimension[standing](), teams: newDimension[string](),
		people: newDimension[assignee](), callers: newDimension[bridge.PersonID](),
		owners: newDimension[Owner](), grounds: newDimension[Ground](),
	}
}

// Tells says whether all of these fields are known of each prospect.
func (x *Index) Tells(fields []bridge.FieldName) bool {
	return !slices.ContainsFunc(fields, func(f bridge.FieldName) bool { return !slices.Contains(x.fields, f) })
}

// Outgrown says whether so many leads have come since the index was settled
// that reading it anew, which numbers them along their owners, is worth it.
func (x *Index) Outgrown() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.numbers) > 2*x.settled+10_000
}

// Load adds a lead to an index that nobody else has yet.
func (x *Index) Load(l Lead, p Prospect) {
	r := x.row(l)
	r.owner, r.ground = x.owners.number(p.Owner.known()), x.grounds.number(p.Ground)
	if l.Line != "" {
		x.lines[uint32(len(x.rows))] = x.callers.number(l.Line)
	}
	x.rows = append(x.rows, r)
}

// known is the owner, nobody where the CRM names nobody.
func (o Owner) known() Owner {
	if o.User == "" {
		return Owner{}
	}
	return o
}

func (x *Index) row(l Lead) row {
	return row{
		id: idOf(l.Lead), standing: x.standings.number(standing{l.Campaign, l.Shelf}),
		due: l.Due, team: x.teams.number(l.Team), assignee: x.people.number(assignee{l.Assignee, true}),
	}
}

// Settle numbers the leads that were loaded along their owners, and makes the
// sets.
func (x *Index) Settle() {
	rows, lines := x.rows, x.lines
	along := make([]uint32, len(rows))
	for n := range along {
		along[n] = uint32(n)
	}
	slices.SortFunc(along, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(rows[a].owner, rows[b].owner), cmp.Compare(rows[a].assignee, rows[b].assignee), cmp.Compare(a, b))
	})
	x.rows, x.heads, x.lines = make([]row, len(rows)), make([]head, len(rows)), map[uint32]uint32{}
	x.numbers, x.settled = make(map[id]uint32, len(rows)), len(rows)
	for n, was := range along {
		x.rows[n], x.heads[n] = rows[was], rows[was].head()
		x.numbers[rows[was].id] = uint32(n)
		x.enter(uint32(n), row{}, rows[was])
		x.line(uint32(n), lines[was])
	}
	x.standings.pack()
	x.teams.pack()
	x.people.pack()
	x.owners.pack()
	x.grounds.pack()
}

// enter moves a lead in all sets.
func (x *Index) enter(n uint32, was, is row) {
	x.standings.move(n, was.standing, is.standing)
	x.teams.move(n, was.team, is.team)
	x.people.move(n, was.assignee, is.assignee)
	x.owners.move(n, was.owner, is.owner)
	x.grounds.move(n, was.ground, is.ground)
}

// line puts a lead on somebody's line; 0 is nobody's.
func (x *Index) line(n, caller uint32) {
	x.callers.move(n, x.lines[n], caller)
	if x.lines[n] = caller; caller == 0 {
		delete(x.lines, n)
	}
}

// SetLead says what has become of a lead.
func (x *Index) SetLead(l Lead) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.find(idOf(l.Lead))
	is := x.row(l)
	is.owner, is.ground = x.rows[n].owner, x.rows[n].ground
	x.enter(n, x.rows[n], is)
	x.rows[n], x.heads[n] = is, is.head()
	x.line(n, x.callers.number(l.Line))
}

// SetProspect says what has become of a lead's prospect.
func (x *Index) SetProspect(lead bridge.LeadID, p Prospect) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.find(idOf(lead))
	is := x.rows[n]
	is.owner, is.ground = x.owners.number(p.Owner.known()), x.grounds.number(p.Ground)
	x.enter(n, x.rows[n], is)
	x.rows[n] = is
}

// Remove forgets a lead.
func (x *Index) Remove(lead bridge.LeadID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n, known := x.numbers[idOf(lead)]
	if !known {
		return
	}
	x.enter(n, x.rows[n], row{})
	x.line(n, 0)
	x.rows[n] = row{}
	delete(x.numbers, idOf(lead))
	x.free = append(x.free, n)
}

// find is the number of a lead, a new one if it has none.
func (x *Index) find(lead id) uint32 {
	n, known := x.numbers[lead]
	switch {
	case known:
		return n
	case len(x.free) > 0:
		n = x.free[len(x.free)-1]
		x.free = x.free[:len(x.free)-1]
	default:
		n = uint32(len(x.rows))
		x.rows, x.heads = append(x.rows, row{}), append(x.heads, head{})
	}
	x.rows[n].id = lead
	x.numbers[lead] = n
	return n
}
