package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// freelisted says whether a closed store's file has the list of its free pages:
// the newer of its two heads tells where, or has the greatest page number.
func freelisted(t *testing.T, path string) bool {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const pageHeader, freelistAt, txidAt = 16, 32, 48
	newest, where := uint64(0), uint64(0)
	for _, head := range [][]byte{raw[pageHeader:], raw[os.Getpagesize()+pageHeader:]} {
		if txid := binary.NativeEndian.Uint64(head[txidAt:]); txid >= newest {
			newest, where = txid, binary.NativeEndian.Uint64(head[freelistAt:])
		}
	}
	return where != math.MaxUint64
}

// Opening must not walk over a file of gigabytes to find its free pages.
func TestTheFreePagesAreKnownAtTheNextOpening(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string]int{"few": 10, "many": manyFree + 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.db")
			s, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			big := make([]byte, 3000) // one a page
			table := NewRaw("test.big")
			for _, change := range []func(tx *Tx, key string) error{
				func(tx *Tx, key string) error { return table.Put(tx, key, big) },
				table.Delete,
			} {
				err := s.Commit(context.Background(), func(tx *Tx) error {
					for i := range pages {
						if err := change(tx, fmt.Sprintf("%06d", i)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Commit(context.Background(), func(tx *Tx) error { return table.Put(tx, "after", nil) }); err != nil {
				t.Fatal(err)
			}
			if got := s.db.Load().NoFreelistSync; got != (pages > manyFree) {
				t.Errorf("with %d free pages, their list is not written: %v", pages, got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if !freelisted(t, path) {
				t.Error("the closed file has no list of its free pages")
			}
			if s, err = Open(path, Options{}); err != nil {
				t.Fatal(err)
			}
			if free := s.db.Load().Stats().FreePageN; free < pages {
				t.Errorf("after the next opening %d pages are free, want %d", free, pages)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
