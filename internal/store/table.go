package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"passerelle/internal/appendjson"
)

// Tx is a transaction. It must not be kept past the function it was given to.
type Tx struct {
	b      *bbolt.Tx
	dirty  bool
	after  []func()
	noted  bool    // a compaction must know what changes
	places []place // that have changed, if noted
}

// touch notes that a key's value is about to change.
func (tx *Tx) touch(table []byte, key string) {
	tx.dirty = true
	if tx.noted {
		tx.places = append(tx.places, place{table, key})
	}
}

// OnCommit runs f after the transaction is on the disk, on the committer's
// goroutine: f must be quick. It does not run if the command fails.
func (tx *Tx) OnCommit(f func()) { tx.after = append(tx.after, f) }

func (tx *Tx) bucket(name []byte) (*bbolt.Bucket, error) {
	if b := tx.b.Bucket(name); b != nil || !tx.b.Writable() {
		return b, nil
	}
	return tx.b.CreateBucket(name)
}

// Raw is a table of bytes by key, sorted by key.
type Raw struct{ name []byte }

// NewRaw names a table. Names are unique in the store; "package.what" is our
// custom.
func NewRaw(name string) Raw { return Raw{[]byte(name)} }

// peek finds the value of a key, nil if there is none. It is the database's own,
// and good until the transaction's next change.
func (t Raw) peek(tx *Tx, key string) ([]byte, error) {
	b, err := tx.bucket(t.name)
	if b == nil || err != nil {
		return nil, err
	}
	return b.Get([]byte(key)), nil
}

// Get copies the value out; false if there is none.
func (t Raw) Get(tx *Tx, key string) ([]byte, bool) {
	v, err := t.peek(tx, key)
	return bytes.Clone(v), err == nil && v != nil
}

// Has says whether the key is there.
func (t Raw) Has(tx *Tx, key string) bool {
	v, err := t.peek(tx, key)
	return err == nil && v != nil
}

// Put sets the value of a key.
func (t Raw) Put(tx *Tx, key string, value []byte) error {
	if value == nil {
		value = []byte{} // the key is there from now on, not only after the commit
	}
	tx.touch(t.name, key)
	b, err := tx.bucket(t.name)
	if err != nil {
		return err
	}
	return b.Put([]byte(key), value)
}

// Delete removes a key, if it is there.
func (t Raw) Delete(tx *Tx, key string) error {
	tx.touch(t.name, key)
	b, err := tx.bucket(t.name)
	if err != nil {
		return err
	}
	return b.Delete([]byte(key))
}

// Drop removes the table with all it holds, at once. It fails during a
// compaction, which follows single keys.
func (t Raw) Drop(tx *Tx) error {
	if tx.noted {
		return fmt.Errorf("table %s cannot be dropped while the store is compacted", t.name)
	}
	tx.dirty = true
	if tx.b.Bucket(t.name) == nil {
		return nil
	}
	return tx.b.DeleteBucket(t.name)
}

// Next gives the table's next sequence number, from 1.
func (t Raw) Next(tx *Tx) (uint64, error) {
	tx.dirty = true
	b, err := tx.bucket(t.name)
	if err != nil {
		return 0, err
	}
	return b.NextSequence()
}

// Last is the greatest key and its value, false if the table is empty.
func (t Raw) Last(tx *Tx) (string, []byte, bool) {
	b, err := tx.bucket(t.name)
	if b == nil || err != nil {
		return "", nil, false
	}
	k, v := b.Cursor().Last()
	return string(k), bytes.Clone(v), k != nil
}

// Scan ranges over the keys that begin with prefix, from the key `from` on (""
// is the first). The values are only good inside the loop's body, which must
// not change this table.
func (t Raw) Scan(tx *Tx, prefix, from string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		b, err := tx.bucket(t.name)
		if b == nil || err != nil {
			return
		}
		seek := max(prefix, from)
		c := b.Cursor()
		for k, v := c.Seek([]byte(seek)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
			if !yield(string(k), v) {
				return
			}
		}
	}
}

// Table is a table of values kept as JSON.
type Table[T any] struct{ Raw }

// NewTable names a table of T.
func NewTable[T any](name string) Table[T] { return Table[T]{NewRaw(name)} }

// Get reads the value of a key; false if there is none.
func (t Table[T]) Get(tx *Tx, key string) (v T, ok bool, err error) {
	raw, err := t.peek(tx, key)
	if raw == nil || err != nil {
		return v, false, err
	}
	if err := decode(raw, &v); err != nil {
		return v, false, fmt.Errorf("the store's table %s holds a record that cannot be read: %w", t.name, err)
	}
	return v, true, nil
}

// Put sets the value of a key.
func (t Table[T]) Put(tx *Tx, key string, v T) error {
	raw, err := encode(v)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.name, err)
	}
	return t.Raw.Put(tx, key, raw)
}

// encode is a value's JSON. The rows of every call write theirs themselves,
// which saves most of the time.
func encode(v any) ([]byte, error) {
	if own, ok := v.(appendjson.Appender); ok {
		return own.AppendJSON(make([]byte, 0, usualRow))
	}
	return json.Marshal(v)
}

// decode reads a value's JSON. The rows that every call reads do it themselves,
// as far as they are of the usual form.
func decode[T any](raw []byte, v *T) error {
	if own, ok := any(v).(appendjson.Readable); ok {
		if appendjson.Read(raw, own) {
			return nil
		}
		*v = *new(T)
	}
	return json.Unmarshal(raw, v)
}

// usualRow is room for most rows, in bytes.
const usualRow = 768

// Each ranges over the values whose keys begin with prefix, from the key `from`
// on. fn returns false to end. It must not change this table.
func (t Table[T]) Each(tx *Tx, prefix, from string, fn func(key string, v T) (bool, error)) error {
	for k, raw := range t.Raw.Scan(tx, prefix, from) {
		var v T
		if err := decode(raw, &v); err != nil {
			return fmt.Errorf("the store's table %s holds a record that cannot be read: %w", t.name, err)
		}
		more, err := fn(k, v)
		if err != nil || !more {
			return err
		}
	}
	return nil
}
