package store

import (
	"bytes"
	"iter"
)

// Back ranges over the keys that begin with prefix, the greatest first. What is
// said of [Raw.Scan]'s values holds here too.
func (t Raw) Back(tx *Tx, prefix string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		b, err := tx.bucket(t.name)
		if b == nil || err != nil {
			return
		}
		c := b.Cursor()
		k, v := c.Seek(append([]byte(prefix), 0xff)) // no key of ours goes on with it
		if k == nil {
			k, v = c.Last()
		}
		for ; k != nil; k, v = c.Prev() {
			if bytes.HasPrefix(k, []byte(prefix)) {
				if !yield(string(k), v) {
					return
				}
			} else if bytes.Compare(k, []byte(prefix)) < 0 {
				return
			}
		}
	}
}

// Count says how many keys begin with prefix, and which is the first.
func (t Raw) Count(tx *Tx, prefix string) (n int, first string) {
	b, err := tx.bucket(t.name)
	if b == nil || err != nil {
		return 0, ""
	}
	c := b.Cursor()
	for k, _ := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, _ = c.Next() {
		if n == 0 {
			first = string(k)
		}
		n++
	}
	return n, first
}
