package bus

import (
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"passerelle/internal/bridge"
)

// Share is a set of partitions.
type Share uint64

// All is every partition.
const All = ^Share(0)

// Of is the set of one partition.
func Of(partition int) Share { return 1 << partition }

// Has says whether a partition is in the set.
func (s Share) Has(partition int) bool { return s&Of(partition) != 0 }

// Len counts the partitions of the set.
func (s Share) Len() int { return bits.OnesCount64(uint64(s)) }

// Shares are partitions by connection.
type Shares map[bridge.ConnectionName]Share

// Beat is how a writer tells the hub that it lives. The answer is the [Shares]
// that it is to serve.
type Beat struct {
	// Writer names one life of one writer.
	Writer string `json:"writer"`
	// Serving is what it serves at the moment of each connection that it can
	// serve. Without any it says goodbye.
	Serving Shares `json:"serving"`
}

// A writer beats every BeatEvery. One that was not heard for SilentFor has lost
// its share; one that got no answer for as long gives it up by itself. A pull
// ends well before, so that a writer that is cut off holds no open one then:
// what is published for its successor would go there.
const (
	BeatEvery = 500 * time.Millisecond
	SilentFor = 3 * time.Second
	pullFor   = 2 * time.Second
)

// Split deals a connection's partitions out to writers, to each as many as to
// any other or one more. It is the same whatever the order of the names; when
// a writer comes or goes, most partitions stay where they are.
func Split(c bridge.ConnectionName, writers []string) (owners [Partitions]string) {
	if len(writers) == 0 {
		return owners
	}
	writers = slices.Sorted(slices.Values(writers))
	room := make([]int, len(writers))
	for i := range room {
		room[i] = Partitions / len(writers)
		if i < Partitions%len(writers) {
			room[i]++
		}
	}
	for p := range owners {
		best, most := -1, uint64(0)
		for i, w := range writers {
			weight := xxhash.Sum64String(string(c) + "\x00" + strconv.Itoa(p) + "\x00" + w)
			if room[i] > 0 && (best < 0 || weight > most) {
				best, most = i, weight
			}
		}
		owners[p] = writers[best]
		room[best]--
	}
	return owners
}
