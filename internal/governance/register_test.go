package governance

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"passerelle/internal/ledger"
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
	for i, hash := range []string{"first", "second"} {
		seeded, err := Seed(context.Background(), s, []byte("text of "+hash), hash, noon)
		if err != nil || seeded != (i == 0) {
			t.Fatalf("seed %s: %v, %v", hash, seeded, err)
		}
	}
	line, text, err := active()
	want := Line{N: 1, At: noon, Policy: "first", Motive: Bootstrap, Author: Bootstrap}
	if err != nil || line != want || string(text) != "text of first" {
		t.Errorf("active: %+v %q %v", line, text, err)
	}
	err = s.View(func(tx *store.Tx) error {
		lines, err := Register(tx)
		if err == nil && len(lines) != 1 {
			t.Errorf("%d lines in the register", len(lines))
		}
		inLedger, err2 := ledger.Lines(tx, 1, 10)
		if len(inLedger) != 1 || inLedger[0].Policy != "first" {
			t.Errorf("the ledger: %+v", inLedger)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}
