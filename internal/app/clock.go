package app

import (
	"time"

	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// clock tells the time that passes from the time that is shown: the machine's
// clock may be set while the hub runs, by an hour either way, and no claim,
// lease or wait may end sooner or later for it.
type clock struct {
	wall  func() time.Time
	began time.Time // by the wall
	since time.Time // the same moment, by what only ever passes
}

// setBackMost bounds how far a clock is believed to have been set back while the
// hub was down: one that once was a year ahead must not be followed for ever.
const setBackMost = 24 * time.Hour

// newClock begins no earlier than last, the last moment that an earlier life of
// the hub has noted: what came after it then comes after it now.
func newClock(wall func() time.Time, last time.Time) clock {
	began := wall().Round(0)
	if last.After(began) && last.Sub(began) < setBackMost {
		began = last
	}
	return clock{wall: wall, began: began, since: time.Now()}
}

// lastMoment is when the last life of the hub last did something for somebody.
func lastMoment(tx *store.Tx) (time.Time, error) {
	head, err := ledger.Head(tx, time.Time{})
	if err != nil || head.N == 0 {
		return time.Time{}, err
	}
	lines, err := ledger.Lines(tx, head.N, 1)
	if err != nil || len(lines) == 0 {
		return time.Time{}, err
	}
	return lines[0].At, nil
}

// jumped is how far ahead the wall clock is of the time that passes.
func (c clock) jumped() time.Duration {
	return (c.wall().Round(0).Sub(c.began) - time.Since(c.since)).Round(time.Second)
}

// steady is the time that has passed since the hub began, as a time that
// nobody sets.
func (c clock) steady() time.Time { return c.wall().Round(0).Add(-c.jumped()) }
