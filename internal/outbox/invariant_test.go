package outbox

import (
	"maps"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// check fails unless what always holds does.
func (w *world) check() {
	w.t.Helper()
	w.view(func(tx *store.Tx) {
		w.indexed(tx)
		w.oneClaim(tx)
		w.marked(tx)
	})
}

// indexed compares the indexes with the entries.
func (w *world) indexed(tx *store.Tx) {
	w.t.Helper()
	state, prospect, applied := map[string]string{}, map[string]string{}, map[string]string{}
	count := map[State]int{}
	kept := 0
	err := entries.Each(tx, "", "", func(id string, e Entry) (bool, error) {
		kept++
		if !e.State.Final() {
			state[stateKey(crmName, e.State, e.Write.Kind, id)] = e.Write.Prospect.Key()
			prospect[prospectKey(e.Write.Prospect, id)] = string(e.Write.Kind) + " " + string(e.State)
			count[e.State]++
		}
		if e.State == Applied {
			applied[appliedKey(crmName, e.Changed, id)] = string(e.Write.Kind)
		}
		return true, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if kept != len(w.made) {
		w.t.Fatalf("%d entries are left of %d: none is ever dropped", kept, len(w.made))
	}
	if diff := cmp.Diff(state, content(tx, byState)); diff != "" {
		w.t.Fatalf("the index by state (-entries +index):\n%s", diff)
	}
	if diff := cmp.Diff(prospect, content(tx, byProspect)); diff != "" {
		w.t.Fatalf("the index by prospect (-entries +index):\n%s", diff)
	}
	if diff := cmp.Diff(applied, content(tx, byApplied)); diff != "" {
		w.t.Fatalf("the index of applied entries (-entries +index):\n%s", diff)
	}
	got, _, err := Count(tx, crmName)
	if err != nil || !maps.Equal(got, count) {
		w.t.Fatalf("counted %v, want %v (%v)", got, count, err)
	}
}

func content(tx *store.Tx, table store.Raw) map[string]string {
	out := map[string]string{}
	for k, v := range table.Scan(tx, "", "") {
		out[k] = string(v)
	}
	return out
}

// oneClaim fails if two live claims hold writes of one prospect.
func (w *world) oneClaim(tx *store.Tx) {
	w.t.Helper()
	fence := map[bridge.Ref]uint64{}
	for _, id := range Ids(tx, crmName, Sending, 0) {
		e, _, err := Get(tx, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if !w.now.Before(e.Deadline.Add(testSettle)) {
			continue // over, and not yet taken back
		}
		if other, ok := fence[e.Write.Prospect]; ok && other != e.Fence {
			w.t.Fatalf("claims %d and %d both hold writes of prospect %s", other, e.Fence, e.Write.Prospect.ID)
		}
		fence[e.Write.Prospect] = e.Fence
	}
}

// marked fails if a write counts as seen that was parked, refused, superseded
// or is to be tried again.
func (w *world) marked(tx *store.Tx) {
	w.t.Helper()
	for _, ref := range w.refs {
		for _, name := range testFields {
			marks, _, err := seen.Get(tx, seenKey(ref, name))
			if err != nil {
				w.t.Fatal(err)
			}
			for _, m := range marks {
				e, _, err := Get(tx, m.Entry)
				if err != nil {
					w.t.Fatal(err)
				}
				if !w.counts(e, name) {
					w.t.Fatalf("%s of entry %s counts as seen, and it is %s", name, e.ID, e.State)
				}
			}
		}
	}
}

// counts says whether a field of an entry was or may be written by it.
func (w *world) counts(e Entry, name bridge.FieldName) bool {
	switch e.State {
	case Sending, Sent, Applied:
		return true
	case Conflicted:
		return !e.conflicts(name)
	}
	// What was left of it after a conflict, without the fields that were written.
	return indexOf(e.Write.Fields, name) < 0 || e.Conflict != nil && !e.conflicts(name)
}

// drain lets everything come to rest: the CRM behaves, and people decide what
// waits for them.
func (w *world) drain() {
	w.t.Helper()
	for _, g := range w.grants {
		g.dead = true
	}
	for range 200 {
		w.pass(time.Minute)
		w.sweep()
		w.loseStream()
		w.decideAll()
		w.take(1000)
		if len(w.road) > 0 {
			g := w.claim("remote", w.road, 1000)
			for _, t := range g.tries {
				if t.result == nil {
					w.work(t, accepts)
				}
				w.settle(g.fence, *t.result)
			}
		}
		w.pass(time.Minute)
		for _, id := range w.in(Sent) {
			w.confirm(w.entry(id))
		}
		w.check()
		if w.atRest() {
			return
		}
	}
	for _, id := range w.made {
		if e := w.entry(id); !e.State.Final() {
			w.t.Errorf("entry %s (%s) is still %s: %s", id, e.Write.Kind, e.State, e.Reason)
		}
	}
	w.t.FailNow()
}

func (w *world) decideAll() {
	for _, id := range w.in(Conflicted) {
		w.keepOurs(id)
	}
	for _, id := range w.in(Parked) {
		e := w.entry(id)
		there := e.Write.Kind != bridge.WriteFields && w.crm.logged[e.Write.Operation] > 0
		w.decide(id, true, func(tx *store.Tx) (err error) {
			if there && !w.lookup {
				_, err = Discard(tx, id, "it is there", w.now)
			} else {
				_, err = TryAgain(tx, id, w.now)
			}
			return err
		})
	}
}

func (w *world) atRest() bool {
	for _, id := range w.made {
		if !w.entry(id).State.Final() {
			return false
		}
	}
	return true
}

// ended compares the CRM with everything that was ever asked of it.
func (w *world) ended() {
	w.t.Helper()
	discarded := map[fieldOf]bool{}
	for _, id := range w.made {
		e := w.entry(id)
		if e.Write.Kind == bridge.WriteFields {
			for at := range w.saw[id] {
				discarded[at] = discarded[at] || e.State == Discarded
			}
			continue
		}
		switch n := w.crm.logged[e.Write.Operation]; {
		case e.State == Superseded:
			w.t.Errorf("%s of entry %s was superseded", e.Write.Kind, id)
		case e.State == Applied && n != 1, n > 1:
			w.t.Errorf("%s of entry %s is %s and was carried out %d times", e.Write.Kind, id, e.State, n)
		}
	}
	for at, value := range w.meant {
		if got := w.crm.get(at); !w.edited[at] && !discarded[at] && got != value {
			w.t.Errorf("%s of %s is %q in the CRM, want the newest %q", at.name, at.ref.ID, got, value)
		}
	}
}
