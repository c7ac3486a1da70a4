package store

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkCompaction compacts a store of 200 MB, half of it free, while 64
// callers commit. It reports the file before and after, how long commits were
// held, and the callers' p99 beside and during it.
func BenchmarkCompaction(b *testing.B) {
	for b.Loop() {
		s := open(b, filepath.Join(b.TempDir(), "store.db"))
		b.StopTimer()
		record := bytes.Repeat([]byte("x"), 1000)
		for _, erase := range []bool{false, true} {
			for i := 0; i < 200_000; i += 1000 {
				err := s.Commit(context.Background(), func(tx *Tx) error {
					for j := i; j < i+1000; j++ {
						key := fmt.Sprintf("%08d", j*7919%200_000) // not in order, as events come
						if erase && j%2 == 0 {
							if err := words.Delete(tx, key); err != nil {
								return err
							}
						} else if !erase {
							if err := words.Put(tx, key, record); err != nil {
								return err
							}
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		beside := p99(b, s, func() { time.Sleep(2 * time.Second) })
		b.StartTimer()
		var c Compaction
		during := p99(b, s, func() { c = compact(b, s) })
		b.ReportMetric(float64(c.Before)/(1<<20), "MiB-before")
		b.ReportMetric(float64(c.After)/(1<<20), "MiB-after")
		b.ReportMetric(float64(c.Held.Microseconds())/1000, "ms-held")
		b.ReportMetric(c.Took.Seconds(), "s-took")
		b.ReportMetric(float64(beside.Microseconds())/1000, "ms-p99-beside")
		b.ReportMetric(float64(during.Microseconds())/1000, "ms-p99-during")
		s.Close()
	}
}

// p99 is how long commits of 64 callers take while something happens: each
// changes a record a few milliseconds after its last.
func p99(b *testing.B, s *Store, during func()) time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				began := time.Now()
				err := s.Commit(context.Background(), func(tx *Tx) error {
					return words.Put(tx, fmt.Sprintf("%08d", (n*64+w)*31%200_000), make([]byte, 1000))
				})
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				time.Sleep(20 * time.Millisecond) // 3,000 commits a second, not as many as it can
			}
		})
	}
	during()
	cancel()
	wg.Wait()
	slices.Sort(took)
	return took[len(took)*99/100]
}
