package app

import (
	"testing"
	"time"
)

func TestTheSteadyClockDoesNotJump(t *testing.T) {
	t.Parallel()
	var set time.Duration
	c := newClock(func() time.Time { return time.Now().Add(set) }, time.Time{})
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

// A clock that was set back while the hub was down does not turn its order
// around, unless it was set by more than anybody sets a clock that was right.
func TestTheSteadyClockGoesOnFromTheLastLife(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ back, want time.Duration }{
		"not set":          {-time.Minute, 0},
		"set by an hour":   {time.Hour, time.Hour},
		"set by two years": {2 * 365 * 24 * time.Hour, 0},
	} {
		now := time.Now()
		got := newClock(time.Now, now.Add(c.back)).steady().Sub(now)
		if got < c.want-time.Minute || got > c.want+time.Minute {
			t.Errorf("%s: it begins %s from now, want %s", name, got, c.want)
		}
	}
}
