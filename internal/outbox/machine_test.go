package outbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

// TestAnyInterleaving runs the outbox against a model of everything around it:
// authors, relay, writers, a CRM, people who edit it, crashes.
func TestAnyInterleaving(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, t, "7", "8")
		defer w.s.Close()
		rt.Repeat(map[string]func(*rapid.T){
			"":             func(*rapid.T) { w.check() },
			"append":       w.doAppend,
			"append again": w.doAppend,
			"begin a read": w.doBeginRead,
			"end a read":   w.doEndRead,
			"edit":         w.doEdit,
			"take":         w.doTake,
			"claim":        w.doClaim,
			"carry out":    w.doCarryOut,
			"report":       w.doReport,
			"appear late":  w.doAppearLate,
			"confirm":      w.doConfirm,
			"sweep":        w.doSweep,
			"lose stream":  w.doLoseStream,
			"writer dies":  w.doWriterDies,
			"crash":        w.doCrash,
			"retry":        w.doRetry,
			"discard":      w.doDiscard,
			"keep ours":    w.doKeepOurs,
			"time passes":  w.doPass,
		})
		w.drain()
		w.ended()
	})
}

// TestChainsOfChanges is the same with nothing but changes of one prospect's
// fields and writers that hurry, so that they meet more often.
func TestChainsOfChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, t, "7")
		defer w.s.Close()
		rt.Repeat(map[string]func(*rapid.T){
			"":               func(*rapid.T) { w.check() },
			"change":         w.doChange,
			"change again":   w.doChange,
			"begin a read":   w.doBeginRead,
			"end a read":     w.doEndRead,
			"edit":           w.doEdit,
			"grant":          func(*rapid.T) { w.grantAll() },
			"grant again":    func(*rapid.T) { w.grantAll() },
			"carry out":      w.doCarryOut,
			"report":         func(*rapid.T) { w.reportAll() },
			"all at once":    w.doAllAtOnce,
			"read meanwhile": w.doReadMeanwhile,
			"appear late":    w.doAppearLate,
			"confirm":        w.doConfirm,
			"retry":          w.doRetry,
			"keep ours":      w.doKeepOurs,
			"time passes":    w.doPass,
		})
		w.drain()
		w.ended()
	})
}

func (w *world) doChange(t *rapid.T) {
	ref := w.refs[0]
	cards := w.cards[ref]
	shown := pick(t, cards[max(0, len(cards)-2):], "card")
	fields := rapid.SampledFrom([][]bridge.FieldName{testFields[:1], testFields[:1], testFields}).Draw(t, "fields")
	w.append(w.draft(bridge.WriteFields, ref, shown, fields), shown)
	w.pass(time.Millisecond)
}

func (w *world) grantAll() {
	w.take(100)
	if len(w.road) > 0 {
		w.claim("remote", w.road, 100)
	}
}

func (w *world) reportAll() {
	for _, g := range w.grants {
		for _, try := range g.tries {
			if try.result != nil {
				w.settle(g.fence, *try.result)
			}
		}
	}
	w.pass(time.Millisecond)
}

func (w *world) doAllAtOnce(t *rapid.T) {
	w.grantAll()
	w.doCarryOut(t)
	w.reportAll()
}

// doReadMeanwhile reads the prospect while a claimed write is on its way into
// the CRM: before it appears there, or after.
func (w *world) doReadMeanwhile(t *rapid.T) {
	w.grantAll()
	under := pick(t, w.begun(), "claimed write")
	ref := w.refs[0]
	w.reads[ref] = w.now
	w.pass(time.Millisecond)
	way := rapid.SampledFrom([]string{stores, accepts, lies, puts}).Draw(t, "way")
	if rapid.Bool().Draw(t, "before it appears") {
		w.endRead(ref)
		w.work(under, way)
	} else {
		w.work(under, way)
		w.endRead(ref)
	}
	w.pass(time.Millisecond)
	w.reportAll()
}

func pick[T any](t *rapid.T, from []T, what string) T {
	if len(from) == 0 {
		t.Skip("no " + what)
	}
	return rapid.SampledFrom(from).Draw(t, what)
}

