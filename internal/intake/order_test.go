package intake

import (
	"sync"
	"testing"
	"time"

	"passerelle/internal/desk"
)

// Requests overtake each other: what amends a call may come before it.
func TestAnAmendmentMayComeBeforeItsCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early := w.send(event("n", map[string]any{"amends": "m", "note": "said so twice"}), event("m", map[string]any{"amends": "e", "disposition": "opt_out"}))
	if early.Results[0].State != Parked || early.Results[1].State != Parked {
		t.Fatalf("%+v", early)
	}
	if got := w.send(event("e", nil)); got.Results[0].State != Recorded {
		t.Fatalf("%+v", got)
	}
	if left := w.parked(); len(left) != 0 {
		t.Errorf("still parked: %+v", left)
	}
	for _, id := range []string{"m", "n"} {
		if got := w.send(event(id, map[string]any{"amends": "e"})); got.Results[0].State != Duplicate {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

// Wherever the two meet, the amendment ends in its call.
func TestAnAmendmentRacesWithItsCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 50 {
		id := time.Duration(i).String()
		var both sync.WaitGroup
		both.Go(func() { w.send(event(id, nil)) })
		both.Go(func() { w.send(event(id+"+", map[string]any{"amends": id, "note": "x"})) })
		both.Wait()
	}
	if left, _, err := w.in.List(desk.Page{}); err != nil || len(left) != 0 {
		t.Errorf("still parked: %+v, %v", left, err)
	}
}
