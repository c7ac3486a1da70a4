package sight

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"passerelle/internal/bridge"
)

// Sight is what a reader may know of, one property of a lead at a time.
type Sight struct {
	Owner     func(bridge.PersonID) bool
	Team      func(string) bool
	Person    bridge.PersonID // whose assigned leads, and those on their line; "" for none
	Territory string          // whose prospects; "" for none
	Rules     Rules
}

// Rules say who somebody in a CRM is, "" if nobody we know, and where a prospect
// lies by the index's fields of it. They are asked once of each as long as By,
// which names them, is the same.
type Rules struct {
	By    any
	Who   func(Owner) bridge.PersonID
	Where func(map[bridge.FieldName]bridge.Value) string
}

// Choice says which of the leads that a reader may know of they want.
type Choice struct {
	Campaign bridge.CampaignID
	Shelves  []byte
	Assignee *bridge.PersonID // nil is anybody, "" nobody
	After    *Place           // the first leads come behind it
}

// Find answers the first leads, in order, of those that the sight and the choice
// have in common.
func (x *Index) Find(s Sight, choice Choice, limit int) []Place {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if limit <= 0 {
		return nil
	}
	seen, f := x.seen(s), x.finder(choice, limit)
	for _, shelf := range slices.Sorted(slices.Values(choice.Shelves)) {
		on := x.standings.of(standing{choice.Campaign, shelf})
		if on == nil || shelf < f.after.shelf {
			continue
		}
		f.shelf = shelf
		if f.look(roaring.And(seen, on)); len(f.found) >= limit {
			break
		}
	}
	f.cut()
	out := make([]Place, len(f.found))
	for i, s := range f.found {
		out[i] = Place{s.shelf, f.names[s.rank/2].person, s.due, s.id.lead()}
	}
	return out
}

// seen are the leads of a sight.
func (x *Index) seen(s Sight) *roaring.Bitmap {
	var sets []*roaring.Bitmap
	whose := told(&x.whose, &x.owners, s.Rules.By, s.Rules.Who)
	for n, id := range whose {
		if id != "" && s.Owner(id) {
			sets = append(sets, x.owners.leads[n])
		}
	}
	for n, team := range x.teams.values {
		if n > 0 && s.Team(team) {
			sets = append(sets, x.teams.leads[n])
		}
	}
	if s.Person != "" {
		for _, set := range []*roaring.Bitmap{x.people.of(assignee{s.Person, true}), x.callers.of(s.Person)} {
			if set != nil {
				sets = append(sets, set)
			}
		}
	}
	if s.Territory != "" {
		lies := told(&x.lies, &x.grounds, s.Rules.By, func(g Ground) string { return s.Rules.Where(x.fieldsOf(g)) })
		for n, territory := range lies {
			if n > 0 && territory == s.Territory {
				sets = append(sets, x.grounds.leads[n])
			}
		}
	}
	return roaring.FastOr(sets...)
}

// memory is what rules have said of a dimension's values, by number.
type memory[V any] struct {
	mu  sync.Mutex
	by  any
	all []V
}

// told asks the rules of what they have not been asked of yet.
func told[K comparable, V any](m *memory[V], d *dimension[K], by any, tell func(K) V) []V {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by != by {
		m.by, m.all = by, nil
	}
	for n := len(m.all); n < len(d.values); n++ {
		m.all = append(m.all, tell(d.values[n]))
	}
	return m.all
}

// ranks remembers the order of the assignees' names.
type ranks struct {
	mu    sync.Mutex
	names []assignee
	of    []uint32 // by number
}

func (r *ranks) get(people *dimension[assignee]) (names []assignee, of []uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.of) != len(people.values) {
		r.names = slices.SortedFunc(slices.Values(people.values), compareNames)
		r.of = make([]uint32, len(people.values))
		for rank, name := range r.names {
			r.of[people.numbers[name]] = uint32(2*rank + 1) // between two is room for a name that is none of them
		}
	}
	return r.names, r.of
}

