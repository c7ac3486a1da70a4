package relay

import (
	"errors"
	"testing"
	"time"

	"passerelle/internal/bus"
)

func TestWhyAStreamCountsAsLost(t *testing.T) {
	t.Parallel()
	born := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	known := bus.StreamState{Created: born, Last: 10}
	for name, c := range map[string]struct {
		now        bus.StreamState
		err        error
		failed     int
		unanswered time.Duration
		want       string
	}{
		"it goes on":                   {now: bus.StreamState{Created: born, Last: 11}},
		"it was made anew":             {now: bus.StreamState{Created: born.Add(time.Second), Last: 11}, want: "it is not what it was"},
		"it was put back":              {now: bus.StreamState{Created: born, Last: 9}, want: "it is not what it was"},
		"it was deleted":               {err: bus.ErrNoStream, want: "it is gone"},
		"NATS is down":                 {err: bus.ErrDown, unanswered: time.Hour},
		"it does not answer for once":  {err: errors.New("no leader")},
		"it does not answer":           {err: errors.New("no leader"), unanswered: time.Minute, want: "it has not answered for long"},
		"one publish failed":           {now: known, failed: 1},
		"its disk is full, or deleted": {now: known, failed: failedOften, want: "it takes no messages"},
	} {
		r := &Relay{}
		r.road.state, r.road.failed = known, c.failed
		if c.unanswered > 0 {
			r.road.unanswered = time.Now().Add(-c.unanswered)
		}
		if got := r.lost(c.now, c.err); got != c.want {
			t.Errorf("%s: lost because %q, want %q", name, got, c.want)
		}
	}
}
