package governance

import (
	"strings"
	"testing"
	"time"

	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// What was taken out of the register, or out of the ledger, is missed: an older
// policy does not decide again unnoticed.
func TestTheRegisterAndTheLedgerSayTheSame(t *testing.T) {
	t.Parallel()
	ledgerLines, kept := store.NewRaw("ledger.lines"), store.NewRaw("ledger.latest")
	for name, c := range map[string]struct {
		damage func(tx *store.Tx) error
		starts bool
		says   string // by verifying
	}{
		"nothing":                        {func(*store.Tx) error { return nil }, true, ""},
		"where it stands is not kept":    {func(tx *store.Tx) error { return kept.Drop(tx) }, true, ""},
		"the register's last line":       {func(tx *store.Tx) error { return register.Delete(tx, key(3)) }, false, "line 3 of the register does not"},
		"that, and where it stands":      {cutBoth(kept), false, "line 3 of the register does not"},
		"a register's line in between":   {func(tx *store.Tx) error { return register.Delete(tx, key(2)) }, true, "line 2 of the register does not"},
		"two lines of it changed places": {swap, false, "line 2 of the register does not"},
		"the end of the ledger": {func(tx *store.Tx) error {
			last, _, _ := ledgerLines.Last(tx)
			return ledgerLines.Delete(tx, last)
		}, false, "line 3 of the register says that policy"},
		"a line too many": {func(tx *store.Tx) error {
			return register.Put(tx, key(4), Line{N: 4, At: time.Now(), Policy: firstOf(tx)})
		}, false, "line 4 of the register says that policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, text("first"))
			for _, title := range []string{"second", "third"} {
				if _, err := w.office.Activate(t.Context(), as("denis"), w.propose(t, "dora", title).Policy); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.store.Commit(t.Context(), c.damage); err != nil {
				t.Fatal(err)
			}
			_ = w.store.View(func(tx *store.Tx) error {
				_, _, err := Active(tx)
				if (err == nil) != c.starts || err != nil && !strings.Contains(err.Error(), "restore") {
					t.Errorf("active: %v", err)
				}
				found, err := ledger.Verify(tx, nil)
				if err != nil {
					t.Fatal(err)
				}
				err = Chained(tx, found)
				if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
					t.Errorf("verified: %v, want %q", err, c.says)
				}
				return nil
			})
		})
	}
}

func cutBoth(kept store.Raw) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		if err := register.Delete(tx, key(3)); err != nil {
			return err
		}
		return kept.Drop(tx)
	}
}

func swap(tx *store.Tx) error {
	second, _, _ := register.Get(tx, key(2))
	third, _, err := register.Get(tx, key(3))
	if err == nil {
		err = register.Put(tx, key(3), second)
	}
	if err == nil {
		err = register.Put(tx, key(2), third)
	}
	return err
}

func firstOf(tx *store.Tx) string {
	first, _, _ := register.Get(tx, key(1))
	return first.Policy
}
