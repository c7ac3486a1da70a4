package desk

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"

	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// hiddenName is under which name the key of the oppositions is kept, and what
// its seal is bound to.
const hiddenName = "oppositions"

// hiddenKey is the key under which oppositions are kept: made once, sealed in
// the store, never rotated, since what it hid could not be found any more.
func hiddenKey(ctx context.Context, s *store.Store, seal secret.Key) ([]byte, error) {
	var sealed []byte
	err := s.Commit(ctx, func(tx *store.Tx) error {
		if known, ok := keys.Get(tx, hiddenName); ok {
			sealed = known
			return nil
		}
		fresh := make([]byte, 32)
		rand.Read(fresh)
		sealed = seal.Seal(fresh, []byte(hiddenName))
		return keys.Put(tx, hiddenName, sealed)
	})
	if err != nil {
		return nil, err
	}
	key, err := seal.Open(sealed, []byte(hiddenName))
	if err != nil {
		return nil, fmt.Errorf("the key of the oppositions cannot be opened: is data_dir/key the one this store was made with? %w", err)
	}
	return key, nil
}

// Sealed ranges over what the data key has sealed of the desk's.
func Sealed(tx *store.Tx) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, sealed := range keys.Scan(tx, "", "") {
			if !yield(sealed, nil) {
				return
			}
		}
	}
}

// Reseal seals the key of the oppositions under the current data key. The key
// itself stays what it is.
func (d *Desk) Reseal(ctx context.Context) error {
	return d.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		sealed, _ := keys.Get(tx, hiddenName)
		sealed, changed, err := d.opts.Seal.Reseal(sealed, []byte(hiddenName))
		if err != nil || !changed {
			return err
		}
		return keys.Put(tx, hiddenName, sealed)
	})
}
