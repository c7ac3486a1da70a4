package desk

import (
	"strings"
	"time"

	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// decisionsAtOnce bounds how many decision records one snapshot reads.
const decisionsAtOnce = 2000

// Past gives visit the decisions since a moment, as a simulation wants them:
// prospect by prospect, a prospect's in order.
func (d *Desk) Past(since time.Time, visit func(policy.Past)) error {
	for from, more := "", true; more; {
		err := d.opts.Store.View(func(tx *store.Tx) (err error) {
			from, more, err = pastFrom(tx, from, since, visit)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func pastFrom(tx *store.Tx, from string, since time.Time, visit func(policy.Past)) (next string, more bool, err error) {
	n := 0
	err = decisions.Each(tx, "", from, func(key string, past Decision) (bool, error) {
		if n++; n > decisionsAtOnce {
			next, more = key, true
			return false, nil
		}
		if !past.At.Before(since) {
			prospect := key[:strings.LastIndex(key, "\x00")]
			mark, _ := ledger.Pseudonym(tx, prospect)
			visit(policy.Past{At: past.At, Kind: past.Kind, Subject: past.Subject, Record: past.Record, Asked: past.Asked, Mark: mark})
		}
		return true, nil
	})
	return next, more, err
}