func (w *world) doAppend(t *rapid.T) {
	ref := pick(t, w.refs, "prospect")
	kind := rapid.SampledFrom(append(bridge.WriteKinds(), bridge.WriteFields, bridge.WriteFields, bridge.WriteFields)).Draw(t, "kind")
	shown := pick(t, w.cards[ref], "card")
	var fields []bridge.FieldName
	if kind == bridge.WriteFields {
		fields = rapid.SampledFrom([][]bridge.FieldName{testFields[:1], testFields[1:], testFields}).Draw(t, "fields")
	}
	w.append(w.draft(kind, ref, shown, fields), shown)
	w.pass(time.Millisecond)
}

func (w *world) doBeginRead(t *rapid.T) {
	ref := pick(t, w.refs, "prospect")
	w.reads[ref] = w.now
	w.pass(time.Millisecond)
}

func (w *world) doEndRead(t *rapid.T) {
	var begun []bridge.Ref
	for _, ref := range w.refs {
		if _, ok := w.reads[ref]; ok {
			begun = append(begun, ref)
		}
	}
	w.endRead(pick(t, begun, "read"))
	w.pass(time.Millisecond)
}

func (w *world) doEdit(t *rapid.T) {
	at := fieldOf{pick(t, w.refs, "prospect"), pick(t, testFields, "field")}
	w.serial++
	value := bridge.Value(fmt.Sprintf("person's %d", w.serial))
	w.crm.edits[value] = true
	w.crm.set(at.ref, map[bridge.FieldName]bridge.Value{at.name: value})
	w.edited[at] = true
}

func (w *world) doTake(t *rapid.T) {
	w.take(rapid.IntRange(1, 6).Draw(t, "room"))
}

func (w *world) take(room int) {
	w.t.Helper()
	want := w.mostUrgent(room)
	var taken []Entry
	w.commit(func(tx *store.Tx) (err error) {
		taken, _, err = Take(tx, crmName, room, w.now)
		return err
	})
	var got []string
	for _, e := range taken {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("took %v, want %v", got, want)
	}
	w.road = append(w.road, got...)
	w.pass(time.Millisecond)
}

// mostUrgent says what Take must answer: the prospects by their most urgent
// pending entry, each one's entries in order.
func (w *world) mostUrgent(room int) (want []string) {
	open := map[bridge.Ref][]Entry{}
	rank := map[bridge.Ref]string{}
	for _, id := range w.made {
		e := w.entry(id)
		ref := e.Write.Prospect
		open[ref] = append(open[ref], e)
		if own := fmt.Sprint(e.Write.Kind.Urgency(), id); e.State == Pending && (rank[ref] == "" || own < rank[ref]) {
			rank[ref] = own
		}
	}
	refs := slices.DeleteFunc(slices.Clone(w.refs), func(r bridge.Ref) bool { return rank[r] == "" })
	slices.SortFunc(refs, func(a, b bridge.Ref) int { return strings.Compare(rank[a], rank[b]) })
	for _, ref := range refs {
		for _, e := range open[ref] {
			if e.State == Sending || e.State == Pending && e.NotUntil.After(w.now) {
				break
			}
			if e.State == Pending && len(want) < room {
				want = append(want, e.ID)
			}
		}
	}
	return want
}

func (w *world) doClaim(t *rapid.T) {
	all := append(slices.Clone(w.road), w.made...) // stale and foreign ones too
	if len(all) == 0 {
		t.Skip("nothing to claim")
	}
	ids := rapid.SliceOfN(rapid.SampledFrom(all), 1, 6).Draw(t, "entries")
	w.claim(rapid.SampledFrom([]string{localWriter, "remote"}).Draw(t, "writer"), ids, rapid.IntRange(0, 4).Draw(t, "most"))
}

func (w *world) claim(writer string, ids []string, most int) *grant {
	w.t.Helper()
	terms := Terms{Timeout: testTimeout, Settle: testSettle, Most: most}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	at := w.now
	g := &grant{writer: writer, deadline: at.Add(testTimeout)}
	var items []Item
	for _, part := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} { // in two transactions
		var got Grant
		w.commit(func(tx *store.Tx) (err error) {
			got, err = Claim(tx, Ask{Connection: crmName, Writer: writer, Entries: part}, terms, at)
			return err
		})
		terms.Fence, g.fence = got.Fence, got.Fence
		items = append(items, got.Items...)
		for _, item := range got.Items {
			if item.Verdict == Go {
				terms.Most--
			}
		}
	}
	if terms.Most < 0 {
		w.t.Fatalf("granted %d more than the quota", -terms.Most)
	}
	for _, item := range items {
		if item.Verdict == Go {
			g.tries = append(g.tries, &try{item: item, grant: g})
		}
	}
	w.inOrder(g)
	if len(g.tries) > 0 {
		w.grants = append(w.grants, g)
	}
	w.pass(time.Millisecond)
	return g
}

