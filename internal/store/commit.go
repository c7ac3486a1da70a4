package store

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"passerelle/internal/faultpoint"
)

// maxGroup bounds how many commands share a commit: past about a thousand the
// fsync is already paid for and latency only grows.
const maxGroup = 1024

type command struct {
	fn   func(*Tx) error
	done chan error
}

// Commit runs fn in a write transaction that it may share with other commands,
// and returns once that transaction is on the disk. If fn returns an error
// nothing of it is kept and the error is returned.
//
// fn runs on the committer's goroutine, must not block, and may run more than
// once: it must set what it captures, not add to it.
func (s *Store) Commit(ctx context.Context, fn func(*Tx) error) error {
	return s.Submit(ctx, fn)()
}

// Submit is [Store.Commit] for those who have more to ask before they wait:
// what one goroutine submits is carried out in that order, and may share a
// transaction. wait answers as Commit does; it may be called once.
func (s *Store) Submit(ctx context.Context, fn func(*Tx) error) (wait func() error) {
	c := &command{fn: fn, done: make(chan error, 1)}
	if err := s.enqueue(ctx, c); err != nil {
		return func() error { return err }
	}
	// Once queued, the command will be carried out: the caller must learn how
	// it ended, not that their patience did.
	return func() error {
		select {
		case err := <-c.done:
			return err
		case <-s.done:
			select {
			case err := <-c.done:
				return err
			default:
				return ErrClosed
			}
		}
	}
}

func (s *Store) enqueue(ctx context.Context, c *command) error {
	select {
	case <-s.stop:
		return ErrClosed
	default:
	}
	select {
	case s.queue <- c:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	case <-s.stop:
		return ErrClosed
	}
}

// commitLoop is the committer: take one command, yield once so that callers
// that are about to ask can, take all that wait, commit, answer. There is no
// timer: under load the fsync itself is the collecting time.
func (s *Store) commitLoop() {
	defer close(s.done)
	debug.SetPanicOnFault(true)
	group := make([]*command, 0, maxGroup)
	for {
		select {
		case c := <-s.queue:
			group = append(group[:0], c)
		case turn := <-s.turns:
			turn()
			continue
		case <-s.stop:
			if len(s.queue) == 0 {
				return
			}
			continue
		}
		runtime.Gosched()
		group = s.drain(group)
		s.commit(group)
	}
}

func (s *Store) drain(group []*command) []*command {
	for len(group) < maxGroup {
		select {
		case c := <-s.queue:
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// commit runs the group in one transaction. A command that fails before it has
// written is answered with its error, but only once the transaction is on the
// disk: what it read may be another's unfinished work. One that fails after it
// has written undoes the transaction, and the others run again without it.
func (s *Store) commit(group []*command) {
	began, all := time.Now(), len(group)
	for len(group) > 0 {
		errs := make([]error, len(group))
		var after []func()
		var changed []place
		spoiler := -1
		err := s.update(func(btx *bbolt.Tx) error {
			for i, c := range group {
				tx := &Tx{b: btx, noted: s.changes != nil}
				errs[i] = s.run(c.fn, tx)
				if errs[i] != nil && tx.dirty {
					spoiler = i
					return errs[i]
				}
				if errs[i] == nil {
					after = append(after, tx.after...)
					changed = append(changed, tx.places...)
				}
			}
			faultpoint.Hit("store.commit.before")
			return nil
		})
		if spoiler >= 0 {
			group[spoiler].done <- errs[spoiler]
			group = slices.Delete(group, spoiler, spoiler+1)
			continue
		}
		faultpoint.Hit("store.commit.after")
		s.ended(err, changed, after)
		s.observe(all, time.Since(began)) // whoever is answered finds it counted
		for i, c := range group {
			if err != nil {
				errs[i] = fmt.Errorf("%w: %w", ErrNotKept, err)
			}
			c.done <- errs[i]
		}
		return
	}
}

// ended acts on the end of a transaction: err, or what it has changed and what
// follows from it.
func (s *Store) ended(err error, changed []place, after []func()) {
	s.kept(err)
	if lostFile(err) {
		s.reopen()
	}
	if err != nil {
		return
	}
	if s.changes != nil {
		s.changes.add(changed)
	}
	for _, f := range after {
		f()
	}
}

// run turns a panic into an error: one bad command must not take the hub down
// or the others' changes with it.
func (s *Store) run(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			tx.dirty = true
			err = s.accident(p)
		}
	}()
	return fn(tx)
}
