package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// pruneAtMost is how many parked events one step of the pruning looks at.
const pruneAtMost = 200

// Prune erases parked events that came before a moment and that nobody has taken
// in since. It does one step, from where an earlier one stopped ("" is the
// start), and answers how many it has erased and where to go on, "" at the end.
func (in *Intake) Prune(ctx context.Context, before time.Time, from string) (n int, next string, err error) {
	var ids []string
	err = in.opts.Store.View(func(tx *store.Tx) error {
		looked := 0
		for id, raw := range parked.Scan(tx, "", from) {
			if looked == pruneAtMost {
				next = id
				return nil
			}
			looked++
			var p struct {
				Received time.Time `json:"received"`
			}
			if err := json.Unmarshal(raw, &p); err != nil {
				return fmt.Errorf("parked event %s cannot be read: %w", id, err)
			}
			if p.Received.Before(before) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, next, err
	}
	err = in.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		n, err = in.prune(tx, ids)
		return err
	})
	return n, next, err
}

// prune erases parked events, unless somebody has just taken them in, and leaves
// a line of the ledger: calls are lost with them.
func (in *Intake) prune(tx *store.Tx, ids []string) (n int, err error) {
	for _, id := range ids {
		p, ok, err := parked.Get(tx, id)
		if err != nil {
			return n, err
		}
		if !ok {
			continue
		}
		if err := parked.Delete(tx, id); err != nil {
			return n, err
		}
		if err := waiting.Delete(tx, waitingKey(p.Connection, p.Amends, id)); err != nil {
			return n, err
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, ledger.Append(tx, ledger.Line{At: in.opts.Now(), Kind: "prune", Who: "retention", Reason: strconv.Itoa(n) + " parked events"})
}
