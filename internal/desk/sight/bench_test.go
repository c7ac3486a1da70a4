package sight

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"passerelle/internal/bridge"
)

// million are indexes of 1,000,000 leads of 10,000 owners: who are their
// assignees too, or all in the pool and due at once.
var million = map[string]func() *Index{
	"assigned":    sync.OnceValue(func() *Index { return indexed(false) }),
	"in the pool": sync.OnceValue(func() *Index { return indexed(true) }),
}

func indexed(pool bool) *Index {
	x := New(fields)
	r := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 {
		owner := r.IntN(10_000)
		place := Place{Shelf: '0', Lead: bridge.LeadID(strings.ToLower(base32.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, r.Uint64())))[:13])}
		if !pool {
			place.Shelf, place.Assignee, place.Due = '0'+byte(r.IntN(6)), bridge.PersonID(fmt.Sprint("u", owner)), r.Uint64N(1<<50)
		}
		x.Load(Lead{
			Place:    place,
			Campaign: "spring", Team: fmt.Sprint("t", owner%100),
		}, Prospect{Owner{"crm", bridge.Value(fmt.Sprint(owner))}, x.GroundOf(map[bridge.FieldName]bridge.Value{fields[1]: bridge.Value(fmt.Sprint(r.IntN(6000)))})})
	}
	x.Settle()
	return x
}

func BenchmarkFind(b *testing.B) {
	for name, made := range million {
		x := made()
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		for _, c := range []struct {
			name string
			sees func(int) bool
		}{
			{"one of 10000 owners", func(n int) bool { return n == 77 }},
			{"a third of them", func(n int) bool { return n%3 == 0 }},
			{"all", func(n int) bool { return true }},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				s := Sight{Rules: Rules{1, func(o Owner) bridge.PersonID { return bridge.PersonID(o.User) }, nil}, Owner: func(id bridge.PersonID) bool {
					n, _ := strconv.Atoi(string(id))
					return c.sees(n)
				}, Team: func(string) bool { return false }}
				for b.Loop() {
					if len(x.Find(s, Choice{Campaign: "spring", Shelves: []byte("0123456")}, 51)) != 51 {
						b.Fatal("not a page")
					}
				}
				b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MB")
			})
		}
	}
}
