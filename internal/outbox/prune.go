package outbox

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Outlived finds entries that came to an end before a moment and that keep does
// not hold on to. It looks at `most` entries at most, by age from an id on (""
// is the first), and answers where to go on, "" at the end.
func Outlived(tx *store.Tx, before time.Time, from string, most int, keep func(*Entry) (bool, error)) (ids []string, next string, err error) {
	looked := 0
	err = entries.Each(tx, "", from, func(id string, e Entry) (bool, error) {
		if !e.Created.Before(before) {
			return false, nil // and so are all after it
		}
		if looked == most {
			next = id
			return false, nil
		}
		looked++
		gone, err := e.outlived(before, keep)
		if gone {
			ids = append(ids, id)
		}
		return true, err
	})
	return ids, next, err
}

func (e *Entry) outlived(before time.Time, keep func(*Entry) (bool, error)) (bool, error) {
	if !e.State.Final() || !e.Changed.Before(before) {
		return false, nil
	}
	kept, err := keep(e)
	return err == nil && !kept, err
}

// Prune erases those of the entries that [Outlived] would still answer, and
// counts them. What was known of their fields stays.
func Prune(tx *store.Tx, ids []string, before time.Time, keep func(*Entry) (bool, error)) (n int, err error) {
	for _, id := range ids {
		e, ok, err := entries.Get(tx, id)
		if err != nil {
			return n, err
		}
		if !ok {
			continue
		}
		gone, err := e.outlived(before, keep)
		if err != nil {
			return n, err
		}
		if !gone {
			continue
		}
		if err := e.erase(tx); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// HasOpen says whether a prospect has an entry that is not final.
func HasOpen(tx *store.Tx, ref bridge.Ref) bool {
	for range byProspect.Scan(tx, prospectKey(ref, ""), "") {
		return true
	}
	return false
}
