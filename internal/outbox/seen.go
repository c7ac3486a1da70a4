package outbox

import (
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// mark is one of our writes to a field, from its claim on. It goes when the
// write is refused, parked, in conflict or to be tried again.
type mark struct {
	Value     bridge.Value `json:"value"`
	Held      bridge.Value `json:"held"` // what the CRM had to hold for it
	Entry     string       `json:"entry"`
	ClaimedAt time.Time    `json:"claimed_at"`
	DoneAt    time.Time    `json:"done_at,omitzero"` // confirmed; zero: the CRM may not show it yet
}

// seen holds the marks of a field in the order of their claims: the last one
// that was confirmed, and those after it.
var seen = store.NewTable[[]mark]("outbox.seen")

func seenKey(ref bridge.Ref, name bridge.FieldName) string {
	return ref.Key() + "\x00\x00" + string(name)
}

// expected is the value that the CRM must hold for a change to be written: our
// last write to the field, unless the author's card came from a read that shows
// what became of it since.
//
// A read begun before the claim shows nothing of our write. One begun after it
// was confirmed shows it, or what a person made of it: then the card counts. In
// between, a card that shows what we replaced was read too early; with any
// other value it counts.
func expected(marks []mark, c bridge.FieldChange) bridge.Value {
	if len(marks) == 0 {
		return c.Expected
	}
	last := marks[len(marks)-1]
	if !c.CardAt.After(last.ClaimedAt) {
		return last.Value
	}
	for _, m := range marks {
		if (m.DoneAt.IsZero() || !c.CardAt.After(m.DoneAt)) && c.Expected == m.Held {
			return last.Value
		}
	}
	return c.Expected
}

// see settles the expected value of each field and marks that we are about to
// write it.
func (e *Entry) see(tx *store.Tx, now time.Time) ([]bridge.FieldChange, error) {
	fields := slices.Clone(e.Write.Fields)
	e.Held = make(map[bridge.FieldName]bridge.Value, len(fields))
	for i, c := range fields {
		key := seenKey(e.Write.Prospect, c.Name)
		marks, _, err := seen.Get(tx, key)
		if err != nil {
			return nil, err
		}
		want := expected(marks, c)
		fields[i].Expected, e.Held[c.Name] = want, want
		marks = append(lately(marks), mark{Value: c.Value, Held: want, Entry: e.ID, ClaimedAt: now})
		if err := seen.Put(tx, key, marks); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// lately drops the marks before the last confirmed one.
func lately(marks []mark) []mark {
	for i := len(marks) - 1; i > 0; i-- {
		if !marks[i].DoneAt.IsZero() {
			return marks[i:]
		}
	}
	return marks
}

// unsee takes the entry's marks away, of the given fields or of all.
func (e *Entry) unsee(tx *store.Tx, only ...bridge.FieldName) error {
	return e.mine(tx, func(name bridge.FieldName, marks []mark, i int) []mark {
		if len(only) > 0 && !slices.Contains(only, name) {
			return nil
		}
		return slices.Delete(marks, i, i+1)
	})
}

// done notes when the entry's writes were confirmed.
func (e *Entry) done(tx *store.Tx, now time.Time) error {
	return e.mine(tx, func(_ bridge.FieldName, marks []mark, i int) []mark {
		marks[i].DoneAt = now
		return marks
	})
}

// mine changes each field's marks where the i-th is the entry's; change
// answers nil to leave them.
func (e *Entry) mine(tx *store.Tx, change func(name bridge.FieldName, marks []mark, i int) []mark) error {
	for name := range e.Held {
		key := seenKey(e.Write.Prospect, name)
		marks, _, err := seen.Get(tx, key)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(marks, func(m mark) bool { return m.Entry == e.ID })
		if i < 0 {
			continue
		}
		changed := change(name, marks, i)
		switch {
		case changed == nil:
		case len(changed) == 0:
			err = seen.Delete(tx, key)
		default:
			err = seen.Put(tx, key, changed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tooEarly says whether a conflict may only show that the CRM has not taken our
// write before this one (yet): it holds what that one replaced, and nothing has
// confirmed it.
func (e *Entry) tooEarly(tx *store.Tx, conflicts []connector.Conflict) (bool, error) {
	for _, c := range conflicts {
		marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, c.Field))
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(marks, func(m mark) bool { return m.Entry == e.ID })
		if i > 0 && marks[i-1].DoneAt.IsZero() && marks[i-1].Held == c.Found {
			return true, nil
		}
	}
	return false, nil
}

// overtaken sorts out which of the fields that a read does not show are to be
// written again. A field that a later write of ours was accepted on is not:
// that one found our value there. While the later one is with a writer nobody
// can tell.
func (e *Entry) overtaken(tx *store.Tx, missing []bridge.FieldName) (again []bridge.FieldName, known bool, err error) {
	for _, name := range missing {
		marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, name))
		if err != nil {
			return nil, false, err
		}
		if len(marks) == 0 || marks[len(marks)-1].Entry == e.ID {
			again = append(again, name)
			continue
		}
		later, _, err := entries.Get(tx, marks[len(marks)-1].Entry)
		if err != nil || later.State == Sending {
			return nil, false, err
		}
	}
	return again, true, nil
}
