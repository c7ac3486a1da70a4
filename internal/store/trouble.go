package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"passerelle/internal/bilingual"
)

// broken is an error once the file was found damaged: then nothing is read or
// written any more.
func (s *Store) broken() error {
	if why := s.damaged.Load(); why != nil {
		return *why
	}
	return nil
}

// update is bbolt's Update, but over a damaged file the transaction stays open:
// to undo it bbolt would walk over the pages, and end the process.
func (s *Store) update(fn func(*bbolt.Tx) error) (err error) {
	if err := s.broken(); err != nil {
		return err
	}
	db := s.db.Load()
	keepFreelist(db)
	tx, err := db.Begin(true)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = s.accident(p)
		}
		if err != nil && s.broken() == nil {
			_ = tx.Rollback() // a commit that failed has done so
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	return s.named(tx.Commit())
}

// named gives the file its name in an error: one that a compaction has made is
// known to the system by where it grew.
func (s *Store) named(err error) error {
	if bad, ok := errors.AsType[*os.PathError](err); ok && bad.Path == compactPath(s.path) {
		bad.Path = s.path
	}
	return err
}

// read is bbolt's View, where neither a bad page nor an error of ours ends the
// process.
func (s *Store) read(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
	return s.guarded(db, fn, func(f func()) error { return s.between(context.Background(), f) })
}

// inTurn reads on the committer's goroutine, which cannot wait for itself.
func (s *Store) inTurn(fn func(*bbolt.Tx) error) error {
	return s.guarded(s.db.Load(), fn, func(f func()) error { f(); return nil })
}

// guarded turns a panic into its error, found while the committer is held.
func (s *Store) guarded(db *bbolt.DB, fn func(*bbolt.Tx) error, held func(func()) error) (err error) {
	if err := s.broken(); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p == nil {
			return
		} else if late := held(func() { err = s.accident(p) }); late != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return db.View(fn)
}

// accident is the error of a panic: the file is damaged, or it was ours. The
// committer stands still meanwhile.
func (s *Store) accident(p any) error {
	stack := debug.Stack()
	f, err := os.Open(s.path)
	if err == nil {
		_, err = checkPages(f)
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		return fmt.Errorf("internal error: %v\n%s", p, stack)
	}
	why := fmt.Errorf("%s: %w (%w)", s.path, ErrDamaged, err)
	if s.damaged.CompareAndSwap(nil, &why) {
		s.trouble(why)
	}
	return why
}

// calm is how long no commit may have failed for the trouble to be over: on a
// full disk small ones go well in between.
const calm = 2 * time.Second

// kept tells of the first commit that failed, and of the first that went well
// once none has failed for a while.
func (s *Store) kept(err error) {
	now := time.Now()
	switch {
	case s.broken() != nil: // that was told
	case err != nil && s.failed.IsZero():
		s.trouble(err)
		s.failed = now
	case err != nil:
		s.failed = now
	case !s.failed.IsZero() && now.Sub(s.failed) >= s.calm:
		s.trouble(nil)
		s.failed = time.Time{}
	}
}

// lostFile says whether bbolt has let go of the file: it does when it cannot map
// it anew, and from then on refuses everything.
func lostFile(err error) bool {
	return errors.Is(err, bolterrors.ErrInvalidMapping) || errors.Is(err, bolterrors.ErrDatabaseNotOpen)
}

// stopping says whether the store is being closed.
func (s *Store) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// reopen opens the file again, on the committer's goroutine. Where it cannot,
// the next commit fails too, and brings us here again.
func (s *Store) reopen() {
	err := s.db.Load().Close() // twice is no error
	if err == nil {
		_, err = checkFile(s.path, time.Second)
	}
	if err == nil {
		var db *bbolt.DB
		if db, err = bbolt.Open(s.path, 0o600, options(Options{Lock: time.Second})); err == nil {
			s.db.Store(db)
			return
		}
	}
	if errors.Is(err, ErrDamaged) && s.damaged.CompareAndSwap(nil, &err) {
		s.trouble(err)
	}
}

// leastRoom is how much room on the disk is too little: the file grows in steps
// of 16 MiB, and a checkpoint of NATS or a log may want some too.
const leastRoom = 32 << 20

var probe = Raw{metaBucket}

// Ready says why the next change might not be kept, nil if nothing speaks
// against it. It writes.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.broken(); err != nil {
		return err
	}
	err := s.Commit(ctx, func(tx *Tx) error {
		return probe.Put(tx, "probe", binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())))
	})
	if err != nil {
		return err
	}
	have, err := room(s.path)
	if err == nil && have < leastRoom {
		err = fmt.Errorf("the disk of %s is nearly full: %d MiB are left, %d are too few", filepath.Dir(s.path), have>>20, leastRoom>>20)
	}
	return err
}

// room is how many bytes may be written to the disk on which a path lies.
func room(path string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		return 0, fmt.Errorf("ask how much room there is: %w", err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

// Refused says in plain words why a command was not carried out, if it was the
// store that could not: whoever sent it may send it again.
func Refused(err error) (why bilingual.Text, refused bool) {
	switch {
	case errors.Is(err, ErrDamaged):
		return bilingual.Text{"the bridge's store is damaged: its operator finds the details in its log", "les données de la passerelle sont endommagées : son exploitant trouvera le détail dans son journal"}, true
	case errors.Is(err, ErrNotKept):
		return bilingual.Text{"the bridge's disk is full or cannot be written: nothing was kept; send it again", "le disque de la passerelle est plein ou ne peut être écrit : rien n'a été conservé ; envoyez de nouveau"}, true
	case errors.Is(err, ErrBusy):
		return bilingual.Text{"the bridge has too much to do: nothing was kept; send it again", "la passerelle a trop à faire : rien n'a été conservé ; envoyez de nouveau"}, true
	case errors.Is(err, ErrClosed):
		return bilingual.Text{"the bridge is stopping: nothing was kept; send it again", "la passerelle s'arrête : rien n'a été conservé ; envoyez de nouveau"}, true
	}
	return bilingual.Text{}, false
}
