package outbox

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

const (
	crmName     = bridge.ConnectionName("crm.main")
	testTimeout = 30 * time.Second
	testSettle  = 5 * time.Second
	localWriter = "hub"
)

var (
	testFields = []bridge.FieldName{"prospect.status", "prospect.comment"}
	testValues = []bridge.Value{"a", "b", "c"} // "a" is what the CRM holds at first
)

// card is what an author saw: a read that began at readAt.
type card struct {
	readAt time.Time
	fields map[bridge.FieldName]bridge.Value
}

// try is one granted write in a writer's hands.
type try struct {
	item   Item
	grant  *grant
	result *Result   // once the writer knows
	late   time.Time // until when the CRM may still carry it out
	put    *saidYes  // what it then does; nil: it compares then
}

type grant struct {
	fence    uint64
	writer   string
	deadline time.Time
	tries    []*try
	dead     bool // its writer died
}

// world is the outbox and everything around it, with what must hold.
type world struct {
	t      *rapid.T
	tb     testing.TB
	s      *store.Store
	path   string
	now    time.Time
	lookup bool // the CRM can be searched
	crm    simulated
	refs   []bridge.Ref
	cards  map[bridge.Ref][]card
	meant  map[fieldOf]bridge.Value // the value of the newest write
	edited map[fieldOf]bool         // a person was there
	reads  map[bridge.Ref]time.Time // begun, not ended
	road   []string                 // entry ids; some stale, some twice
	grants []*grant
	made   []string                        // every entry, in order
	saw    map[string]map[fieldOf][]string // by entry: values that somebody behind it was shown
	unsure map[string]bool                 // entries of which a try may have been carried out and nobody was told
	vague  map[fieldOf]bool                // a write that may have been carried out was given up
	serial int
}

func newWorld(t *rapid.T, tb testing.TB, prospects ...string) *world {
	w := &world{
		t: t, tb: tb, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		path:   filepath.Join(tb.TempDir(), "store.db"),
		lookup: rapid.Bool().Draw(t, "the CRM can be searched"),
		crm: simulated{
			fields: map[fieldOf]bridge.Value{}, edits: map[bridge.Value]bool{}, logged: map[bridge.OperationID]int{},
			version: map[bridge.Ref]int{}, checks: rapid.Bool().Draw(t, "the CRM checks versions"),
		},
		cards: map[bridge.Ref][]card{}, meant: map[fieldOf]bridge.Value{}, edited: map[fieldOf]bool{}, reads: map[bridge.Ref]time.Time{},
		saw: map[string]map[fieldOf][]string{}, unsure: map[string]bool{}, vague: map[fieldOf]bool{},
	}
	for _, id := range prospects {
		w.refs = append(w.refs, bridge.Ref{Connection: crmName, Object: bridge.ProspectObj, ID: id})
	}
	w.open()
	for _, ref := range w.refs {
		w.reads[ref] = w.now
		w.endRead(ref)
	}
	w.pass(time.Millisecond)
	return w
}