func compareNames(a, b assignee) int {
	if a.lead != b.lead {
		return map[bool]int{false: -1, true: 1}[a.lead]
	}
	return cmp.Compare(a.person, b.person)
}

// spot is a lead's place by numbers.
type spot struct {
	shelf byte
	rank  uint32
	due   uint64
	id    id
}

func compareSpots(a, b spot) int {
	switch {
	case a.shelf != b.shelf:
		return cmp.Compare(a.shelf, b.shelf)
	case a.rank != b.rank:
		return cmp.Compare(a.rank, b.rank)
	case a.due != b.due:
		return cmp.Compare(a.due, b.due)
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// finder keeps the first leads of those it meets.
type finder struct {
	index *Index
	names []assignee // in order
	rank  []uint32   // of each assignee
	one   *assignee  // nobody else's leads are wanted
	after spot
	limit int
	shelf byte // that it looks at
	found []spot
	last  spot // no later one is wanted, if there is one
}

func (x *Index) finder(choice Choice, limit int) *finder {
	f := &finder{index: x, limit: limit, found: make([]spot, 0, 2*limit)}
	f.names, f.rank = x.order.get(&x.people)
	if choice.Assignee != nil {
		f.one = &assignee{*choice.Assignee, true}
	}
	if at := choice.After; at != nil {
		i, known := slices.BinarySearchFunc(f.names, assignee{at.Assignee, true}, compareNames)
		f.after = spot{shelf: at.Shelf, rank: uint32(2 * i), due: at.Due, id: idOf(at.Lead)}
		if known {
			f.after.rank++
		}
	}
	return f
}

// look meets the leads of a shelf: one by one if they are few, else one assignee
// after the other, until there are enough.
func (f *finder) look(set *roaring.Bitmap) {
	people := &f.index.people
	switch {
	case f.one != nil:
		if has := people.of(*f.one); has != nil {
			f.meet(roaring.And(set, has), f.rank[people.numbers[*f.one]])
		}
	case set.GetCardinality() <= f.index.few:
		for it := set.Iterator(); it.HasNext(); {
			n := it.Next()
			f.take(n, f.rank[f.index.rows[n].assignee])
		}
	default:
		for i := 0; i < len(f.names) && len(f.found) < f.limit; i++ {
			if has := people.of(f.names[i]); has != nil {
				f.meet(roaring.And(set, has), uint32(2*i+1))
			}
		}
	}
}

// meet takes those of one assignee's leads that are wanted.
func (f *finder) meet(set *roaring.Bitmap, rank uint32) {
	if set.IsEmpty() || f.shelf == f.after.shelf && rank < f.after.rank {
		return
	}
	heads, most := f.index.heads, f.most(rank)
	for it, buffer := set.ManyIterator(), make([]uint32, 1024); ; {
		got := it.NextMany(buffer)
		for _, n := range buffer[:got] {
			if !heads[n].after(most) { // few, once there are enough
				f.take(n, rank)
				most = f.most(rank)
			}
		}
		if got < len(buffer) {
			return
		}
	}
}

// most is the greatest head with which one of an assignee's leads may be wanted.
func (f *finder) most(rank uint32) head {
	if f.last.shelf == f.shelf && f.last.rank == rank {
		return head{f.last.due, binary.BigEndian.Uint64(f.last.id[:])}
	}
	return head{math.MaxUint64, math.MaxUint64}
}

// take takes a lead if it is wanted and among the first.
func (f *finder) take(n, rank uint32) {
	r := &f.index.rows[n]
	s := spot{f.shelf, rank, r.due, r.id}
	if compareSpots(s, f.after) <= 0 || f.last.shelf != 0 && compareSpots(s, f.last) >= 0 {
		return
	}
	if f.found = append(f.found, s); len(f.found) == 2*f.limit {
		f.cut()
	}
}

// cut leaves the first ones.
func (f *finder) cut() {
	slices.SortFunc(f.found, compareSpots)
	if len(f.found) >= f.limit {
		f.found = f.found[:f.limit]
		f.last = f.found[f.limit-1]
	}
}
