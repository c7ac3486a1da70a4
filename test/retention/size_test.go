package retention

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// size is what a table holds.
type size struct{ records, bytes int }

// sizes measures the tables of a store, keys and values.
func sizes(t testing.TB, path string) map[string]size {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out := map[string]size{}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			s := size{}
			err := b.ForEach(func(k, v []byte) error {
				s.records, s.bytes = s.records+1, s.bytes+len(k)+len(v)
				return nil
			})
			out[string(name)] = s
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// perCall prints what calls have added to each table, in bytes a call.
func perCall(t *testing.T, what string, before, after map[string]size, calls int) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	total := 0.0
	for name, s := range after {
		if grown := float64(s.bytes-before[name].bytes) / float64(calls); grown != 0 {
			out[name] = grown
			total += grown
		}
	}
	var text strings.Builder
	for _, name := range slices.SortedFunc(maps.Keys(out), func(a, b string) int { return int(out[b] - out[a]) }) {
		fmt.Fprintf(&text, "  %-28s %7.0f bytes a call, %d records\n", name, out[name], after[name].records-before[name].records)
	}
	t.Logf("%s: %.0f bytes a call\n%s", what, total, text.String())
	return out
}

// What a call costs in the store, and what is left of it as its terms pass: in
// the end nothing but the ledger's lines.
func TestBytesPerCall(t *testing.T) {
	const prospects, calls = 100, 400
	h := newHub(t, prospects)
	h.drained()
	before := h.sizes()
	for n := range calls {
		if err := h.record(n+1, n%prospects); err != nil {
			t.Fatal(err)
		}
	}
	perCall(t, "taken", before, h.sizes(), calls)
	h.drained()
	perCall(t, "in the CRM", before, h.sizes(), calls)
	h.later(8)
	left := perCall(t, "after a week", before, h.sizes(), calls)
	if left["outbox.entries"] > 1 {
		t.Errorf("%.0f bytes a call of applied writes are left", left["outbox.entries"])
	}
	h.later(90)
	left = perCall(t, "after three months", before, h.sizes(), calls)
	if left["desk.decisions"] > 1 {
		t.Errorf("%.0f bytes a call of decision records are left", left["desk.decisions"])
	}
	h.later(9 * 365)
	left = perCall(t, "after its campaign and three years", before, h.sizes(), calls)
	for name, bytes := range left {
		if bytes > 0 && name != "ledger.lines" {
			t.Errorf("%s: %.0f bytes a call are left", name, bytes)
		}
	}
}
