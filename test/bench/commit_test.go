package bench

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"passerelle/internal/store"
)

// committers is how many ask for a commit at a time.
const committers = 64

// TestGroupCommit measures the store's commits of one record of a kilobyte
// against bbolt's Batch as it comes.
func TestGroupCommit(t *testing.T) {
	group := line{what: "group commit, 64 callers", unit: "/s", goal: "7.00", remark: "against bbolt.Batch"}
	for range *rounds {
		group.limit = append(group.limit, batches(t))
		group.ours = append(group.ours, groups(t))
	}
	table = append(table, group)
}

// together lets all committers commit, one record after the other, for a while.
func together(t *testing.T, commit func(key, value []byte) error) float64 {
	t.Helper()
	var n atomic.Uint64
	var wg sync.WaitGroup
	value := make([]byte, 1024)
	began := time.Now()
	for range committers {
		wg.Go(func() {
			for time.Since(began) < *lasting {
				if err := commit(binary.BigEndian.AppendUint64(nil, n.Add(1)), value); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}

func batches(t *testing.T) float64 {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "batch.db"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return together(t, func(key, value []byte) error {
		return db.Batch(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("records"))
			if err != nil {
				return err
			}
			return b.Put(key, value)
		})
	})
}

func groups(t *testing.T) float64 {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	records := store.NewRaw("records")
	return together(t, func(key, value []byte) error {
		return s.Commit(context.Background(), func(tx *store.Tx) error { return records.Put(tx, string(key), value) })
	})
}
