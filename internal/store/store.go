package store

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Version is the schema version this program writes.
const Version = 3

// Errors that callers tell apart.
var (
	ErrLocked  = errors.New("the store is open in another process (is a hub running on this data_dir?)")
	ErrNewer   = errors.New("the store was written by a newer version of passerelle: upgrade the program, or restore the copy it made")
	ErrClosed  = errors.New("the store is closed")
	ErrNotKept = errors.New("the store could not keep the change (is the disk full or read-only?)")
	ErrBusy    = errors.New("the store has too many commands waiting")
)

// Options tune a store. The zero value is what production uses.
type Options struct {
	// Lock is how long to wait for the file's lock; 0 is one second.
	Lock time.Duration
	// Observe is told of each commit: how many commands it grouped and how
	// long it took.
	Observe func(commands int, took time.Duration)
	// Migrations bring the store of an earlier version up to this program's.
	Migrations []Migration
	// Log is told of an upgrade; may be nil.
	Log *slog.Logger
	// Trouble is told, with an error, of what is wrong with the file or the disk
	// below it, and with nil once commits go well again. It must not block.
	Trouble func(error)
}

// Store is an open store. Its methods may be called from any goroutine.
type Store struct {
	db      atomic.Pointer[bbolt.DB] // a compaction replaces it
	path    string
	observe func(int, time.Duration)
	queue   chan *command
	turns   chan func()   // run between two commits
	stop    chan struct{} // closed by Close
	done    chan struct{} // closed by the committer

	changes    *changes   // the committer's; nil unless a compaction runs
	compacting sync.Mutex // held by a compaction

	trouble func(error)
	failed  time.Time // the committer's: when a commit last failed; zero once all is well again
	calm    time.Duration
	damaged atomic.Pointer[error]
}

var metaBucket = []byte("meta")

// Open opens the store at path, making it if there is none. The store of an
// earlier version is brought up to this one first, and a copy of it kept as
// path.v<N>.
func Open(path string, opts Options) (*Store, error) {
	if opts.Lock == 0 {
		opts.Lock = time.Second
	}
	headless, err := prepare(path, opts)
	if err != nil {
		return nil, err
	}
	db, err := bbolt.Open(path, 0o600, options(opts))
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%s: %w", path, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", path, err)
	}
	if err := bringUp(db, path, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	if err := removeFile(compactPath(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("a compaction that was cut off left a file: %w", err), db.Close())
	}
	s := &Store{
		path:    path,
		observe: opts.Observe,
		trouble: opts.Trouble,
		calm:    calm,
		queue:   make(chan *command, 4*maxGroup),
		turns:   make(chan func()),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	if s.trouble == nil {
		s.trouble = func(error) {}
	}
	if s.observe == nil {
		s.observe = func(int, time.Duration) {}
	}
	if headless != nil {
		s.trouble(headless)
	}
	s.db.Store(db)
	go s.commitLoop()
	return s, nil
}

// Close waits for the commands already given, ends a compaction that runs, and
// closes the file.
func (s *Store) Close() error {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	<-s.done
	s.compacting.Lock()
	defer s.compacting.Unlock()
	if err := s.broken(); err != nil {
		return err // a transaction was left open over it
	}
	db := s.db.Load()
	return errors.Join(leaveFreelist(db), db.Close())
}

// Path is where the file lies.
func (s *Store) Path() string { return s.path }

// View runs fn over a consistent snapshot. fn must not write, and must be
// short: an open snapshot keeps old pages alive.
func (s *Store) View(fn func(*Tx) error) error {
	return s.view(func(tx *bbolt.Tx) error { return fn(&Tx{b: tx}) })
}
