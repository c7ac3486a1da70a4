package obs

// SetStoreFree is how much of the store's file holds nothing, in bytes.
func (m *Metrics) SetStoreFree(n int64) { m.storeFree.Set(float64(n)) }

// Pruned is n records of a kind erased because they have outlived their term. A
// kind that was never told of is shown from its first time on, also with 0.
func (m *Metrics) Pruned(kind string, n int) { m.pruned.WithLabelValues(kind).Add(float64(n)) }

// Compacted is one compaction of the store.
func (m *Metrics) Compacted() { m.compactions.Inc() }
