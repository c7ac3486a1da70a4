package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

var (
	numbers = NewRaw("test.numbers")
	log     = NewRaw("test.log")
)

func number(tx *Tx, key string) int {
	raw, _ := numbers.Get(tx, key)
	n, _ := strconv.Atoi(string(raw))
	return n
}

func setNumber(tx *Tx, key string, n int) error {
	return numbers.Put(tx, key, []byte(strconv.Itoa(n)))
}

// line takes down, in its turn, what a command has done.
func line(tx *Tx, what string) error {
	return tx.InOrder(func(tx *Tx) error {
		n, err := log.Next(tx)
		if err != nil {
			return err
		}
		return log.Put(tx, fmt.Sprintf("%06d", n), []byte(what))
	})
}

// Prepared commands have the effect of commands that run one after the other:
// none loses what another has done, counts wrong, or sees half of it.
func TestPreparedCommandsAreCarriedOutInTurn(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	const each, workers = 60, 12
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				keep := s.Prepare
				if i%7 == 0 {
					keep = s.Submit
				}
				from, to := fmt.Sprint("k", (w+i)%4), fmt.Sprint("k", (w+2*i+1)%4)
				err := keep(context.Background(), func(tx *Tx) error {
					// One is moved, so the sum stays, and one made, so that a scan counts them.
					if err := setNumber(tx, from, number(tx, from)-1); err != nil {
						return err
					}
					if err := setNumber(tx, to, number(tx, to)+1); err != nil {
						return err
					}
					made := 0
					for range things.Raw.Scan(tx, "made ", "") {
						made++
					}
					if err := things.Put(tx, fmt.Sprintf("made %06d", made), thing{made}); err != nil {
						return err
					}
					return line(tx, fmt.Sprint(made))
				})()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	err := s.View(func(tx *Tx) error {
		sum := 0
		for k := range 4 {
			sum += number(tx, fmt.Sprint("k", k))
		}
		if made, _ := things.Count(tx, "made "); sum != 0 || made != each*workers {
			t.Errorf("the numbers sum up to %d, want 0; %d were made, want %d", sum, made, each*workers)
		}
		n := 0
		for _, what := range log.Scan(tx, "", "") {
			if string(what) != strconv.Itoa(n) {
				t.Fatalf("line %d tells of %s", n, what)
			}
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever a command does, prepared it leaves what it leaves in a transaction.
func TestAPlanDoesWhatTheTransactionWould(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		plain, err := Open(filepath.Join(dir, fmt.Sprint(n, "a.db")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		prepared, err := Open(filepath.Join(dir, fmt.Sprint(n, "b.db")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer prepared.Close()
		for range rapid.IntRange(1, 5).Draw(t, "commands") {
			do := script(t)
			a := plain.Submit(context.Background(), do)()
			b := prepared.Prepare(context.Background(), do)()
			if fmt.Sprint(a) != fmt.Sprint(b) {
				t.Fatalf("one answers %v, the other %v", a, b)
			}
		}
		if a, b := dump(t, plain), dump(t, prepared); !slices.Equal(a, b) {
			t.Fatalf("one holds %q, the other %q", a, b)
		}
	})
}

// script is a command of a few drawn operations.
func script(t *rapid.T) func(*Tx) error {
	var ops []func(*Tx, *int) error
	key := rapid.SampledFrom([]string{"a", "b", "c"})
	for range rapid.IntRange(1, 8).Draw(t, "operations") {
		k := key.Draw(t, "key")
		ops = append(ops, rapid.SampledFrom([]func(*Tx, *int) error{
			func(tx *Tx, n *int) error { *n += number(tx, k); return nil },
			func(tx *Tx, n *int) error { *n++; return setNumber(tx, k, *n) },
			func(tx *Tx, n *int) error { return numbers.Delete(tx, k) },
			func(tx *Tx, n *int) error { return numbers.Put(tx, k, nil) },
			func(tx *Tx, n *int) error {
				if numbers.Has(tx, k) {
					*n += 10
				}
				return nil
			},
			func(tx *Tx, n *int) error {
				for name, value := range numbers.Scan(tx, "", k) {
					*n += len(name) + len(value)
				}
				return nil
			},
			func(tx *Tx, n *int) error {
				for name := range numbers.Back(tx, "") {
					*n += len(name)
				}
				return nil
			},
			func(tx *Tx, n *int) error {
				last, _, _ := numbers.Last(tx)
				found, _ := numbers.Count(tx, "")
				*n += len(last) + found
				return nil
			},
			func(tx *Tx, n *int) error {
				next, err := numbers.Next(tx)
				*n += int(next)
				return err
			},
			func(tx *Tx, n *int) error { return line(tx, strconv.Itoa(*n)) },
			func(tx *Tx, n *int) error { return numbers.Drop(tx) },
			func(tx *Tx, n *int) error {
				if *n > 5 {
					return errors.New("too many: " + strconv.Itoa(*n))
				}
				return nil
			},
		}).Draw(t, "operation"))
	}
	return func(tx *Tx) error {
		n := 0
		for _, op := range ops {
			if err := op(tx, &n); err != nil {
				return err
			}
		}
		return nil
	}
}

func dump(t *rapid.T, s *Store) (out []string) {
	err := s.View(func(tx *Tx) error {
		for _, table := range []Raw{numbers, log} {
			for k, v := range table.Scan(tx, "", "") {
				out = append(out, k+"="+string(v))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAPlanThatHoldsNoMoreIsMadeAgain(t *testing.T) {
	t.Parallel()
	change := func(s *Store, fn func(*Tx) error) error { return s.Commit(context.Background(), fn) }
	rules := 1
	for name, c := range map[string]struct {
		read      func(*Tx)
		meanwhile func(*Store) error
		runs      int
	}{
		"nothing happens":        {read: func(tx *Tx) { number(tx, "a") }, meanwhile: func(*Store) error { return nil }, runs: 1},
		"another key is changed": {read: func(tx *Tx) { number(tx, "a") }, meanwhile: func(s *Store) error { return change(s, func(tx *Tx) error { return setNumber(tx, "b", 1) }) }, runs: 1},
		"the key is changed":     {read: func(tx *Tx) { number(tx, "a") }, meanwhile: func(s *Store) error { return change(s, func(tx *Tx) error { return setNumber(tx, "a", 1) }) }, runs: 2},
		"the key is deleted":     {read: func(tx *Tx) { number(tx, "old") }, meanwhile: func(s *Store) error { return change(s, func(tx *Tx) error { return numbers.Delete(tx, "old") }) }, runs: 2},
		"the table is dropped":   {read: func(tx *Tx) { number(tx, "old") }, meanwhile: func(s *Store) error { return change(s, numbers.Drop) }, runs: 2},
		"the range grows": {
			read: func(tx *Tx) {
				for range numbers.Scan(tx, "o", "") {
				}
			},
			meanwhile: func(s *Store) error { return change(s, func(tx *Tx) error { return setNumber(tx, "older", 1) }) }, runs: 2,
		},
		"the range grows behind what was read": {
			read: func(tx *Tx) {
				for range numbers.Scan(tx, "o", "") {
					break
				}
			},
			meanwhile: func(s *Store) error { return change(s, func(tx *Tx) error { return setNumber(tx, "older", 1) }) }, runs: 1,
		},
		"the rules change": {read: func(tx *Tx) { was := rules; tx.While(func() bool { return rules == was }) }, meanwhile: func(*Store) error { rules++; return nil }, runs: 2},
		"so much changes that nobody knows": {
			read: func(tx *Tx) { number(tx, "a") },
			meanwhile: func(s *Store) error {
				for range 3 {
					err := change(s, func(tx *Tx) error {
						for n := range halfOfRecent {
							tx.recent.change([]byte("elsewhere"), strconv.Itoa(n))
						}
						return nil
					})
					if err != nil {
						return err
					}
				}
				return nil
			}, runs: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "store.db"))
			if err := change(s, func(tx *Tx) error { return setNumber(tx, "old", 1) }); err != nil {
				t.Fatal(err)
			}
			runs := 0
			fn := func(tx *Tx) error {
				runs++
				c.read(tx)
				return things.Put(tx, "done", thing{runs})
			}
			p := s.prepare(fn)
			if p == nil {
				t.Fatal("it could not be prepared")
			}
			if err := c.meanwhile(s); err != nil {
				t.Fatal(err)
			}
			if err := s.submit(context.Background(), &command{fn: fn, plan: p})(); err != nil {
				t.Fatal(err)
			}
			if runs != c.runs || count(t, s) != 1 {
				t.Errorf("it ran %d times, want %d", runs, c.runs)
			}
		})
	}
}

// A step that fails takes its own command with it, and no other.
func TestAPlanThatFailsInItsTurn(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	boom := errors.New("boom")
	var hooks atomic.Int32
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			err := s.Prepare(context.Background(), func(tx *Tx) error {
				tx.OnCommit(func() { hooks.Add(1) })
				if err := things.Put(tx, fmt.Sprint(i), thing{i}); err != nil {
					return err
				}
				return tx.InOrder(func(*Tx) error {
					switch i % 4 {
					case 1:
						return boom
					case 2:
						panic("bad step")
					}
					return nil
				})
			})()
			if bad := i%4 == 1 || i%4 == 2; (err != nil) != bad {
				t.Errorf("command %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, s); n != 20 || hooks.Load() != 20 {
		t.Errorf("kept %d, ran %d hooks, want 20 of each", n, hooks.Load())
	}
}
