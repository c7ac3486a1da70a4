package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// older makes a store of version 1 with n words in it.
func older(t testing.TB, path string, n int) {
	t.Helper()
	s := open(t, path)
	fill(t, s, n)
	err := s.Commit(context.Background(), func(tx *Tx) error {
		return Raw{metaBucket}.Put(tx, "version", binary.BigEndian.AppendUint64(nil, 1))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// counting migrates over two versions in steps of 100 words: the first marks each
// with a one, the second with a two. It fails at a step of its own choice.
func counting(failAt int) []Migration {
	steps := 0
	mark := func(c byte) func(*Tx, string) (string, error) {
		return func(tx *Tx, from string) (string, error) {
			if steps++; steps == failAt {
				return "", errors.New("on purpose")
			}
			todo := map[string][]byte{}
			next := ""
			for k, v := range words.Scan(tx, "", from) {
				if len(todo) == 100 {
					next = k
					break
				}
				todo[k] = append(bytes.Clone(v), c)
			}
			for k, v := range todo {
				if err := words.Put(tx, k, v); err != nil {
					return "", err
				}
			}
			return next, nil
		}
	}
	return []Migration{{2, "ones", mark('1')}, {3, "twos", mark('2')}}
}

func TestUpgradeKeepsACopyAndSaysSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	older(t, path, 250)
	var log bytes.Buffer
	s, err := Open(path, Options{Migrations: counting(0), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	checkMarked(t, s, 250)
	for _, want := range []string{"earlier version", path + ".v1", "ones", "twos", "brought up to date"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the operator is not told %q:\n%s", want, log.String())
		}
	}
	kept, err := bbolt.Open(path+".v1", 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if version, _, err := versionOf(kept); version != 1 || err != nil {
		t.Errorf("the copy is of version %d (%v)", version, err)
	}
	if err := kept.Close(); err != nil {
		t.Error(err)
	}
	if dropped, err := s.DropCopies(time.Now().AddDate(0, 0, -1)); len(dropped) != 0 || err != nil {
		t.Errorf("a young copy is gone: %v (%v)", dropped, err)
	}
	if dropped, err := s.DropCopies(time.Now().AddDate(0, 0, 1)); len(dropped) != 1 || err != nil {
		t.Errorf("dropped %v (%v)", dropped, err)
	}
}

func checkMarked(t testing.TB, s *Store, n int) {
	t.Helper()
	got := contents(t, s)
	for i := range n {
		if v := got[fmt.Sprintf("test.words/%08d", i)]; len(v) != 102 || !strings.HasSuffix(v, "x12") {
			t.Fatalf("record %d ends in %q", i, v[max(0, len(v)-3):])
		}
	}
	if version, cut, err := versionOf(s.db.Load()); version != Version || cut != nil || err != nil {
		t.Errorf("version %d, upgrade %v, %v", version, cut, err)
	}
}

// An upgrade that fails at any step goes on at the next start, no step is done
// twice, and the copy stays that of the store before it.
func TestUpgradeGoesOn(t *testing.T) {
	t.Parallel()
	for failAt := 1; failAt <= 6; failAt++ {
		t.Run(fmt.Sprint("cut at step ", failAt), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.db")
			older(t, path, 250)
			if _, err := Open(path, Options{Migrations: counting(failAt)}); err == nil || !strings.Contains(err.Error(), ".v1") {
				t.Fatalf("%v does not say where the copy is", err)
			}
			s, err := Open(path, Options{Migrations: counting(0)})
			if err != nil {
				t.Fatal(err)
			}
			checkMarked(t, s, 250)
			s.Close()
			kept, err := os.ReadFile(path + ".v1")
			if err != nil || bytes.Contains(kept, []byte("x1")) {
				t.Errorf("the copy holds what the upgrade has made (%v)", err)
			}
		})
	}
}

func TestUpgradeRefuses(t *testing.T) {
	t.Parallel()
	t.Run("no way from there", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "store.db")
		older(t, path, 1)
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "version 1") {
			t.Errorf("%v", err)
		}
		if copies, _ := filepath.Glob(path + ".v*"); len(copies) > 0 {
			t.Errorf("a copy was made for nothing: %v", copies)
		}
	})
	t.Run("somebody else's file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "store.db")
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); !errors.Is(err, errForeign) {
			t.Errorf("%v, want %v", err, errForeign)
		}
	})
	t.Run("no room for the copy", func(t *testing.T) {
		t.Parallel()
		if err := roomFor(filepath.Join(t.TempDir(), "store.db"), 1<<60); err == nil || !strings.Contains(err.Error(), "MiB") {
			t.Errorf("%v does not say how much room is missing", err)
		}
	})
}
