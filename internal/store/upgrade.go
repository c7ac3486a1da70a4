package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Migration is one thing that brings a store from the version before To to To.
// The owner of the tables writes it; those to the same version run in the order
// given.
type Migration struct {
	To   uint64
	Name string // says which it is if the upgrade is cut off; never changed afterwards
	// Step does a part of it and answers where to go on, "" at the end. from is
	// what the step before answered, "" at the beginning. Each step is a
	// transaction: it should take a thousand records or so, not all.
	Step func(tx *Tx, from string) (next string, err error)
}

// upgrade is one under way, as it is kept so that the next start goes on.
type upgrade struct {
	Kept uint64   `json:"kept"` // the version that the copy is of
	Done []string `json:"done,omitempty"`
	From string   `json:"from,omitempty"` // where the first one that is not done goes on
}

var (
	versionKey = []byte("version")
	upgradeKey = []byte("upgrade")
)

var errForeign = errors.New("not a passerelle store: its version cannot be read")

// versionOf reads a store's version, 0 for an empty one, and the upgrade to it
// that was cut off, nil if it is whole.
func versionOf(db *bbolt.DB) (version uint64, cut *upgrade, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(metaBucket)
		if b == nil {
			if k, _ := tx.Cursor().First(); k != nil {
				return errForeign
			}
			return nil
		}
		raw := b.Get(versionKey)
		if len(raw) != 8 {
			return errForeign
		}
		version = binary.BigEndian.Uint64(raw)
		if raw := b.Get(upgradeKey); raw != nil {
			cut = &upgrade{}
			return json.Unmarshal(raw, cut)
		}
		return nil
	})
	return version, cut, err
}

// bringUp makes an open database one of this program's version: a new one by
// naming it so, an older one by the migrations, after a copy was kept. What it
// has done so far it keeps in the store: a start that is cut off is gone on
// with by the next.
func bringUp(db *bbolt.DB, path string, opts Options) error {
	version, cut, err := versionOf(db)
	switch {
	case err != nil:
		return err
	case version > Version:
		return ErrNewer
	case version == Version && cut == nil:
		return nil
	case version == 0:
		return db.Update(func(tx *bbolt.Tx) error { return setVersion(tx, Version, nil) })
	}
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	began, whole := time.Now(), version
	if cut != nil {
		whole = version - 1
		log.Info("an upgrade of the store was cut off: it goes on", "version", version)
	}
	if err := covered(whole, opts.Migrations); err != nil {
		return err
	}
	if cut == nil {
		cut = &upgrade{Kept: version}
		log.Info("the store was written by an earlier version of passerelle: a copy of it is kept first", "version", version, "file", copyPath(path, version))
		if err := keepCopy(db, path, version); err != nil {
			return fmt.Errorf("keep a copy of the store before its upgrade: %w", err)
		}
	}
	kept := cut.Kept
	for to := whole + 1; to <= Version; to++ {
		if err := migrate(db, to, cut, opts.Migrations, log); err != nil {
			return fmt.Errorf("bring the store to version %d (the next start goes on with it; as it was before it is in %s): %w", to, copyPath(path, kept), err)
		}
		cut = &upgrade{Kept: kept}
	}
	log.Info("the store has been brought up to date", "version", uint64(Version), "took", time.Since(began))
	return nil
}

// covered says whether every version on the way has a migration.
func covered(from uint64, all []Migration) error {
	for to := from + 1; to <= Version; to++ {
		if !slices.ContainsFunc(all, func(m Migration) bool { return m.To == to }) {
			return fmt.Errorf("the store is of version %d, and this program cannot bring it to %d", from, to)
		}
	}
	return nil
}

// migrate brings a store from the version before `to` to it, or goes on with
// that where it was cut. The store says from the first step on that it is of
// the new version, and that this is under way: an earlier program must not take
// it for one of its own.
func migrate(db *bbolt.DB, to uint64, at *upgrade, all []Migration, log *slog.Logger) error {
	for _, m := range all {
		if m.To != to || slices.Contains(at.Done, m.Name) {
			continue
		}
		log.Info("the store is being brought up to date", "version", to, "job", m.Name)
		for more := true; more; {
			next := *at
			err := db.Update(func(tx *bbolt.Tx) (err error) {
				if next.From, err = m.Step(&Tx{b: tx}, at.From); err != nil {
					return err
				}
				if more = next.From != ""; !more {
					next.Done = append(slices.Clone(at.Done), m.Name)
				}
				return setVersion(tx, to, &next)
			})
			if err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
			*at = next
			passing("upgrade.step")
		}
	}
	return db.Update(func(tx *bbolt.Tx) error {
		if to < Version { // the way goes on, and the copy stays that of its beginning
			return setVersion(tx, to+1, &upgrade{Kept: at.Kept})
		}
		return setVersion(tx, to, nil)
	})
}

// setVersion says of which version the store is, and what of the upgrade to it
// is done; nil is all.
func setVersion(tx *bbolt.Tx, version uint64, at *upgrade) error {
	b, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	if err := b.Put(versionKey, binary.BigEndian.AppendUint64(nil, version)); err != nil {
		return err
	}
	if at == nil {
		return b.Delete(upgradeKey)
	}
	raw, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return b.Put(upgradeKey, raw)
}

// keepCopy copies the store as it is. The copy has its name only once it is
// whole and on the disk.
func keepCopy(db *bbolt.DB, path string, version uint64) (err error) {
	name := copyPath(path, version)
	part := name + ".part"
	if err := removeFile(part); err != nil {
		return err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if err := roomFor(path, tx.Size()); err != nil {
			return err
		}
		f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = tx.WriteTo(f)
		return errors.Join(err, f.Sync(), f.Close())
	})
	passing("upgrade.copied")
	if err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, removeFile(part))
	}
	passing("upgrade.kept")
	return syncDir(path)
}

// stepRecords is how many records one step of [Table.Walk] takes.
const stepRecords = 1000

// Walk makes the step of a migration that goes over all records of a table, in
// order. fn may change any table, this one too.
func (t Table[T]) Walk(fn func(tx *Tx, key string, v T) error) func(tx *Tx, from string) (next string, err error) {
	return func(tx *Tx, from string) (next string, err error) {
		var keys []string
		var values []T
		err = t.Each(tx, "", from, func(key string, v T) (bool, error) {
			if len(keys) == stepRecords {
				next = key
				return false, nil
			}
			keys, values = append(keys, key), append(values, v)
			return true, nil
		})
		for i := 0; i < len(keys) && err == nil; i++ {
			err = fn(tx, keys[i], values[i])
		}
		return next, err
	}
}
