package app

import (
	"testing"
	"time"
)

func TestTheSteadyClockDoesNotJump(t *testing.T) {
	t.Parallel()
	var set time.Duration
	c := newClock(func() time.Time { return time.Now().Add(set) })
	began := c.steady()
	for _, set = range []time.Duration{time.Hour, -time.Hour, 0, 365 * 24 * time.Hour} {
		if passed := c.steady().Sub(began); passed < 0 || passed > time.Minute {
			t.Errorf("the clock is set by %s: %s passed", set, passed)
		}
		if c.jumped() != set {
			t.Errorf("set by %s, it says %s", set, c.jumped())
		}
	}
}
