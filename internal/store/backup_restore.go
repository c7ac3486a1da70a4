package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"filippo.io/age"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Identity opens encrypted backups; the zero one opens none.
type Identity struct{ of []age.Identity }

// ReadIdentity reads an age key file.
func ReadIdentity(r io.Reader) (Identity, error) {
	of, err := age.ParseIdentities(r)
	if err != nil {
		return Identity{}, errors.New("not an age key file: age-keygen makes one (one with a passphrase must be opened with age -d first)")
	}
	return Identity{of}, nil
}

// Errors of a backup that cannot be opened.
var (
	ErrNeedsIdentity = errors.New("the backup is encrypted: give the age key file that opens it")
	ErrOtherIdentity = errors.New("the backup is encrypted for another key, or it is damaged")
)

// Extract writes the store behind a manifest to a new file, which is on the
// disk, and the one that was backed up, once the error is nil.
func (m Manifest) Extract(r *bufio.Reader, with Identity, path string) (err error) {
	body, err := m.open(r, with)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(body, m.Size+1))
	switch {
	case err != nil && m.Encrypted:
		return fmt.Errorf("%w: %w", ErrOtherIdentity, err)
	case err != nil:
		return err
	case n != m.Size || hex.EncodeToString(sum.Sum(nil)) != m.SHA256:
		return fmt.Errorf("the backup is damaged: %d bytes of its store do not have the checksum of the %d bytes that were backed up", n, m.Size)
	}
	return f.Sync()
}

func (m Manifest) open(r io.Reader, with Identity) (io.Reader, error) {
	if !m.Encrypted {
		return r, nil
	}
	if len(with.of) == 0 {
		return nil, ErrNeedsIdentity
	}
	body, err := age.Decrypt(r, with.of...)
	if err != nil {
		return nil, ErrOtherIdentity
	}
	return body, nil
}

// Check walks every page and bucket of the store.
func (s *Store) Check() error {
	return s.view(func(tx *bbolt.Tx) error {
		var all error
		for err := range tx.Check() {
			all = errors.Join(all, err)
		}
		return all
	})
}

// Advance lets the table's sequence go on n numbers further.
func (t Raw) Advance(tx *Tx, n uint64) error {
	tx.dirty = true
	b, err := tx.bucket(t.name)
	if err != nil {
		return err
	}
	return b.SetSequence(b.Sequence() + n)
}

// Replace puts the file at path in the place of the store at its own path, and
// leaves that, if there is one, under the name aside. Nothing may have either
// open. Whatever happens, one of the two is there.
func Replace(path, store, aside string) error {
	if _, err := os.Stat(store); err == nil {
		if err := os.Link(store, aside); err != nil {
			return err
		}
	}
	if err := os.Rename(path, store); err != nil {
		return err
	}
	return syncDir(store)
}

// Peek runs fn over the store at path without opening it for anything else: it
// is not brought up to date, and need not be of this version. ErrLocked says
// that a hub has it open.
func Peek(path string, fn func(*Tx) error) error {
	o := options(Options{Lock: time.Second})
	o.ReadOnly = true
	db, err := bbolt.Open(path, 0o600, o)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("%s: %w", path, ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	err = db.View(func(tx *bbolt.Tx) error { return fn(&Tx{b: tx}) })
	return errors.Join(err, db.Close())
}
