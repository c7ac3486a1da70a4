package ledger

import (
	"encoding/json"
	"fmt"

	"passerelle/internal/store"
)

// Filter says which lines are wanted; what is empty asks for nothing.
type Filter struct {
	Kind, Who string
	Before    uint64 // lines with lesser numbers; 0 is all
	Limit     int    // lines wanted at most
}

// lookedAtMost bounds how many lines one question reads.
const lookedAtMost = 20_000

// Newest lists the lines that a filter wants, the newest first. Give next as
// Before to go on, 0 is the end; a page may be short.
func Newest(tx *store.Tx, f Filter) (out []Line, next uint64, err error) {
	_, n, err := head(tx)
	if err != nil {
		return nil, 0, err
	}
	if f.Before != 0 {
		n = min(n, f.Before-1)
	}
	for looked := 0; n > 0; n, looked = n-1, looked+1 {
		if looked == lookedAtMost || len(out) == f.Limit {
			return out, n + 1, nil
		}
		raw, ok := lines.Raw.Get(tx, key(n))
		if !ok {
			continue // Verify says so
		}
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, 0, fmt.Errorf("line %d of the ledger cannot be read: %w", n, err)
		}
		if (f.Kind == "" || l.Kind == f.Kind) && (f.Who == "" || l.Who == f.Who) {
			out = append(out, l)
		}
	}
	return out, 0, nil
}
