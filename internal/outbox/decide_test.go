package outbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
	"passerelle/test/golden"
)

// TestWordsOfRefusals runs every person's command on a write in every state.
func TestWordsOfRefusals(t *testing.T) {
	t.Parallel()
	commands := []struct {
		name string
		run  func(tx *store.Tx, id string, now time.Time) (Entry, error)
	}{
		{"retry", TryAgain},
		{"discard", func(tx *store.Tx, id string, now time.Time) (Entry, error) { return Discard(tx, id, "motive", now) }},
		{"keep ours", KeepOurs},
	}
	var out strings.Builder
	for _, c := range commands {
		for _, s := range States() {
			b := newBox(t)
			e := b.reach(s)
			var got Entry
			err := b.try(func(tx *store.Tx) (err error) { got, err = c.run(tx, e.ID, b.now); return err })
			words := "→ " + string(got.State)
			if err != nil {
				words = strings.ReplaceAll(err.Error(), e.ID, "ID")
			}
			fmt.Fprintf(&out, "%-9s %-10s %s\n", c.name, s, words)
		}
		b := newBox(t)
		err := b.try(func(tx *store.Tx) error { _, err := c.run(tx, "0000", b.now); return err })
		fmt.Fprintf(&out, "%-9s %-10s %v\n", c.name, "none", err)
	}
	golden.File(t, "testdata/refusals.txt", out.String())
}

func TestKeepOursWritesOverWhatWasSeenAndNothingNewer(t *testing.T) {
	t.Parallel()
	const name = "prospect.status"
	ref := prospect(string(Conflicted))
	for _, c := range []struct {
		name  string
		newer func(b *box) // what happened after the conflict
		state State        // of the entry after the command
		why   string       // of the refusal
	}{
		{"nothing since", func(*box) {}, Pending, ""},
		{"a newer write waits", func(b *box) {
			b.add(bridge.WriteFields, ref, b.change(name, "theirs", "newer"))
		}, Superseded, "a newer write has taken its place"},
		{"a newer write went through", func(b *box) {
			newer := b.add(bridge.WriteFields, ref, b.change(name, "theirs", "newer"))
			fence, _ := b.granted(newer.ID)
			b.settle(fence, *okay(newer.ID, connector.Stored, nil), true)
		}, Superseded, "a newer write has taken its place"},
		{"a newer write of another field", func(b *box) {
			b.add(bridge.WriteFields, ref, b.change("prospect.comment", "", "newer"))
		}, Pending, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			e := b.reach(Conflicted)
			c.newer(b)
			err := b.try(func(tx *store.Tx) error { _, err := KeepOurs(tx, e.ID, b.now); return err })
			var refused *NotNow
			if errors.As(err, &refused) != (c.why != "") || refused != nil && refused.Why.String() != c.why {
				t.Fatalf("answered %v, want %q", err, c.why)
			}
			if got := b.get(e.ID); got.State != c.state {
				t.Fatalf("the entry is %s, want %s", got.State, c.state)
			}
			if c.state != Pending {
				return
			}
			_, item := b.granted(e.ID)
			if f := item.Write.Fields[0]; f.Expected != "theirs" || f.Value != "ours" {
				t.Errorf("granted %q over %q, want ours over theirs", f.Value, f.Expected)
			}
		})
	}
}

// A newer write that already waits behind one that is refused, or in conflict,
// takes its fields: a late retry must not undo it.
func TestANewerWriteThatWaitsTakesTheFields(t *testing.T) {
	t.Parallel()
	const status, comment = bridge.FieldName("prospect.status"), bridge.FieldName("prospect.comment")
	for name, result := range map[string]func(id string) Result{
		"refused": func(id string) Result { return *failure(id, fault.Rejected, false) },
		"conflict": func(id string) Result {
			return *okay(id, connector.Stored, []connector.Conflict{{Field: status, Found: "x"}, {Field: comment, Found: "y"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			older := b.add(bridge.WriteFields, prospect("7"), b.change(status, "a", "b"), b.change(comment, "", "x"))
			fence, _ := b.granted(older.ID)
			newer := b.add(bridge.WriteFields, prospect("7"), b.change(status, "a", "c"))
			b.settle(fence, result(older.ID), true)
			got := b.get(older.ID)
			if len(got.Write.Fields) != 1 || got.Write.Fields[0].Name != comment {
				t.Errorf("the older write still holds %v", got.Write.Fields)
			}
			last := b.add(bridge.WriteFields, prospect("7"), b.change(comment, "", "z"))
			if got := b.get(older.ID); got.State != Superseded || got.By != last.ID {
				t.Errorf("the older write is %s by %q", got.State, got.By)
			}
			if got := b.get(newer.ID); got.State != Superseded {
				t.Errorf("the unclaimed newer one is %s, want it merged into the last", got.State)
			}
		})
	}
}

// Whoever validated a proposal learns that it is in the CRM also when its
// write was merged into another.
func TestAMergedWriteCarriesItsProposals(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	draft := func(key string, p bridge.ProposalID) Draft {
		return Draft{EventKey: key, Proposal: p, Write: bridge.Write{
			Operation: bridge.Operation(crmName, key, bridge.WriteFields, 0), Kind: bridge.WriteFields, Prospect: prospect("7"),
			Fields: []bridge.FieldChange{b.change("prospect.status", "a", "b")},
		}}
	}
	first := b.append(draft("1", "p1"))
	second := b.append(draft("2", "p2"))
	third := b.append(draft("3", ""))
	if got := third.Carries; len(got) != 2 || got[0] != first.ID || got[1] != second.ID {
		t.Errorf("carries %v, want both proposals' entries", got)
	}
}

func TestARetryWaitsUntilALostTryCannotAppear(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := b.add(bridge.WriteActivity, prospect("7"))
	fence, _ := b.granted(e.ID)
	b.settle(fence, *failure(e.ID, fault.Unavailable, true), true)
	retry := func() error {
		return b.try(func(tx *store.Tx) error { _, err := TryAgain(tx, e.ID, b.now); return err })
	}
	var refused *NotNow
	if err := retry(); !errors.As(err, &refused) {
		t.Fatalf("retried at once: %v", err)
	}
	b.now = b.now.Add(2 * time.Minute)
	if err := retry(); err != nil {
		t.Fatal(err)
	}
	if _, item := b.granted(e.ID); !item.Look {
		t.Error("it is not looked for first")
	}
}
