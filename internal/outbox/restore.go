package outbox

import (
	"math/rand/v2"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Restoration says that the store was put back from a backup: of what was done
// between the two moments the CRM may know, and the store does not.
type Restoration struct {
	Taken time.Time `json:"taken"` // the backup
	At    time.Time `json:"at"`    // put back; zero: never
	// Epoch sets the operation ids of updates apart from those of the life that
	// was lost: the same revision of a record need not hold the same any more.
	Epoch int `json:"epoch"`
}

var restorations = store.NewTable[Restoration]("outbox.restorations")

const lastRestoration = "last"

// Restored notes that the store comes from a backup, and lets fences and ids go
// on beyond what the life that was lost can have given out.
func Restored(tx *store.Tx, taken, now time.Time) (Restoration, error) {
	r := Restoration{Taken: taken.UTC(), At: now.UTC(), Epoch: 1 + rand.IntN(1<<30)}
	// By dice: the same backup may be put back twice, and both may live.
	if err := fences.Advance(tx, uint64(1+rand.IntN(1<<13))<<32); err != nil {
		return r, err
	}
	if err := entries.Advance(tx, 1<<32); err != nil {
		return r, err
	}
	return r, restorations.Put(tx, lastRestoration, r)
}

// LastRestoration answers the last one, zero if there was none.
func LastRestoration(tx *store.Tx) (Restoration, error) {
	r, _, err := restorations.Get(tx, lastRestoration)
	return r, err
}

// idLength is how long every entry's id is.
const idLength = 12 + 8

// Open lists every entry that is not final.
func Open(tx *store.Tx) (ids []string) {
	for k := range byState.Scan(tx, "", "") {
		ids = append(ids, k[len(k)-idLength:])
	}
	return ids
}

// Revive makes an open entry of a restored store ready: whatever became of it
// is to be looked for in the CRM before it is sent, and not before until, when
// no writer of the life that was lost can be at it any more.
func Revive(tx *store.Tx, id string, now, until time.Time) error {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State.Final() {
		return err
	}
	e.Look = true
	switch e.State {
	case Parked, Conflicted: // a person's
		return entries.Put(tx, e.ID, e)
	case Pending:
		e.NotUntil = latest(e.NotUntil, until)
		return entries.Put(tx, e.ID, e)
	case Sending, Sent:
		if err := e.unsee(tx); err != nil {
			return err
		}
	}
	e.Reason = "the store was restored from a backup"
	return e.back(tx, now, until)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// updates says whether a write changes a record that an earlier one has made:
// done twice, it shows once.
func updates(w bridge.Write) bool {
	switch w.Kind {
	case bridge.WriteMove, bridge.WriteCancel, bridge.WriteFields:
		return true
	case bridge.WriteActivity:
		return w.Call != nil && w.Call.Revises != ""
	}
	return false
}

// Doubted says whether a new write may repeat one that the CRM has from the
// life that was lost: what caused it may have happened before the store was put
// back.
func (r Restoration) Doubted(w bridge.Write, happened, now time.Time) bool {
	if r.At.IsZero() || updates(w) {
		return false
	}
	return happened.Before(r.At.Add(clockSkew)) || happened.After(now.Add(clockSkew))
}

// clockSkew is how far another system's clock may be from ours.
const clockSkew = 5 * time.Minute
