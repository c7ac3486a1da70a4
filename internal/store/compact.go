package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// Compaction is what [Store.Compact] did.
type Compaction struct {
	Before int64         // bytes of the file
	After  int64         // bytes of the file
	Took   time.Duration // all of it, beside the plateau's work
	Held   time.Duration // of that, how long no command was committed
}

// Sizes of the copying's steps. Between two steps the disk is the plateau's.
const (
	stepBytes = 1 << 20
	stepKeys  = 4096
	syncEvery = 16 // steps: what is synced at once must not stall a commit
	restMost  = 100 * time.Millisecond

	// manyChanges are carried over before more is copied: they are kept in memory.
	manyChanges = 200_000
	// fewLeft changes may be carried over while commits wait, and fewer are not
	// waited for longer than so many rounds.
	fewLeft    = 256
	roundsMost = 16
)

// Compact writes the store anew without its free pages and puts the new file in
// the old one's place, while commands go on: they wait only while the last few
// changes are carried over and the file changes its name ([Compaction.Held]).
//
// When it answers nil, nothing that was deleted before the call is left in the
// store's own file: not in a free page, not in the room behind a record. (What
// is deleted while it runs may be.) Copies that an upgrade has kept are files
// of their own: [Store.DropCopies] removes them.
//
// The disk must have room for what the store holds; a compaction that fails, or
// is cut off at any point, leaves the store as it was. One runs at a time,
// others wait for it.
func (s *Store) Compact(ctx context.Context) (Compaction, error) {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	out := Compaction{Before: s.Size()}
	began := time.Now()
	c, err := s.beginCompaction(ctx)
	if err != nil {
		return out, fmt.Errorf("compact the store: %w", err)
	}
	err = c.run(ctx)
	if err != nil {
		err = fmt.Errorf("compact the store: %w", errors.Join(err, c.giveUp()))
	}
	out.After, out.Took, out.Held = s.Size(), time.Since(began), c.held
	return out, err
}

// compaction is one under way.
type compaction struct {
	*Store
	to    *bbolt.DB // the new file
	path  string    // of the new file, until it takes the store's name
	steps int
	held  time.Duration
}

// compactPath is where the new file grows. One that a crash has left there is
// removed at the next start.
func compactPath(path string) string { return path + ".compact" }

func (s *Store) beginCompaction(ctx context.Context) (*compaction, error) {
	used, _ := s.usage()
	if err := roomFor(s.path, used); err != nil {
		return nil, err
	}
	c := &compaction{Store: s, path: compactPath(s.path)}
	if err := removeFile(c.path); err != nil {
		return nil, err
	}
	to, err := bbolt.Open(c.path, 0o600, options(Options{Lock: time.Second}))
	if err != nil {
		return nil, errors.Join(err, removeFile(c.path))
	}
	to.NoSync = true // until it is to take the store's place
	c.to = to
	// From here on every change is noted, so that the copy may be of no one
	// moment: what changed meanwhile is carried over afterwards.
	if err := s.between(ctx, func() { s.changes = &changes{} }); err != nil {
		return nil, errors.Join(err, to.Close(), removeFile(c.path))
	}
	return c, nil
}

func (c *compaction) run(ctx context.Context) error {
	if err := c.copyAll(ctx); err != nil {
		return err
	}
	for range roundsMost {
		if c.changes.count() <= fewLeft {
			break
		}
		if err := c.carryOver(ctx); err != nil {
			return err
		}
	}
	if err := c.to.Sync(); err != nil {
		return err
	}
	old := c.db.Load()
	var err error
	held := c.between(ctx, func() {
		began := time.Now()
		err = c.swap()
		c.held = time.Since(began)
	})
	if err := errors.Join(held, err); err != nil {
		return err
	}
	// Waits for those who still read it; then the old file is gone.
	return old.Close()
}

// swap ends the compaction, while no command is committed: it carries over what
// is left and puts the new file in the old one's place.
func (c *compaction) swap() error {
	c.to.NoSync = false
	if err := c.carryOver(context.Background()); err != nil {
		return err
	}
	if err := c.to.Sync(); err != nil {
		return err
	}
	passing("compact.synced")
	if err := os.Rename(c.path, c.Store.path); err != nil {
		return err
	}
	passing("compact.renamed")
	c.Store.changes = nil
	c.db.Store(c.to)
	if err := syncDir(c.Store.path); err != nil {
		// After a power cut the old file could stand there again: nothing may
		// be acknowledged on the new one.
		return errors.Join(fmt.Errorf("the new file's name is not durable, restart the hub: %w", err), c.to.Close())
	}
	passing("compact.swapped")
	return nil
}

