package governance

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// The first start's policy is the store's; a later one does not replace it.
func TestSeed(t *testing.T) {
	t.Parallel()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	active := func() (line Line, text []byte, err error) {
		err = s.View(func(tx *store.Tx) error { line, text, err = Active(tx); return err })
		return line, text, err
	}
	if _, _, err := active(); !errors.Is(err, ErrNoPolicy) {
		t.Errorf("an empty store: %v", err)
	}
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	first := policy.HashOf([]byte("the first"))
	for i, text := range []string{"the first", "a second"} {
		seeded, err := Seed(context.Background(), s, []byte(text), policy.HashOf([]byte(text)), noon)
		if err != nil || seeded != (i == 0) {
			t.Fatalf("seed %s: %v, %v", text, seeded, err)
		}
	}
	line, text, err := active()
	want := Line{N: 1, At: noon, Policy: first, Motive: Bootstrap, Author: Bootstrap}
	if err != nil || line != want || string(text) != "the first" {
		t.Errorf("active: %+v %q %v", line, text, err)
	}
	err = s.View(func(tx *store.Tx) error {
		lines, err := Register(tx)
		if err == nil && len(lines) != 1 {
			t.Errorf("%d lines in the register", len(lines))
		}
		inLedger, err2 := ledger.Lines(tx, 1, 10)
		if len(inLedger) != 1 || inLedger[0].Policy != first {
			t.Errorf("the ledger: %+v", inLedger)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the store holds under a register line's hash decides only if it has that
// hash; and the config's policy does not slip in where a register was.
func TestADamagedRegister(t *testing.T) {
	t.Parallel()
	other := []byte("version: 1\nroles: {caller: {grants: [{on: prospect, scope: all, read: [class public]}]}}\nprofiles: {phoning.console: {caller: caller}}\n")
	for name, c := range map[string]struct {
		damage func(tx *store.Tx, hash string) error
		says   string
	}{
		"another text": {func(tx *store.Tx, hash string) error { return texts.Put(tx, hash, other) }, "has been changed in the store"},
		"no text":      {func(tx *store.Tx, hash string) error { return texts.Delete(tx, hash) }, "is missing from the store"},
		"no register":  {func(tx *store.Tx, _ string) error { return register.Drop(tx) }, "its register is gone"},
		"an absurd line": {func(tx *store.Tx, _ string) error {
			return store.NewRaw("governance.register").Put(tx, key(1), []byte("{"))
		}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, text("first"))
			hash := w.desk.Rules().Policy.Hash()
			if err := w.store.Commit(t.Context(), func(tx *store.Tx) error { return c.damage(tx, hash) }); err != nil {
				t.Fatal(err)
			}
			err := w.store.View(func(tx *store.Tx) error { _, _, err := Active(tx); return err })
			if err == nil || errors.Is(err, ErrNoPolicy) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("active: %v", err)
			}
			if seeded, err := Seed(t.Context(), w.store, other, policy.HashOf(other), time.Now()); seeded {
				t.Errorf("another policy was planted: %v", err)
			}
			if _, err := w.office.Propose(t.Context(), as("dora"), text("second"), "because"); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("propose: %v", err)
			}
		})
	}
}

// What was proposed is what becomes active.
func TestADraftWhoseTextWasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, text("first"))
	d := w.propose(t, "dora", "second")
	if err := w.store.Commit(t.Context(), func(tx *store.Tx) error { return texts.Put(tx, d.Policy, text("third")) }); err != nil {
		t.Fatal(err)
	}
	before := w.desk.Rules().Policy.Hash()
	if _, err := w.office.Activate(t.Context(), as("denis"), d.Policy); err == nil || !strings.Contains(err.Error(), "has been changed in the store") {
		t.Errorf("%v", err)
	}
	if w.desk.Rules().Policy.Hash() != before {
		t.Error("it decides")
	}
}
