package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func chain(t *testing.T, n int) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range n {
		commit(t, s, func(tx *store.Tx) error {
			return Append(tx, Line{At: noon.Add(time.Duration(i) * time.Second), Kind: "outcome", Who: "alice", Records: []string{"crm.main\x00prospect\x00" + string(rune('a'+i%3))}})
		})
	}
	return s
}

func commit(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Commit(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, s *store.Store, since *Checkpoint) (uint64, error) {
	t.Helper()
	var v Verified
	err := s.View(func(tx *store.Tx) (err error) { v, err = Verify(tx, since); return err })
	return v.Lines, err
}

func TestVerifyNamesTheFirstBadLine(t *testing.T) {
	t.Parallel()
	edit := func(n uint64, change func(*Line)) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			l, _, err := lines.Get(tx, key(n))
			if err != nil {
				return err
			}
			change(&l)
			return lines.Put(tx, key(n), l)
		}
	}
	for name, c := range map[string]struct {
		spoil func(*store.Tx) error
		bad   uint64
	}{
		"changed":              {edit(4, func(l *Line) { l.Who = "bob" }), 4},
		"changed and rehashed": {edit(4, func(l *Line) { l.Who = "bob"; l.Hash, _ = l.digest() }), 5},
		"removed":              {func(tx *store.Tx) error { return lines.Delete(tx, key(4)) }, 4},
		"swapped": {func(tx *store.Tx) error {
			a, _, _ := lines.Get(tx, key(3))
			b, _, _ := lines.Get(tx, key(4))
			return errors.Join(lines.Put(tx, key(3), b), lines.Put(tx, key(4), a))
		}, 3},
		"rubbish":   {func(tx *store.Tx) error { return lines.Raw.Put(tx, key(6), []byte("{")) }, 6},
		"truncated": {func(tx *store.Tx) error { return errors.Join(lines.Delete(tx, key(9)), lines.Delete(tx, key(10))) }, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := chain(t, 10)
			var since Checkpoint
			if err := s.View(func(tx *store.Tx) (err error) { since, err = Head(tx, noon); return err }); err != nil {
				t.Fatal(err)
			}
			if n, err := verify(t, s, &since); n != 10 || err != nil {
				t.Fatalf("whole chain: %d lines, %v", n, err)
			}
			commit(t, s, c.spoil)
			_, err := verify(t, s, &since)
			var bad *BadLine
			if !errors.As(err, &bad) || bad.N != c.bad {
				t.Errorf("got %v, want bad line %d", err, c.bad)
			}
		})
	}
}

// A restore loses lines: a checkpoint that knew them is not held against the
// chain, and only that.
func TestVerifyAfterARestore(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	elsewhere := strings.Repeat("e", 64)
	for name, c := range map[string]struct {
		since    Checkpoint
		restored uint64
		bad      uint64
	}{
		"of a lost line, shorter chain": {since: Checkpoint{N: 40, Hash: elsewhere, At: at(59)}, restored: 11},
		"of a lost line, taken over":    {since: Checkpoint{N: 11, Hash: elsewhere, At: at(59)}, restored: 11},
		"of a line before the backup":   {since: Checkpoint{N: 5, Hash: elsewhere, At: at(59)}, bad: 5},
		"made after the restore":        {since: Checkpoint{N: 12, Hash: elsewhere, At: at(61)}, bad: 12},
		"made after it, of more lines":  {since: Checkpoint{N: 40, Hash: elsewhere, At: at(61)}, bad: 13},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := chain(t, 10)
			commit(t, s, func(tx *store.Tx) error { return Append(tx, Line{Kind: Restored, Who: "operator", At: at(60)}) })
			commit(t, s, func(tx *store.Tx) error { return Append(tx, Line{Kind: "next", Who: "alice", At: at(62)}) })
			var got Verified
			err := s.View(func(tx *store.Tx) (err error) { got, err = Verify(tx, &c.since); return err })
			var bad *BadLine
			if errors.As(err, &bad) != (c.bad > 0) || bad != nil && bad.N != c.bad {
				t.Errorf("got %v, want bad line %d", err, c.bad)
			}
			if got.Restored != c.restored {
				t.Errorf("restored at line %d, want %d", got.Restored, c.restored)
			}
		})
	}
}

func TestAForgottenRecordHasNoPseudonym(t *testing.T) {
	t.Parallel()
	s := chain(t, 4)
	var record string
	err := s.View(func(tx *store.Tx) error {
		for k := range pseudonyms.Scan(tx, "", "") {
			record = k
		}
		return nil
	})
	if err != nil || record == "" {
		t.Fatalf("no pseudonym: %v", err)
	}
	commit(t, s, func(tx *store.Tx) error { return Forget(tx, record) })
	err = s.View(func(tx *store.Tx) error {
		if p, ok := Pseudonym(tx, record); ok {
			t.Errorf("the record still resolves to %s", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := verify(t, s, nil); n != 4 || err != nil {
		t.Errorf("the chain after it: %d lines, %v", n, err)
	}
}

func TestLinesHoldPseudonymsOnly(t *testing.T) {
	t.Parallel()
	s := chain(t, 4)
	err := s.View(func(tx *store.Tx) error {
		got, err := Lines(tx, 1, 10)
		if err != nil {
			return err
		}
		raw, _ := json.Marshal(got)
		if strings.Contains(string(raw), "crm.main") {
			t.Errorf("a record's id stands in the ledger: %s", raw)
		}
		if got[0].Records[0] != got[3].Records[0] || got[0].Records[0] == got[1].Records[0] {
			t.Errorf("pseudonyms are not one to a record: %s", raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFieldSetIgnoresOrder(t *testing.T) {
	t.Parallel()
	a := FieldSet([]bridge.FieldName{"prospect.name", "prospect.phone"})
	b := FieldSet([]bridge.FieldName{"prospect.phone", "prospect.name"})
	if a != b || a == FieldSet([]bridge.FieldName{"prospect.phone"}) {
		t.Error("the hash of a field set is not that of the set")
	}
}
