package outbox

import (
	"slices"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// NotNow is the error of a person's command that the entry's state does not
// allow.
type NotNow struct {
	ID    string
	State State
	Why   bilingual.Text
}

func (e *NotNow) Error() string { return e.Said().String() }

// Said is the refusal in both languages.
func (e *NotNow) Said() bilingual.Text {
	state, known := stateWords[e.State]
	if !known {
		state = bilingual.Same(string(e.State))
	}
	return bilingual.Text{"write {id} is {state}: {why}", "l'écriture {id} est {state} : {why}"}.With("{id}", e.ID, "{state}", state, "{why}", e.Why)
}

// stateWords are where a write stands.
var stateWords = map[State]bilingual.Text{
	Pending:    {"pending", "en attente"},
	Relayed:    {"relayed", "transmise"},
	Sending:    {"sending", "en cours d'envoi"},
	Sent:       {"sent", "envoyée"},
	Applied:    {"applied", "inscrite dans le CRM"},
	Parked:     {"parked", "mise de côté"},
	Conflicted: {"in conflict", "en conflit"},
	Superseded: {"superseded", "remplacée"},
	Discarded:  {"discarded", "abandonnée"},
}

// NoConflict is why there is nothing to settle.
var NoConflict = bilingual.Text{"it is in no conflict", "elle n'est en conflit avec rien"}

// ErrNoEntry is the error of a command on an entry that does not exist.
type ErrNoEntry struct{ ID string }

func (e *ErrNoEntry) Error() string { return e.Said().String() }

// Said is the refusal in both languages.
func (e *ErrNoEntry) Said() bilingual.Text {
	return bilingual.Text{
		"there is no write {id} in the outbox: `passerelle outbox list` shows them",
		"il n'y a pas d'écriture {id} à envoyer : `passerelle outbox list` les montre",
	}.With("{id}", e.ID)
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
		return e, &NotNow{e.ID, e.State, bilingual.Text{
			"say whose value stays: passerelle outbox resolve ID --keep crm, or --keep ours",
			"dites quelle valeur reste : passerelle outbox resolve ID --keep crm, ou --keep ours",
		}}
	case Parked:
		return e, e.back(tx, now, time.Time{})
	case Pending:
		if e.Look && e.NotUntil.After(now) {
			return e, &NotNow{e.ID, e.State, bilingual.Text{
				"its last try may still appear in the CRM: it is looked for there and goes again by itself",
				"son dernier essai peut encore apparaître dans le CRM : elle y est cherchée et repart d'elle-même",
			}}
		}
		e.NotUntil = time.Time{}
		return e, entries.Put(tx, e.ID, e)
	}
	return e, &NotNow{e.ID, e.State, e.State.instead(bilingual.Text{"only a parked or a waiting write can be tried again", "seule une écriture mise de côté ou en attente peut être relancée"})}
}

// Discard gives an entry up for good.
func Discard(tx *store.Tx, id, motive string, now time.Time) (Entry, error) {
	e, err := load(tx, id)
	if err != nil {
		return e, err
	}
	if !slices.Contains(Transitions[e.State], Discarded) {
		return e, &NotNow{e.ID, e.State, e.State.instead(bilingual.Text{
			"only a write that waits, is parked or in conflict can be discarded",
			"seule une écriture en attente, mise de côté ou en conflit peut être abandonnée",
		})}
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
		return e, &NotNow{e.ID, e.State, e.State.instead(NoConflict)}
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
func (s State) instead(otherwise bilingual.Text) bilingual.Text {
	switch s {
	case Sending:
		return bilingual.Text{"a writer has it; wait for its report", "elle est en cours d'écriture ; attendez ce qu'il en advient"}
	case Superseded:
		return bilingual.Text{"a newer write has taken its place", "une écriture plus récente a pris sa place"}
	case Sent, Applied:
		return bilingual.Text{"the CRM has taken it", "le CRM l'a prise"}
	case Discarded:
		return bilingual.Text{"it was given up for good", "on y a renoncé définitivement"}
	}
	return otherwise
}
