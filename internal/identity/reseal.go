package identity

import (
	"context"
	"iter"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Sealed ranges over what the data key has sealed of second factors.
func Sealed(tx *store.Tx) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		err := factors.Each(tx, "", "", func(_ string, f factor) (bool, error) {
			return (f.Seed == nil || yield(f.Seed, nil)) && (f.Offer == nil || yield(f.Offer, nil)), nil
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// Reseal seals the second factors under the current data key. What no key at hand
// opens stays as it is.
func (a *Accounts) Reseal(ctx context.Context) error {
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		fresh := map[string]factor{}
		err := factors.Each(tx, "", "", func(who string, f factor) (bool, error) {
			seed, offer := a.resealed(f.Seed, who), a.resealed(f.Offer, who)
			if secret.SealedBy(seed) != secret.SealedBy(f.Seed) || secret.SealedBy(offer) != secret.SealedBy(f.Offer) {
				f.Seed, f.Offer = seed, offer
				fresh[who] = f
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for who, f := range fresh {
			if err := factors.Put(tx, who, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Accounts) resealed(sealed []byte, who string) []byte {
	if sealed == nil {
		return nil
	}
	out, _, err := a.opts.Seal.Reseal(sealed, seedPlace(bridge.PersonID(who)))
	if err != nil {
		return sealed
	}
	return out
}
