package app

import "time"

// clock tells the time that passes from the time that is shown: the machine's
// clock may be set while the hub runs, by an hour either way, and no claim,
// lease or wait may end sooner or later for it.
type clock struct {
	wall  func() time.Time
	began time.Time // by the wall
	since time.Time // the same moment, by what only ever passes
}

func newClock(wall func() time.Time) clock {
	return clock{wall: wall, began: wall().Round(0), since: time.Now()}
}

// jumped is by how much the wall clock has been set since the hub began.
func (c clock) jumped() time.Duration {
	return (c.wall().Round(0).Sub(c.began) - time.Since(c.since)).Round(time.Second)
}

// steady is the time that has passed since the hub began, as a time that
// nobody sets.
func (c clock) steady() time.Time { return c.wall().Round(0).Add(-c.jumped()) }
