package intake

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/store"
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

// A body of hundreds of events costs a few commits. Each event is answered for
// itself, and a prospect's are recorded in their order.
func TestABodyOfManyEventsSharesCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.in.opts.BodyLimit = 1 << 20
	const calls = 300
	var events []map[string]any
	for i := range calls {
		id := fmt.Sprint(i)
		change := map[string]any{"note": id}
		switch i % 10 {
		case 7:
			change["prospect_id"] = "nobody"
		case 8:
			change["talk_s"] = -1
		case 9:
			change["amends"] = fmt.Sprint(i - 4)
		}
		events = append(events, event(id, change))
	}
	before := w.commits.Load()
	got := w.send(events...)
	if n := w.commits.Load() - before; n > calls/10 {
		t.Errorf("%d commits", n)
	}
	attempt := 0
	for i, r := range got.Results {
		want := Recorded
		if i%10 == 7 || i%10 == 8 {
			want = Parked
		}
		if r.State != want {
			t.Fatalf("event %d: %+v", i, r)
		}
		if i%10 > 6 {
			continue
		}
		attempt++
		amended := 0
		if i%10 == 5 {
			amended = 1
		}
		if o := w.outcome(bridge.OutcomeID(r.ID)); o.Attempt != attempt || o.Revision != amended {
			t.Errorf("event %d is attempt %d, want %d; revision %d, want %d", i, o.Attempt, attempt, o.Revision, amended)
		}
	}
}

func (w *world) outcome(id bridge.OutcomeID) (o bridge.Outcome) {
	w.t.Helper()
	err := w.store.View(func(tx *store.Tx) (err error) {
		o, _, err = store.NewTable[bridge.Outcome]("desk.outcomes").Get(tx, string(id))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}