// giveUp removes the new file, unless it has already taken the store's place.
func (c *compaction) giveUp() error {
	if c.db.Load() == c.to {
		return nil
	}
	// A store that is being closed has no commits any more to note.
	if err := c.between(context.Background(), func() { c.Store.changes = nil }); err != nil && !errors.Is(err, ErrClosed) {
		return err
	}
	return errors.Join(c.to.Close(), removeFile(c.path))
}

// copyAll copies table by table, in steps: each reads a snapshot of its own, so
// that no page of the store is kept alive for long.
func (c *compaction) copyAll(ctx context.Context) error {
	names, err := c.tables()
	if err != nil {
		return err
	}
	for _, name := range names {
		for from, more := []byte(nil), true; more; {
			err := c.step(ctx, func(src, dst *bbolt.Tx) error {
				from, more, err = copySome(src, dst, name, from)
				return err
			})
			if err == nil && c.changes.count() > manyChanges {
				err = c.carryOver(ctx)
			}
			if err != nil {
				return err
			}
		}
		passing("compact.table")
	}
	return nil
}

func (c *compaction) tables() (names [][]byte, err error) {
	err = c.view(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			names = append(names, append([]byte(nil), name...))
			return nil
		})
	})
	return names, err
}

// copySome copies a table's records from a key on (nil: the first) and answers
// where to go on.
func copySome(src, dst *bbolt.Tx, name, from []byte) (next []byte, more bool, err error) {
	in := src.Bucket(name)
	out, err := dst.CreateBucketIfNotExists(name)
	if err != nil || in == nil {
		return nil, false, err
	}
	out.FillPercent = 0.9 // they come in order
	cur := in.Cursor()
	bytes, keys := 0, 0
	k, v := cur.Seek(from)
	for ; k != nil && bytes < stepBytes && keys < stepKeys; k, v = cur.Next() {
		if err := out.Put(k, v); err != nil {
			return nil, false, err
		}
		bytes, keys = bytes+len(k)+len(v), keys+1
	}
	return append([]byte(nil), k...), k != nil, nil
}

// carryOver brings the places that have changed up to date in the new file.
func (c *compaction) carryOver(ctx context.Context) error {
	for table, keys := range c.changes.take() {
		for len(keys) > 0 {
			n := min(len(keys), stepKeys)
			err := c.step(ctx, func(src, dst *bbolt.Tx) error { return carry(src, dst, []byte(table), keys[:n]) })
			if err != nil {
				return err
			}
			keys = keys[n:]
		}
	}
	return c.step(ctx, carrySequences)
}

func carry(src, dst *bbolt.Tx, table []byte, keys []string) error {
	in := src.Bucket(table)
	out, err := dst.CreateBucketIfNotExists(table)
	if err != nil || in == nil {
		return err
	}
	for _, key := range keys {
		if v := in.Get([]byte(key)); v != nil {
			err = out.Put([]byte(key), v)
		} else {
			err = out.Delete([]byte(key))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// carrySequences makes sure that no number is given out twice.
func carrySequences(src, dst *bbolt.Tx) error {
	return src.ForEach(func(name []byte, in *bbolt.Bucket) error {
		out, err := dst.CreateBucketIfNotExists(name)
		if err != nil {
			return err
		}
		if out.Sequence() == in.Sequence() {
			return nil
		}
		return out.SetSequence(in.Sequence())
	})
}

// step runs fn over a snapshot of the old file and a transaction on the new one.
// Until the new one is about to take over, it then leaves the disk and the
// processor to the others for as long as it took.
func (c *compaction) step(ctx context.Context, fn func(src, dst *bbolt.Tx) error) error {
	began := time.Now()
	both := func(src *bbolt.Tx) error {
		return c.to.Update(func(dst *bbolt.Tx) error { return fn(src, dst) })
	}
	if !c.to.NoSync { // the swap
		return c.inTurn(both)
	}
	if err := c.view(both); err != nil {
		return err
	}
	if c.steps++; c.steps%syncEvery == 0 {
		if err := c.to.Sync(); err != nil {
			return err
		}
	}
	rest := time.NewTimer(min(time.Since(began), restMost))
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stop:
		return ErrClosed
	}
}
