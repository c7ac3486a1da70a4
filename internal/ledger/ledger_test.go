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
	var n uint64
	err := s.View(func(tx *store.Tx) (err error) { n, err = Verify(tx, since); return err })
	return n, err
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
