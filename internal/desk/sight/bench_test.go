package sight

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"passerelle/internal/bridge"
)

// million is an index of 1,000,000 leads of 10,000 owners, who are their
// assignees too, in 100 territories.
var million = sync.OnceValue(func() *Index {
	x := New(fields)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 1_000_000 {
		owner := r.IntN(10_000)
		x.Load(Lead{
			Place:    Place{Shelf: '0' + byte(r.IntN(6)), Assignee: bridge.PersonID(fmt.Sprint("u", owner)), Due: r.Uint64N(1 << 50), Lead: bridge.LeadID(fmt.Sprintf("%020d", i))},
			Campaign: "spring", Team: fmt.Sprint("t", owner%100),
		}, Prospect{Owner{"crm", bridge.Value(fmt.Sprint(owner))}, x.GroundOf(map[bridge.FieldName]bridge.Value{fields[1]: bridge.Value(fmt.Sprint(r.IntN(6000)))})})
	}
	x.Settle()
	return x
})

func BenchmarkFind(b *testing.B) {
	x := million()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	for _, c := range []struct {
		name string
		sees func(int) bool
	}{
		{"one of 10000 owners", func(n int) bool { return n == 77 }},
		{"a tenth of them", func(n int) bool { return n%10 == 0 }},
		{"all", func(n int) bool { return true }},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := Sight{Rules: Rules{1, func(o Owner) bridge.PersonID { return bridge.PersonID(o.User) }, nil}, Owner: func(id bridge.PersonID) bool {
				var n int
				for _, d := range []byte(id) {
					n = 10*n + int(d-'0')
				}
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
