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
	state := string(e.State)
	if e.State == Conflicted {
		state = "in conflict"
	}
	return fmt.Sprintf("write %s is %s: %s", e.ID, state, e.Why)
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
	case Conflicted:
		return e, &NotNow{e.ID, e.State, "say whose value stays: passerelle outbox resolve ID --keep crm, or --keep ours"}
	case Parked:
		return e, e.back(tx, now, time.Time{})
	case Pending:
		if e.Look && e.NotUntil.After(now) {
			return e, &NotNow{e.ID, e.State, "its last try may still appear in the CRM: it is looked for there and goes again by itself"}
		}
		e.NotUntil = time.Time{}
		return e, entries.Put(tx, e.ID, e)
	}
	return e, &NotNow{e.ID, e.State, e.State.instead("only a parked or a waiting write can be tried again")}
}

// Discard gives an entry up for good.
func Discard(tx *store.Tx, id, motive string, now time.Time) (Entry, error) {
	e, err := load(tx, id)
	if err != nil {
		return e, err
	}
	if !slices.Contains(Transitions[e.State], Discarded) {
		return e, &NotNow{e.ID, e.State, e.State.instead("only a write that waits, is parked or in conflict can be discarded")}
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
		return e, &NotNow{e.ID, e.State, e.State.instead("it is in no conflict")}
	}
	var fields []bridge.FieldChange
	for _, c := range e.Conflict {
		i := indexOf(e.Write.Fields, c.Field)
		if i < 0 {
			continue // a newer write has taken it
		}
		change := e.Write.Fields[i]
		change.Expected, change.CardAt = c.Found, now
		fields = append(fields, change)
	}
	e.Write.Fields, e.Conflict, e.Reason = fields, nil, ""
	return e, e.back(tx, now, time.Time{})
}

// instead says why a command cannot be: for some states that is plain.
func (s State) instead(otherwise string) string {
	switch s {
	case Sending:
		return "a writer has it; wait for its report"
	case Superseded:
		return "a newer write has taken its place"
	case Sent, Applied:
		return "the CRM has taken it"
	case Discarded:
		return "it was given up for good"
	}
	return otherwise
}
