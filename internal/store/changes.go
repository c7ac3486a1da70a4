package store

import (
	"maps"
	"slices"
	"sync"
)

// place is one key of one table.
type place struct {
	table []byte
	key   string
}

// changes are the places that commits have changed while a compaction copies
// the file. Only places are kept: what stands there is read when it is carried
// over.
type changes struct {
	mu     sync.Mutex
	places map[string]map[string]struct{} // table, key
	n      int
}

func (c *changes) add(places []place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.places == nil {
		c.places = map[string]map[string]struct{}{}
	}
	for _, p := range places {
		keys := c.places[string(p.table)]
		if keys == nil {
			keys = map[string]struct{}{}
			c.places[string(p.table)] = keys
		}
		if _, known := keys[p.key]; !known {
			keys[p.key] = struct{}{}
			c.n++
		}
	}
}

// count says how many places have changed since the last take.
func (c *changes) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// take answers the places by table, each table's in order, and forgets them.
func (c *changes) take() map[string][]string {
	c.mu.Lock()
	taken := c.places
	c.places, c.n = nil, 0
	c.mu.Unlock()
	out := make(map[string][]string, len(taken))
	for table, keys := range taken {
		out[table] = slices.Sorted(maps.Keys(keys))
	}
	return out
}
