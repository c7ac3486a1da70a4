package store

import (
	"hash/maphash"
	"math/bits"
)

// recent is which commit has last changed a key, as far back as a command may
// have been prepared. It is the committer's. Keys are known by their hashes: two
// that share one make a command run again, no more.
type recent struct {
	now   uint64 // the commit under way
	since uint64 // of those up to this one nothing is known
	// What has changed, in two halves, so that the older is forgotten at once.
	young, old map[uint64]uint64
	turned     uint64 // the last commit of which something stands in old
}

// halfOfRecent is how many changes a half holds: those of some hundred
// milliseconds at full load.
const halfOfRecent = 1 << 15

func newRecent() *recent {
	return &recent{young: map[uint64]uint64{}, old: map[uint64]uint64{}}
}

// placeOf is a key's hash.
func placeOf(table []byte, key string) uint64 {
	return bits.RotateLeft64(maphash.Bytes(sums, table), 1) ^ maphash.String(sums, key)
}

// change notes that the commit under way changes a key.
func (r *recent) change(table []byte, key string) {
	if len(r.young) >= halfOfRecent {
		r.since, r.turned = r.turned, r.now
		r.young, r.old = r.old, r.young
		clear(r.young)
	}
	r.young[placeOf(table, key)] = r.now
}

// changeAll notes that any key may change.
func (r *recent) changeAll() { r.since = r.now }

// unchanged says whether no commit after the given one has changed any of the
// places, the one under way included.
func (r *recent) unchanged(places []uint64, after uint64) bool {
	if after < r.since {
		return false
	}
	for _, p := range places {
		if r.young[p] > after || r.old[p] > after {
			return false
		}
	}
	return true
}
