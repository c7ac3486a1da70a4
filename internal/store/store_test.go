package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

type thing struct{ N int }

var things = NewTable[thing]("test.things")

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func count(t testing.TB, s *Store) int {
	t.Helper()
	n := 0
	err := s.View(func(tx *Tx) error {
		return things.Each(tx, "", "", func(string, thing) (bool, error) { n++; return true, nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommitKeepsWhatSucceedsAndNothingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	var hooks atomic.Int32
	for i := range 300 {
		wg.Go(func() {
			err := s.Commit(context.Background(), func(tx *Tx) error {
				if i%3 == 1 {
					return boom // before it has written
				}
				if err := things.Put(tx, fmt.Sprintf("%04d", i), thing{i}); err != nil {
					return err
				}
				tx.OnCommit(func() { hooks.Add(1) })
				switch i % 3 {
				case 2:
					if i%2 == 0 {
						panic("bad command")
					}
					return boom // after it has written
				}
				return nil
			})
			if wantErr := i%3 != 0; (err != nil) != wantErr {
				t.Errorf("command %d: error %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, s); n != 100 || hooks.Load() != 100 {
		t.Errorf("kept %d, ran %d hooks, want 100 of each", n, hooks.Load())
	}
	s.Close()
	if n := count(t, open(t, path)); n != 100 {
		t.Errorf("after reopening %d, want 100", n)
	}
}

// A command that reads what another in its group has written must not be
// answered unless that write is kept.
func TestAnswersWaitForTheCommit(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	known := errors.New("known")
	put := func(tx *Tx) error {
		if things.Has(tx, "a") {
			return known
		}
		return things.Put(tx, "a", thing{1})
	}
	group := []*command{
		{fn: put, done: make(chan error, 1)},
		{fn: put, done: make(chan error, 1)},
	}
	s.db.Load().NoSync = true
	if err := s.db.Load().Close(); err != nil {
		t.Fatal(err)
	}
	s.commit(group)
	for i, c := range group {
		if err := <-c.done; !errors.Is(err, ErrNotKept) {
			t.Errorf("command %d: %v, want %v", i, err, ErrNotKept)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	s := open(t, path)
	if _, err := Open(path, Options{Lock: 1}); !errors.Is(err, ErrLocked) {
		t.Errorf("second open: %v, want %v", err, ErrLocked)
	}
	meta := Raw{metaBucket}
	err := s.Commit(context.Background(), func(tx *Tx) error {
		return meta.Put(tx, "version", []byte{0, 0, 0, 0, 0, 0, 0, 99})
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(path, Options{}); !errors.Is(err, ErrNewer) {
		t.Errorf("newer store: %v, want %v", err, ErrNewer)
	}
	if _, err := Open(filepath.Join(dir, "no", "such", "folder", "store.db"), Options{}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("no folder: %v", err)
	}
	if err := s.Commit(context.Background(), func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v, want %v", err, ErrClosed)
	}
}

func TestTableAgainstModel(t *testing.T) {
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
		model := map[string]thing{}
		keys := rapid.StringMatching(`[abc]{1,3}`)
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				k, v := keys.Draw(rt, "key"), thing{rapid.Int().Draw(rt, "value")}
				if err := s.Commit(context.Background(), func(tx *Tx) error { return things.Put(tx, k, v) }); err != nil {
					rt.Fatal(err)
				}
				model[k] = v
			},
			"delete": func(rt *rapid.T) {
				k := keys.Draw(rt, "key")
				if err := s.Commit(context.Background(), func(tx *Tx) error { return things.Delete(tx, k) }); err != nil {
					rt.Fatal(err)
				}
				delete(model, k)
			},
			"": func(rt *rapid.T) {
				prefix := rapid.StringMatching(`[abc]{0,2}`).Draw(rt, "prefix")
				want := 0
				for k := range model {
					if strings.HasPrefix(k, prefix) {
						want++
					}
				}
				got := 0
				err := s.View(func(tx *Tx) error {
					return things.Each(tx, prefix, "", func(k string, v thing) (bool, error) {
						if model[k] != v {
							rt.Errorf("%q is %v, want %v", k, v, model[k])
						}
						got++
						return true, nil
					})
				})
				if err != nil || got != want {
					rt.Fatalf("%d keys with prefix %q, want %d (%v)", got, prefix, want, err)
				}
			},
		})
	})
}

func TestAKeyWithoutAValueIsThereAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	there := func(tx *Tx) error {
		if v, ok := things.Raw.Get(tx, "k"); !ok || len(v) > 0 || !things.Has(tx, "k") {
			t.Errorf("%q, %v", v, ok)
		}
		return nil
	}
	err := s.Commit(context.Background(), func(tx *Tx) error {
		if err := things.Raw.Put(tx, "k", nil); err != nil {
			return err
		}
		return there(tx)
	})
	if err := errors.Join(err, s.View(there)); err != nil {
		t.Fatal(err)
	}
}
