package outbox

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

func (w *world) doAppearLate(t *rapid.T) {
	var waiting []*try
	for _, g := range w.grants {
		for _, try := range g.tries {
			if w.now.Before(try.late) {
				waiting = append(waiting, try)
			}
		}
	}
	late := pick(t, waiting, "write on its way into the CRM")
	late.late = time.Time{}
	w.appear(late)
}

func (w *world) doConfirm(t *rapid.T) { w.confirm(w.entry(pick(t, w.in(Sent), "sent write"))) }

func (w *world) confirm(e Entry) {
	w.t.Helper()
	w.commit(func(tx *store.Tx) error {
		_, _, err := Confirm(tx, e.ID, e.Fence, w.crm.look(e.Write), w.now, testSettle)
		return err
	})
	w.pass(time.Millisecond)
}

func (w *world) doSweep(*rapid.T) { w.sweep() }

func (w *world) sweep() {
	w.commit(func(tx *store.Tx) error {
		for _, id := range Ids(tx, crmName, Sending, 0) {
			e, _, err := Get(tx, id)
			if err == nil && !w.now.Before(e.Deadline.Add(testSettle)) {
				err = Expire(tx, id, w.now, w.now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) doLoseStream(*rapid.T) { w.loseStream() }

func (w *world) loseStream() {
	w.road = nil
	w.commit(func(tx *store.Tx) error {
		for _, id := range Ids(tx, crmName, Relayed, 0) {
			if err := Withdraw(tx, id, w.now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) doWriterDies(t *rapid.T) {
	g := pick(t, w.grants, "grant")
	w.die(t, g)
}

// die stops a grant's writer; the request it had begun may still arrive.
func (w *world) die(t *rapid.T, g *grant) {
	if g.dead {
		return
	}
	if i := slices.IndexFunc(g.tries, func(t *try) bool { return t.result == nil }); i >= 0 && w.now.Before(g.deadline) && rapid.Bool().Draw(t, "in flight") {
		if t := g.tries[i]; !t.item.Look { // else it was still looking
			t.late = w.now.Add(testSettle)
		}
	}
	g.dead = true
}

func (w *world) doCrash(t *rapid.T) {
	w.close()
	for _, g := range w.grants {
		if g.writer == localWriter {
			w.die(t, g)
		}
	}
	w.open()
	w.pass(time.Millisecond)
	w.commit(func(tx *store.Tx) error {
		for _, id := range Ids(tx, crmName, Sending, 0) {
			e, _, err := Get(tx, id)
			if err == nil && e.Writer == localWriter {
				err = Expire(tx, id, w.now, w.now.Add(testSettle))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.loseStream()
}

// decide runs a person's command on an entry and answers whether it was
// allowed; allowed ones must be those that want says.
func (w *world) decide(id string, want bool, fn func(tx *store.Tx) error) {
	w.t.Helper()
	before := w.entry(id)
	refused := false
	w.commit(func(tx *store.Tx) error {
		err := fn(tx)
		if _, refused = err.(*NotNow); refused {
			return nil
		}
		return err
	})
	if refused == want {
		w.t.Fatalf("a person's command on entry %s, which is %s: refused %v", id, before.State, refused)
	}
	w.pass(time.Millisecond)
}

func (w *world) doRetry(t *rapid.T) {
	e := w.entry(pick(t, w.made, "entry"))
	if e.State == Parked && !w.lookup && e.Write.Kind != bridge.WriteFields && w.crm.logged[e.Write.Operation] > 0 {
		t.Skip("the person sees it in the CRM")
	}
	if e.State == Parked && w.appearing(e.ID) {
		t.Skip("the person waits until it cannot appear any more")
	}
	w.decide(e.ID, e.State == Parked || e.State == Pending && !(e.Look && e.NotUntil.After(w.now)), func(tx *store.Tx) error {
		_, err := TryAgain(tx, e.ID, w.now)
		return err
	})
}

func (w *world) appearing(id string) bool {
	for _, g := range w.grants {
		for _, t := range g.tries {
			if t.item.Entry == id && w.now.Before(t.late) {
				return true
			}
		}
	}
	return false
}

func (w *world) doDiscard(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
		t.Skip("seldom")
	}
	e := w.entry(pick(t, w.made, "entry"))
	allowed := slices.Contains(Transitions[e.State], Discarded)
	if allowed && (e.Look || w.unsure[e.ID]) {
		w.blur(e.Write)
	}
	w.decide(e.ID, allowed, func(tx *store.Tx) error {
		_, err := Discard(tx, e.ID, "a motive", w.now)
		return err
	})
}

func (w *world) doKeepOurs(t *rapid.T) { w.keepOurs(pick(t, w.in(Conflicted), "conflict")) }

func (w *world) keepOurs(id string) {
	w.t.Helper()
	e := w.entry(id)
	for _, c := range e.Conflict {
		at := fieldOf{e.Write.Prospect, c.Field}
		w.saw[id][at] = append(w.saw[id][at], string(c.Found))
	}
	w.decide(id, true, func(tx *store.Tx) error {
		_, err := KeepOurs(tx, id, w.now)
		return err
	})
}

func (w *world) doPass(t *rapid.T) {
	w.pass(rapid.SampledFrom([]time.Duration{time.Second, testSettle, testTimeout, testTimeout + testSettle}).Draw(t, "time"))
}
