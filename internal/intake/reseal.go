package intake

import (
	"context"
	"iter"

	"passerelle/internal/store"
)

// resealChunk bounds the parked events looked at in one commit.
const resealChunk = 100

// Sealed ranges over what the data key has sealed among the parked events.
func Sealed(tx *store.Tx) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		err := parked.Each(tx, "", "", func(_ string, p ParkedEvent) (bool, error) {
			return yield(p.Sealed, nil), nil
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// Reseal seals the parked events under the current data key, a chunk a commit.
// What no key at hand opens stays as it is.
func (in *Intake) Reseal(ctx context.Context) error {
	for from, more := "", true; more; {
		err := in.opts.Store.Commit(ctx, func(tx *store.Tx) (err error) {
			from, more, err = in.resealSome(tx, from)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// resealSome seals the events from an id on, and answers where to go on.
func (in *Intake) resealSome(tx *store.Tx, from string) (next string, more bool, err error) {
	var again []ParkedEvent
	seen := 0
	err = parked.Each(tx, "", from, func(id string, p ParkedEvent) (bool, error) {
		if seen++; seen > resealChunk {
			next, more = id, true
			return false, nil
		}
		sealed, changed, err := in.opts.Seal.Reseal(p.Sealed, []byte(p.ID))
		if err == nil && changed {
			p.Sealed = sealed
			again = append(again, p)
		}
		return true, nil
	})
	if err != nil {
		return "", false, err
	}
	for _, p := range again {
		if err := parked.Put(tx, p.ID, p); err != nil {
			return "", false, err
		}
	}
	return next, more, nil
}
