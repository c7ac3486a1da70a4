package intake

import (
	"context"

	"passerelle/internal/desk"
	"passerelle/internal/store"
)

// Forgotten is the state of a [Result] whose event reports on a prospect that
// the bridge was told to forget: nothing of it is kept, and it need not be sent
// again.
const Forgotten = "forgotten"

// Forget erases the parked events that name a prospect, and counts them. Their
// bodies are opened to see; one that cannot be is left, since nobody can tell.
func (in *Intake) Forget(ctx context.Context, who desk.Clues) (int, error) {
	var found []ParkedEvent
	err := in.opts.Store.View(func(tx *store.Tx) error {
		return parked.Each(tx, "", "", func(id string, p ParkedEvent) (bool, error) {
			body, err := in.opts.Seal.Open(p.Sealed, []byte(id))
			if err == nil && who.Named(body) {
				found = append(found, p)
			}
			return true, nil
		})
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return len(found), in.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		for _, p := range found {
			if err := parked.Delete(tx, p.ID); err != nil {
				return err
			}
			if err := waiting.Delete(tx, waitingKey(p.Connection, p.Amends, p.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}
