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

// WrittenSince says whether the CRM may have taken a write of ours to the prospect
// after a read that began at readAt: then only a later read shows what it made
// of it.
func WrittenSince(tx *store.Tx, ref bridge.Ref, readAt time.Time) (written bool, err error) {
	err = seen.Each(tx, seenKey(ref, ""), "", func(_ string, marks []mark) (bool, error) {
		written = slices.ContainsFunc(marks, func(m mark) bool {
			return m.DoneAt.IsZero() || !readAt.After(m.ClaimedAt) || !readAt.After(m.DoneAt)
		})
		return !written, nil
	})
	return written, err
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
		marks = append(lately(marks), mark{Value: c.Value, Held: want, Entry: e.ID, ClaimedAt: claimedAt(marks, c, now)})
		if err := seen.Put(tx, key, marks); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// claimedAt is now, but by a clock that was set back between two lives of the
// hub not before what led to the claim: the card, and our writes before.
func claimedAt(marks []mark, c bridge.FieldChange, now time.Time) time.Time {
	at := later(now, c.CardAt)
	for _, m := range marks {
		at = later(later(at, m.ClaimedAt), m.DoneAt)
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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
		marks[i].DoneAt = later(now, marks[i].ClaimedAt)
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

// replaced says whether a value is what this entry, or a write of ours before it
// that nothing has confirmed yet, was to replace: the CRM does not show it (yet).
func (e *Entry) replaced(tx *store.Tx, name bridge.FieldName, found bridge.Value) (bool, error) {
	if found == e.Held[name] {
		return true, nil
	}
	return e.unconfirmed(tx, name, found)
}

// unconfirmed says whether a value is what a write of ours before this one was
// to replace that nothing has confirmed yet.
func (e *Entry) unconfirmed(tx *store.Tx, name bridge.FieldName, found bridge.Value) (bool, error) {
	marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, name))
	if err != nil {
		return false, err
	}
	for _, m := range marks {
		if m.Entry == e.ID {
			break
		}
		if m.DoneAt.IsZero() && m.Held == found {
			return true, nil
		}
	}
	return false, nil
}

// tooEarly lists the fields of an answered write that must be compared again,
// since the CRM has not taken our writes before this one (yet): nil if there are
// none. What is only said to be written is among them: nothing would confirm it.
func (e *Entry) tooEarly(tx *store.Tx, r Result) (names []bridge.FieldName, err error) {
	early := false
	for _, c := range r.Conflict {
		absent, err := e.replaced(tx, c.Field, c.Found)
		if err != nil {
			return nil, err
		}
		early = early || absent
		names = append(names, c.Field)
	}
	if r.State == connector.Stored {
		back, err := e.backAgain(tx, names...)
		if err != nil {
			return nil, err
		}
		early = early || len(back) > 0
		names = append(names, back...)
	}
	switch {
	case !early:
		return nil, nil
	case r.State == connector.Accepted:
		return e.names(), nil
	}
	return names, nil
}

// backAgain lists the fields that the write sets back to what a write of ours
// before it was to replace, and nothing has confirmed that one: to find the value
// there is no proof, that one may still come over it. Those in conflict are
// passed over.
func (e *Entry) backAgain(tx *store.Tx, inConflict ...bridge.FieldName) (names []bridge.FieldName, err error) {
	for _, c := range e.Write.Fields {
		if e.conflicts(c.Name) || slices.Contains(inConflict, c.Name) {
			continue
		}
		early, err := e.unconfirmed(tx, c.Name, c.Value)
		if err != nil {
			return nil, err
		}
		if early {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

func (e *Entry) names() []bridge.FieldName {
	names := make([]bridge.FieldName, len(e.Write.Fields))
	for i, c := range e.Write.Fields {
		names[i] = c.Name
	}
	return names
}

// missing lists the fields that a read does not show written. Where it shows
// neither our value nor one that we replaced, a person has changed it since,
// and theirs stands.
func (e *Entry) missing(tx *store.Tx, s connector.Sighting) (out []bridge.FieldName, err error) {
	for _, c := range e.Write.Fields {
		found, ok := s.Fields[c.Name]
		if ok && found == c.Value || e.conflicts(c.Name) {
			continue
		}
		absent, err := e.replaced(tx, c.Name, found)
		if err != nil {
			return nil, err
		}
		if !ok || absent {
			out = append(out, c.Name)
		}
	}
	return out, nil
}

// overtaken sorts out which of the fields that a read does not show are to be
// written again. A field on which a later write of ours is confirmed is not.
// While a later one is not confirmed, or may just be carried out, nobody can
// tell.
func (e *Entry) overtaken(tx *store.Tx, missing []bridge.FieldName) (again []bridge.FieldName, known bool, err error) {
	vague, err := e.vagueAfter(tx, missing)
	if err != nil || vague {
		return nil, false, err
	}
	for _, name := range missing {
		marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, name))
		if err != nil {
			return nil, false, err
		}
		switch last := len(marks) - 1; {
		case last < 0 || marks[last].Entry == e.ID:
			again = append(again, name)
		case marks[last].DoneAt.IsZero():
			return nil, false, nil
		}
	}
	return again, true, nil
}

// vagueAfter says whether the CRM may just have taken another write of the
// fields.
func (e *Entry) vagueAfter(tx *store.Tx, names []bridge.FieldName) (bool, error) {
	others, err := ofProspect(tx, e.Write.Prospect, func(kind bridge.WriteKind, s State) bool {
		return kind == bridge.WriteFields && s.onTheWay()
	})
	for _, o := range others {
		if o.State != Sending && !o.Look {
			continue
		}
		for _, name := range names {
			if indexOf(o.Write.Fields, name) >= 0 {
				return true, nil
			}
		}
	}
	return false, err
}