func (w *world) open() {
	s, err := store.Open(w.path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.s = s
}

func (w *world) close() {
	if err := w.s.Close(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) commit(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.s.Commit(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) view(fn func(tx *store.Tx)) {
	w.t.Helper()
	if err := w.s.View(func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) entry(id string) (e Entry) {
	w.t.Helper()
	w.view(func(tx *store.Tx) {
		var ok bool
		var err error
		if e, ok, err = Get(tx, id); err != nil || !ok {
			w.t.Fatalf("entry %s is gone (%v)", id, err)
		}
	})
	return e
}

// in lists the entries in a state.
func (w *world) in(s State) (ids []string) {
	w.view(func(tx *store.Tx) { ids = Ids(tx, crmName, s, 0) })
	return ids
}

func (w *world) endRead(ref bridge.Ref) {
	c := card{readAt: w.reads[ref], fields: map[bridge.FieldName]bridge.Value{}}
	for _, name := range testFields {
		c.fields[name] = w.crm.get(fieldOf{ref, name})
	}
	w.cards[ref] = append(w.cards[ref], c)
	delete(w.reads, ref)
}

// draft makes a write of a kind as the desk would, by an author with the
// newest card in front of them, or an older one.
func (w *world) draft(kind bridge.WriteKind, ref bridge.Ref, shown card, fields []bridge.FieldName) Draft {
	w.serial++
	key := fmt.Sprintf("event-%d", w.serial)
	write := bridge.Write{Operation: bridge.Operation(crmName, key, kind, 0), Kind: kind, Prospect: ref}
	for _, name := range fields {
		write.Fields = append(write.Fields, bridge.FieldChange{
			Name: name, Value: rapid.SampledFrom(testValues).Draw(w.t, "value"), Expected: shown.fields[name],
			CardAt: shown.readAt, Author: bridge.PersonID("author of " + key), Policy: "policy of " + key,
		})
	}
	return Draft{Write: write, EventKey: key}
}

func (w *world) append(d Draft, shown card) Entry {
	w.t.Helper()
	free := w.unclaimed(d.Write.Prospect)
	var e Entry
	w.commit(func(tx *store.Tx) (err error) {
		e, err = Append(tx, d, w.now)
		return err
	})
	saw := map[fieldOf][]string{}
	for _, f := range d.Write.Fields {
		at := fieldOf{d.Write.Prospect, f.Name}
		saw[at] = append(saw[at], string(shown.fields[f.Name]))
		w.meant[at] = f.Value
	}
	if d.Write.Kind == bridge.WriteFields {
		for _, old := range free {
			w.merged(old, e)
			for at, values := range w.saw[old.ID] {
				saw[at] = append(saw[at], values...)
			}
		}
	}
	w.saw[e.ID] = saw
	w.made = append(w.made, e.ID)
	return e
}

// unclaimed are a prospect's changes of fields that nobody has claimed yet.
func (w *world) unclaimed(ref bridge.Ref) (out []Entry) {
	for _, id := range w.made {
		e := w.entry(id)
		if e.Write.Prospect == ref && e.Write.Kind == bridge.WriteFields && !e.Claimed && (e.State == Pending || e.State == Relayed) {
			out = append(out, e)
		}
	}
	return out
}

// merged checks that a newer change took an older one up: the oldest expected
// value, the newest value with its author and policy.
func (w *world) merged(old, into Entry) {
	w.t.Helper()
	if got := w.entry(old.ID); got.State != Superseded || got.By != into.ID {
		w.t.Fatalf("unclaimed change %s is %s by %q, want superseded by %s", old.ID, got.State, got.By, into.ID)
	}
	for _, was := range old.Write.Fields {
		i := indexOf(into.Write.Fields, was.Name)
		if i < 0 {
			w.t.Fatalf("%s was lost in the merge", was.Name)
		}
		if is := into.Write.Fields[i]; is.Expected != was.Expected || !is.CardAt.Equal(was.CardAt) {
			w.t.Fatalf("%s: merged into expected %q read %s, want the oldest %q read %s", was.Name, is.Expected, is.CardAt, was.Expected, was.CardAt)
		}
	}
}

// carryOut is the CRM carrying a granted write out now: it may conflict, and
// here is where single effect and people's edits are watched.
func (w *world) carryOut(t *try) []connector.Conflict {
	w.t.Helper()
	write := *t.item.Write
	if write.Kind != bridge.WriteFields {
		w.crm.logged[write.Operation]++
		if n := w.crm.logged[write.Operation]; n > 1 {
			w.t.Fatalf("%s of entry %s was carried out %d times", write.Kind, t.item.Entry, n)
		}
		return nil
	}
	set, conflicts := w.compare(t)
	w.crm.set(write.Prospect, set)
	return conflicts
}

// compare sorts a write's fields into those that the CRM is to set and those
// that it holds otherwise.
func (w *world) compare(t *try) (set map[bridge.FieldName]bridge.Value, conflicts []connector.Conflict) {
	w.t.Helper()
	write := *t.item.Write
	set = map[bridge.FieldName]bridge.Value{}
	for _, f := range write.Fields {
		at := fieldOf{write.Prospect, f.Name}
		held := w.crm.get(at)
		switch {
		case held == f.Value:
		case held == f.Expected:
			if w.crm.edits[held] && !slices.Contains(w.saw[t.item.Entry][at], string(held)) {
				w.t.Fatalf("entry %s overwrites a person's %q in %s, which none of its authors saw", t.item.Entry, held, f.Name)
			}
			set[f.Name] = f.Value
		default:
			conflicts = append(conflicts, connector.Conflict{Field: f.Name, Found: held})
		}
	}
	return set, conflicts
}

// inOrder fails if a write was granted that has an earlier one of its prospect
// on its way outside the grant.
func (w *world) inOrder(g *grant) {
	w.t.Helper()
	for _, t := range g.tries {
		for _, id := range w.made {
			if id >= t.item.Entry {
				break
			}
			e := w.entry(id)
			if e.Write.Prospect == t.item.Write.Prospect && e.State.onTheWay() && (e.State != Sending || e.Fence != g.fence) {
				w.t.Fatalf("entry %s was granted while the earlier %s is %s", t.item.Entry, id, e.State)
			}
		}
	}
}

func okay(id string, s connector.ReceiptState, c []connector.Conflict) *Result {
	return &Result{Entry: id, State: s, Conflict: c, Begun: true}
}

func failure(id string, kind fault.Kind, lost bool) *Result {
	return &Result{Entry: id, State: connector.Failed, Kind: kind, Reason: "words of the CRM", Lost: lost, Begun: true}
}

func (w *world) retry(_ *Entry, r Result) time.Duration {
	if r.Lost {
		return testSettle
	}
	return time.Second
}

// settle reports one result and answers the entry as it is then.
func (w *world) settle(fence uint64, r Result) Entry {
	w.t.Helper()
	before := w.entry(r.Entry)
	stale := before.State != Sending || before.Fence != fence
	err := w.s.Commit(context.Background(), func(tx *store.Tx) error {
		_, err := Settle(tx, fence, r, w.now, w.lookup, w.retry)
		return err
	})
	switch {
	case stale && err != ErrStale:
		w.t.Fatalf("a stale report of %s (%s, fence %d, its %d): %v", r.Entry, before.State, before.Fence, fence, err)
	case !stale && err != nil:
		w.t.Fatal(err)
	}
	after := w.entry(r.Entry)
	if after.State == Conflicted {
		w.explained(after)
	}
	return after
}

// explained fails if a write is in conflict with nobody but ourselves.
func (w *world) explained(e Entry) {
	w.t.Helper()
	for _, c := range e.Conflict {
		at := fieldOf{e.Write.Prospect, c.Field}
		if !w.crm.edits[c.Found] && !w.vague[at] {
			w.t.Fatalf("entry %s conflicts over %s with %q, which no person wrote (it expected %q)", e.ID, c.Field, c.Found, e.Held[c.Field])
		}
	}
}
