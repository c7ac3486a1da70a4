package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// options are how a database file of ours is opened.
func options(o Options) *bbolt.Options {
	return &bbolt.Options{
		Timeout:        o.Lock,
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
	}
}

// view runs fn over a snapshot of the database of the moment. One that a
// compaction has just replaced may be closed before the snapshot is taken: then
// the new one is asked.
func (s *Store) view(fn func(*bbolt.Tx) error) error {
	for {
		db := s.db.Load()
		err := s.read(db, fn)
		switch {
		case !lostFile(err):
			return err
		case s.stopping():
			return ErrClosed
		case db == s.db.Load():
			return fmt.Errorf("%w: %w", ErrNotKept, err)
		}
	}
}

// between runs fn on the committer's goroutine between two commits: while it
// runs, nothing is committed.
func (s *Store) between(ctx context.Context, fn func()) error {
	ran := make(chan struct{})
	select {
	case s.turns <- func() { defer close(ran); fn() }:
		<-ran
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return ErrClosed
	}
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeFile removes a file that may not be there.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
