package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var words = NewRaw("test.words")

// contents is every record of the store, by table and key, and the tables'
// sequences.
func contents(t testing.TB, s *Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := s.View(func(tx *Tx) error {
		names, c := [][]byte{}, tx.b.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			names = append(names, k)
		}
		for _, name := range names {
			out[string(name)+" sequence"] = fmt.Sprint(tx.b.Bucket(name).Sequence())
			for k, v := range (Raw{name}).Scan(tx, "", "") {
				out[string(name)+"/"+k] = string(v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill puts n records of a hundred bytes or so in the store.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	for i := 0; i < n; i += 1000 {
		err := s.Commit(context.Background(), func(tx *Tx) error {
			for j := i; j < min(i+1000, n); j++ {
				if err := words.Put(tx, fmt.Sprintf("%08d", j), bytes.Repeat([]byte("x"), 100)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func compact(t testing.TB, s *Store) Compaction {
	t.Helper()
	c, err := s.Compact(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What was deleted before a compaction is in no file of the store afterwards.
func TestCompactionErasesAndShrinks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	fill(t, s, 20_000)
	secret := []byte("a-number-that-must-go")
	steps := []func(*Tx) error{
		func(tx *Tx) error { return words.Put(tx, "secret", secret) },
		func(tx *Tx) error { return words.Delete(tx, "secret") },
		func(tx *Tx) error {
			for k := range words.Scan(tx, "", "00000100") {
				if err := words.Delete(tx, k); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for _, step := range steps {
		if err := s.Commit(context.Background(), step); err != nil {
			t.Fatal(err)
		}
	}
	want, free := contents(t, s), s.Free()
	c := compact(t, s)
	if diff := cmp.Diff(want, contents(t, s)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if c.After > c.Before/4 || free < c.Before/2 {
		t.Errorf("%d bytes became %d, of which %d were free", c.Before, c.After, free)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files are left (%v)", len(files), err)
	}
	if raw, err := os.ReadFile(path); err != nil || bytes.Contains(raw, secret) {
		t.Errorf("the deleted record is still in the file (%v)", err)
	}
	s.Close()
	if diff := cmp.Diff(want, contents(t, open(t, path))); diff != "" {
		t.Errorf("reopened (-before +after):\n%s", diff)
	}
}

// Whoever reads of an error looks for a file that is there.
func TestAnErrorNamesTheStoreAfterACompaction(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	compact(t, s)
	grown := &os.PathError{Op: "write", Path: compactPath(path), Err: syscall.ENOSPC}
	if err := s.named(grown); !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), compactPath(path)) {
		t.Error(err)
	}
}

// Commands and readers go on while the store is compacted over and over: what
// was acknowledged is there, what was deleted is not, and a sequence goes on.
func TestCompactionUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	fill(t, s, 5000)
	ctx, cancel := context.WithCancel(context.Background())
	models := make([]map[string]string, 4)
	last := make([]uint64, len(models))
	var wg sync.WaitGroup
	for w := range models {
		models[w] = map[string]string{}
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				key, value := fmt.Sprintf("w%d %d", w, n%97), fmt.Sprint(n)
				table := NewRaw(fmt.Sprintf("test.table%d", n/500%5)) // some begin while it copies
				var seq uint64
				err := s.Commit(context.Background(), func(tx *Tx) (err error) {
					if seq, err = words.Next(tx); err != nil {
						return err
					}
					if n%3 == 2 {
						return table.Delete(tx, key)
					}
					return table.Put(tx, key, []byte(value))
				})
				if err != nil {
					t.Error(err)
					return
				}
				if last[w] = seq; n%3 == 2 {
					value = ""
				}
				models[w][string(table.name)+"/"+key] = value
				if !readBack(t, s, table, key, value) {
					return
				}
			}
		})
	}
	for range 5 {
		c := compact(t, s)
		t.Logf("%d to %d bytes in %v, held %v", c.Before, c.After, c.Took, c.Held)
	}
	cancel()
	wg.Wait()
	s.Close()
	got := contents(t, open(t, path))
	for _, model := range models {
		for place, value := range model {
			if got[place] != value {
				t.Errorf("%s is %q, want %q", place, got[place], value)
			}
			delete(got, place)
		}
	}
	for place := range got {
		if place[:7] == "test.ta" && place[11] == '/' {
			t.Errorf("%s has come back", place)
		}
	}
	var most uint64
	for _, n := range last {
		most = max(most, n)
	}
	if got["test.words sequence"] != fmt.Sprint(most) {
		t.Errorf("the sequence is at %s, want %d", got["test.words sequence"], most)
	}
}

// readBack says whether a reader that comes after the answer sees the change.
func readBack(t *testing.T, s *Store, table Raw, key, want string) bool {
	got := ""
	err := s.View(func(tx *Tx) error {
		v, _ := table.Get(tx, key)
		got = string(v)
		return nil
	})
	if err != nil || got != want {
		t.Errorf("%s is %q right after its commit, want %q (%v)", key, got, want, err)
		return false
	}
	return true
}

// A copy that is made in pieces, between which anything may happen, is the store
// in the end.
func TestCompactionAgainstModel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		s, err := Open(filepath.Join(dir, fmt.Sprint(run)), Options{})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		s.db.Load().NoSync = true
		model := map[string]string{}
		change := func(rt *rapid.T) {
			k, v := rapid.StringMatching(`[abc]{1,3}`).Draw(rt, "key"), rapid.StringN(0, 9, -1).Draw(rt, "value")
			gone := rapid.Bool().Draw(rt, "gone")
			err := s.Commit(context.Background(), func(tx *Tx) error {
				if gone {
					return words.Delete(tx, k)
				}
				return words.Put(tx, k, []byte(v))
			})
			if err != nil {
				rt.Fatal(err)
			}
			if model[k] = v; gone {
				delete(model, k)
			}
		}
		for range rapid.IntRange(0, 20).Draw(rt, "before") {
			change(rt)
		}
		c, err := s.beginCompaction(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		for range 3 {
			for range rapid.IntRange(0, 5).Draw(rt, "meanwhile") {
				change(rt)
			}
			what := c.copyAll
			if rapid.Bool().Draw(rt, "carry") {
				what = c.carryOver
			}
			if err := what(context.Background()); err != nil {
				rt.Fatal(err)
			}
		}
		if err := c.run(context.Background()); err != nil {
			rt.Fatal(err)
		}
		change(rt)
		got := map[string]string{}
		if err := s.View(func(tx *Tx) error {
			for k, v := range words.Scan(tx, "", "") {
				got[k] = string(v)
			}
			return nil
		}); err != nil || !maps.Equal(got, model) {
			rt.Fatalf("%v, want %v (%v)", got, model, err)
		}
	})
}

// A compaction that fails or is told to end leaves the store as it was, and
// nothing beside it.
func TestCompactionGivesUp(t *testing.T) {
	t.Parallel()
	stopped, stop := context.WithCancel(context.Background())
	stop()
	soon, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"at once": stopped, "on the way": soon} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.db")
			s := open(t, path)
			fill(t, s, 100_000)
			if _, err := s.Compact(ctx); err == nil {
				t.Error("it ended all the same")
			}
			if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
				t.Errorf("left behind: %v", files)
			}
			fill(t, s, 10)
			compact(t, s)
		})
	}
	t.Run("closed meanwhile", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "store.db")
		s := open(t, path)
		fill(t, s, 100_000)
		ended := make(chan error)
		go func() {
			_, err := s.Compact(context.Background())
			ended <- err
		}()
		for {
			if _, err := os.Stat(compactPath(path)); err == nil {
				break
			}
		}
		s.Close()
		if err := <-ended; err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("%v, want %v", err, ErrClosed)
		}
		if n := len(contents(t, open(t, path))); n < 100_000 {
			t.Errorf("%d records are left", n)
		}
		if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
			t.Errorf("left behind: %v", files)
		}
	})
}

// The store tells its size while it grows.
func TestFreeBesideCommits(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 60 { // over several steps of the mapping
			err := s.Commit(context.Background(), func(tx *Tx) error {
				return NewRaw("big").Put(tx, fmt.Sprint(i), make([]byte, 100_000))
			})
			if err != nil {
				t.Error(err)
			}
		}
	}()
	for running := true; running; {
		if s.Free() < 0 {
			t.Error("less than nothing is free")
		}
		select {
		case <-done:
			running = false
		default:
		}
	}
}
