package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	bolterrors "go.etcd.io/bbolt/errors"

	"go.etcd.io/bbolt"
)

type document struct{ N, Text string }

var documents = NewTable[document]("test.documents")

// fillStore makes a store of branches, leaves, values over several pages, small
// tables and free pages, and answers what it holds.
func fillStore(t *testing.T, path string) map[string]document {
	t.Helper()
	s := open(t, path)
	want := map[string]document{}
	for part := range 4 {
		err := s.Commit(context.Background(), func(tx *Tx) error {
			for i := range 300 {
				d := document{N: fmt.Sprint(part, i), Text: strings.Repeat("é", 20)}
				if i%100 == 7 {
					d.Text = strings.Repeat("long ", 2000)
				}
				key := fmt.Sprintf("%03d-%d", i, part)
				if err := documents.Put(tx, key, d); err != nil {
					return err
				}
				want[key] = d
			}
			return things.Put(tx, "small", thing{part})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

func allDocuments(s *Store) (map[string]document, error) {
	got := map[string]document{}
	return got, s.View(func(tx *Tx) error {
		return documents.Each(tx, "", "", func(k string, d document) (bool, error) {
			got[k] = d
			return true, nil
		})
	})
}

// Whatever page of the file is overwritten: the store says so, or nothing of it
// mattered.
func TestADamagedPageIsNeverRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	want := fillStore(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := os.Getpagesize()
	dice := rand.New(rand.NewPCG(1, 2))
	ended := map[string]int{}
	for name, rubbish := range map[string]func(page []byte){
		"zeros": func(page []byte) { clear(page) },
		"rubbish": func(page []byte) {
			for i := range page {
				page[i] = byte(dice.Uint32())
			}
		},
		"half of it":   func(page []byte) { clear(page[len(page)/2:]) },
		"another page": func(page []byte) { copy(page, whole[5*size:6*size]) },
	} {
		for n := range len(whole) / size {
			spoilt := append([]byte(nil), whole...)
			rubbish(spoilt[n*size : (n+1)*size])
			file := filepath.Join(dir, "spoilt.db")
			if err := os.WriteFile(file, spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			ended[spoil(t, fmt.Sprintf("page %d, %s", n, name), file, want)]++
		}
	}
	t.Log(ended)
	for _, way := range []string{"refused", "unharmed", "unreadable record"} {
		if ended[way] == 0 {
			t.Errorf("no damage ended as %q", way)
		}
	}
}

// spoil opens a damaged store and says how that ended.
func spoil(t *testing.T, name, path string, want map[string]document) string {
	t.Helper()
	var heads atomic.Int32
	s, err := Open(path, Options{Trouble: func(error) { heads.Add(1) }})
	if errors.Is(err, ErrDamaged) {
		return "refused"
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return ""
	}
	defer s.Close()
	got, err := allDocuments(s)
	switch {
	case err != nil:
		return "unreadable record"
	case maps.Equal(got, want):
		return "unharmed"
	case heads.Load() > 0:
		return "an earlier state, and said so"
	}
	t.Errorf("%s: it is read as if nothing had happened", name)
	return ""
}

func TestAFileThatIsCutOffIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	want := fillStore(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 0; size < len(whole); size += 10_000 {
		file := filepath.Join(dir, "cut.db")
		if err := os.WriteFile(file, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if end := spoil(t, fmt.Sprintf("cut to %d of %d bytes", size, len(whole)), file, want); end != "refused" && end != "unharmed" {
			t.Errorf("cut to %d bytes: %s", size, end)
		}
	}
	if err := os.WriteFile(path, []byte("something else entirely"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("no store: %v, want %v", err, ErrDamaged)
	}
}

// A file that is spoilt under a running hub ends no process: everything is
// refused from then on.
func TestDamageWhileRunning(t *testing.T) {
	t.Parallel()
	put := func(s *Store) error {
		return s.Commit(context.Background(), func(tx *Tx) error {
			for i := range 300 {
				if err := documents.Put(tx, fmt.Sprintf("%03d-x", i), document{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	read := func(s *Store) error { _, err := allDocuments(s); return err }
	for name, first := range map[string]func(*Store) error{"met by a command": put, "met by a reader": read} {
		for how, hurt := range map[string]func(f *os.File, size int64) error{
			"cut short": func(f *os.File, _ int64) error { return f.Truncate(16 << 10) },
			"rubbish": func(f *os.File, size int64) error {
				junk := make([]byte, size-16<<10)
				for i := range junk {
					junk[i] = byte(i*7 + 1)
				}
				_, err := f.WriteAt(junk, 16<<10)
				return err
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "store.db")
				fillStore(t, path)
				var told atomic.Pointer[error]
				s, err := Open(path, Options{Trouble: func(err error) { told.Store(&err) }})
				if err != nil {
					t.Fatal(err)
				}
				f, err := os.OpenFile(path, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(hurt(f, s.Size()), f.Close()); err != nil {
					t.Fatal(err)
				}
				if err := first(s); !errors.Is(err, ErrDamaged) {
					t.Fatalf("%v, want %v", err, ErrDamaged)
				}
				for range 2 {
					if err := errors.Join(put(s), read(s), s.Ready(context.Background())); !errors.Is(err, ErrDamaged) {
						t.Errorf("afterwards: %v, want %v", err, ErrDamaged)
					}
				}
				if why := told.Load(); why == nil || !errors.Is(*why, ErrDamaged) {
					t.Error("nobody was told")
				}
				if err := s.Close(); !errors.Is(err, ErrDamaged) {
					t.Errorf("close: %v, want %v", err, ErrDamaged)
				}
			})
		}
	}
}

// bbolt lets go of a file that it cannot map anew: it is opened again.
func TestAFileThatWasLetGoIsOpenedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	want := fillStore(t, path)
	s := open(t, path)
	if err := s.db.Load().Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := allDocuments(s); !errors.Is(err, ErrNotKept) {
		t.Errorf("a reader meanwhile: %v, want %v", err, ErrNotKept)
	}
	if err := s.Ready(context.Background()); !errors.Is(err, ErrNotKept) {
		t.Errorf("the first command: %v, want %v", err, ErrNotKept)
	}
	if err := s.Ready(context.Background()); err != nil {
		t.Errorf("the second command: %v", err)
	}
	if got, err := allDocuments(s); err != nil || !maps.Equal(got, want) {
		t.Errorf("%d documents, want %d (%v)", len(got), len(want), err)
	}
}

// An error of ours is not taken for damage.
func TestAPanicOfAReaderIsAnError(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	if err := s.View(func(*Tx) error { panic("ours") }); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("%v, want an error that is not %v", err, ErrDamaged)
	}
	if err := s.Ready(context.Background()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Trouble is told at the first commit that fails and when they go well again.
func TestTroubleIsToldOnce(t *testing.T) {
	t.Parallel()
	var told []error // by the committer
	s, err := Open(filepath.Join(t.TempDir(), "store.db"), Options{Trouble: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	s.calm = 0
	s.db.Load().MaxSize = 1 // no room
	put := func() error {
		return s.Commit(context.Background(), func(tx *Tx) error { return documents.Put(tx, "a", document{Text: strings.Repeat("x", 1<<20)}) })
	}
	for range 3 {
		if err := put(); !errors.Is(err, ErrNotKept) {
			t.Errorf("no room: %v, want %v", err, ErrNotKept)
		}
	}
	s.db.Load().MaxSize = 0
	for range 3 {
		if err := put(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || !errors.Is(told[0], bolterrors.ErrMaxSizeReached) || told[1] != nil {
		t.Errorf("told %v, want the error and then nil", told)
	}
}

// What goes wrong while the committer itself reads is found all the same.
func TestAnAccidentInTurn(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	var got error
	err := s.between(t.Context(), func() {
		got = s.inTurn(func(*bbolt.Tx) error { panic("a bad page") })
	})
	if err != nil || got == nil || !strings.Contains(got.Error(), "a bad page") {
		t.Errorf("%v, %v", err, got)
	}
	if count(t, s) != 0 {
		t.Error("the store does not go on")
	}
}
