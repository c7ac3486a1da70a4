package outbox

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

// box is an outbox in a store of its own, at a time that the test moves.
type box struct {
	testing.TB
	s   *store.Store
	now time.Time
	n   int
}

func newBox(t testing.TB) *box {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &box{TB: t, s: s, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

func prospect(id string) bridge.Ref {
	return bridge.Ref{Connection: crmName, Object: bridge.ProspectObj, ID: id}
}

func (b *box) do(fn func(tx *store.Tx) error) {
	b.Helper()
	if err := b.try(fn); err != nil {
		b.Fatal(err)
	}
}

func (b *box) try(fn func(tx *store.Tx) error) error {
	b.now = b.now.Add(time.Second)
	return b.s.Commit(context.Background(), fn)
}

// add appends a write of a kind.
func (b *box) add(kind bridge.WriteKind, ref bridge.Ref, fields ...bridge.FieldChange) Entry {
	b.Helper()
	b.n++
	key := fmt.Sprintf("event-%d", b.n)
	return b.append(Draft{EventKey: key, Write: bridge.Write{
		Operation: bridge.Operation(crmName, key, kind, 0), Kind: kind, Prospect: ref, Fields: fields,
	}})
}

func (b *box) append(d Draft) (e Entry) {
	b.Helper()
	b.do(func(tx *store.Tx) (err error) { e, err = Append(tx, d, b.now); return err })
	return e
}

// change is one by an author whose card was read just now and showed expected.
func (b *box) change(name bridge.FieldName, expected, value bridge.Value) bridge.FieldChange {
	return bridge.FieldChange{Name: name, Value: value, Expected: expected, CardAt: b.now, Author: "alice", Policy: "p1"}
}

func (b *box) get(id string) (e Entry) {
	b.Helper()
	b.do(func(tx *store.Tx) (err error) { e, _, err = Get(tx, id); return err })
	return e
}

func (b *box) claim(ids ...string) (g Grant) {
	b.Helper()
	b.do(func(tx *store.Tx) (err error) {
		if _, _, err = Take(tx, crmName, 100, b.now); err != nil {
			return err
		}
		g, err = Claim(tx, Ask{Connection: crmName, Writer: "w", Entries: ids}, Terms{Timeout: testTimeout, Settle: testSettle, Most: 100}, b.now)
		return err
	})
	return g
}

// granted claims one entry, which must be granted.
func (b *box) granted(id string) (uint64, Item) {
	b.Helper()
	g := b.claim(id)
	if len(g.Items) != 1 || g.Items[0].Verdict != Go {
		b.Fatalf("claim of %s (%s): %+v", id, b.get(id).State, g.Items)
	}
	return g.Fence, g.Items[0]
}

func (b *box) settle(fence uint64, r Result, lookup bool) (e Entry) {
	b.Helper()
	b.do(func(tx *store.Tx) (err error) {
		e, err = Settle(tx, fence, r, b.now, lookup, func(*Entry, Result) time.Duration { return time.Minute })
		return err
	})
	return e
}

// reach brings a fresh change of fields into a state.
func (b *box) reach(s State) Entry {
	b.Helper()
	const name = "prospect.status"
	e := b.add(bridge.WriteFields, prospect(string(s)), b.change(name, "old", "ours"))
	switch s {
	case Pending:
	case Relayed:
		b.do(func(tx *store.Tx) error { _, _, err := Take(tx, crmName, 100, b.now); return err })
	case Superseded:
		b.add(bridge.WriteFields, prospect(string(s)), b.change(name, "old", "newer"))
	case Discarded:
		b.do(func(tx *store.Tx) error { _, err := Discard(tx, e.ID, "", b.now); return err })
	default:
		fence, _ := b.granted(e.ID)
		results := map[State]Result{
			Sent:       *okay(e.ID, connector.Accepted, nil),
			Applied:    *okay(e.ID, connector.Stored, nil),
			Parked:     *failure(e.ID, fault.Rejected, false),
			Conflicted: *okay(e.ID, connector.Stored, []connector.Conflict{{Field: name, Found: "theirs"}}),
		}
		if r, ok := results[s]; ok {
			b.settle(fence, r, true)
		}
	}
	got := b.get(e.ID)
	if got.State != s {
		b.Fatalf("wanted a write that is %s, it is %s", s, got.State)
	}
	return got
}
