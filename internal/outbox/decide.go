package outbox

import (
	"fmt"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// NotNow is the error of a person's command that the entry's state does not
// allow.
type NotNow struct {
	ID    string
	State State
	Why   string
}

func (e *NotNow) Error() string {
	return fmt.Sprintf("write %s is %s: %s", e.ID, e.State, e.Why)
}

// ErrNoEntry is the error of a command on an entry that does not exist.
type ErrNoEntry struct{ ID string }

func (e *ErrNoEntry) Error() string {
	return fmt.Sprintf("there is no write %s in the outbox: `passerelle outbox list` shows them", e.ID)
}

func load(tx *store.Tx, id string) (Entry, error) {
	e, ok, err := entries.Get(tx, id)
	if err == nil && !ok {
		err = &ErrNoEntry{id}
	}
	return e, err
}

// TryAgain takes a parked entry back to pending, or lets a pending one go at
// once.
func TryAgain(tx *store.Tx, id string, now time.Time) (Entry, error) {
	e, err := load(tx, id)
	if err != nil {
		return e, err
	}
	switch e.State {
	case Parked:
		e.Look = e.Look || e.Claimed
		return e, e.back(tx, now, time.Time{})
	case Pending:
		e.NotUntil = time.Time{}
		return e, entries.Put(tx, e.ID, e)
	}
	return e, &NotNow{e.ID, e.State, "only a parked or a waiting write can be tried again"}
}

// Discard gives an entry up for good.
func Discard(tx *store.Tx, id, motive string, now time.Time) (Entry, error) {
	e, err := load(tx, id)
	if err != nil {
		return e, err
	}
	if !slices.Contains(Transitions[e.State], Discarded) {
		return e, &NotNow{e.ID, e.State, "it cannot be discarded (any more)"}
	}
	e.Reason = motive
	return e, e.move(tx, Discarded, now)
}

// KeepOurs settles a conflict for our value: it is written over what the
// supervisor saw in the CRM, and over nothing newer.
func KeepOurs(tx *store.Tx, id string, now time.Time) (Entry, error) {
	e, err := load(tx, id)
	if err != nil {
		return e, err
	}
	if e.State != Conflicted {
		return e, &NotNow{e.ID, e.State, "it is in no conflict"}
	}
	var fields []bridge.FieldChange
	for _, c := range e.Conflict {
		i := indexOf(e.Write.Fields, c.Field)
		if i < 0 {
			continue // a newer write has taken it
		}
		s, ok, err := seen.Get(tx, seenKey(e.Write.Prospect, c.Field))
		if err != nil {
			return e, err
		}
		if ok && s.Entry > e.ID {
			return e, &NotNow{e.ID, e.State, "a newer write of " + string(c.Field) + " has been sent since: keep the CRM's"}
		}
		change := e.Write.Fields[i]
		change.Expected, change.CardAt = c.Found, now
		fields = append(fields, change)
	}
	e.Write.Fields, e.Conflict, e.Prior, e.Reason = fields, nil, nil, ""
	return e, e.back(tx, now, time.Time{})
}