// begun are the tries whose turn it is: their writer lives and their deadline
// has not come.
func (w *world) begun() (out []*try) {
	for _, g := range w.grants {
		if i := slices.IndexFunc(g.tries, func(t *try) bool { return t.result == nil }); i >= 0 && !g.dead && w.now.Before(g.deadline) {
			out = append(out, g.tries[i])
		}
	}
	return out
}

// The ways a CRM can take a write.
const (
	stores   = "stores"
	accepts  = "accepts"
	lies     = "says yes, does nothing"
	puts     = "says yes, applies late"
	rejects  = "rejects"
	fails    = "fails"
	throttle = "throttles"
	mutes    = "applies, answer lost"
	drops    = "does not apply, answer lost"
	delays   = "applies late, answer lost"
)

func (w *world) doCarryOut(t *rapid.T) {
	way := rapid.SampledFrom([]string{stores, accepts, stores, accepts, lies, puts, rejects, fails, throttle, mutes, drops, delays}).Draw(t, "way")
	w.work(pick(t, w.begun(), "claimed write"), way)
	w.pass(time.Millisecond)
}

// work does what a writer does with a granted write: look first if it must,
// then send; what fails keeps its prospect's later writes back.
func (w *world) work(t *try, way string) {
	w.unsure[t.item.Entry] = w.unsure[t.item.Entry] || t.item.Look
	if t.result = w.lookFor(t); t.result == nil {
		t.result = w.send(t, way)
	}
	if t.result.State == connector.Failed && t.result.Kind != fault.Rejected {
		w.holdBack(t)
	}
}

// lookFor answers nil if the write is to be sent.
func (w *world) lookFor(t *try) *Result {
	switch {
	case !t.item.Look:
		return nil
	case !w.lookup && t.item.Write.Kind != bridge.WriteFields:
		return failure(t.item.Entry, fault.Unavailable, true)
	case w.crm.look(*t.item.Write).Present:
		return okay(t.item.Entry, connector.Stored, nil)
	}
	return nil
}

func (w *world) send(t *try, way string) *Result {
	id := t.item.Entry
	switch way {
	case stores:
		return okay(id, connector.Stored, w.carryOut(t))
	case accepts:
		return okay(id, connector.Accepted, w.carryOut(t))
	case lies, puts:
		conflicts := w.sayYes(t)
		if t.put == nil {
			return okay(id, connector.Stored, conflicts)
		}
		if way == puts {
			t.late = w.now.Add(testSettle)
		}
		return okay(id, connector.Accepted, conflicts)
	case rejects:
		if w.unsure[id] {
			w.blur(*t.item.Write)
		}
		return failure(id, fault.Rejected, false)
	case throttle:
		return failure(id, fault.RateLimited, false)
	case mutes:
		w.carryOut(t)
		return failure(id, fault.Unavailable, true)
	case drops:
		return failure(id, fault.Unavailable, true)
	case delays:
		t.late = w.now.Add(testSettle)
		return failure(id, fault.Unavailable, true)
	}
	return failure(id, fault.Unavailable, false)
}

// blur notes that a write is given up, or refused, of which an earlier try may
// have gone through in part: what the CRM then holds is a person's to judge.
func (w *world) blur(write bridge.Write) {
	for _, f := range write.Fields {
		w.vague[fieldOf{write.Prospect, f.Name}] = true
	}
}

// holdBack begins none of the prospect's later writes of the grant.
func (w *world) holdBack(failed *try) {
	for _, t := range failed.grant.tries {
		if t.result == nil && t.item.Write.Prospect == failed.item.Write.Prospect {
			t.result = failure(t.item.Entry, fault.Unavailable, false)
			t.result.Begun = false
		}
	}
}

func (w *world) doReport(t *rapid.T) {
	g := pick(t, w.grants, "grant")
	for _, try := range g.tries {
		if try.result != nil && !g.dead && rapid.IntRange(0, 4).Draw(t, "report") > 0 {
			w.settle(g.fence, *try.result)
		}
	}
	w.pass(time.Millisecond)
}
