package store

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"iter"
	"slices"

	"go.etcd.io/bbolt"
)

// plan is a command that was carried out over a snapshot, beside the committer:
// what it has read, and what it wants changed if all of that still holds.
type plan struct {
	since uint64 // the commit that the snapshot shows; it may show a later one
	reads []uint64
	scans []scanned
	holds []func() bool
	steps []step
	after []func()
	vain  bool // only the transaction itself can do what was asked
}

// step is one change: of a key, or whatever do does.
type step struct {
	table Raw
	key   string
	value []byte
	gone  bool // the key is deleted
	do    func(*Tx) error
}

// scanned is a range of keys as it was read.
type scanned struct {
	table        Raw
	prefix, from string
	n            int
	whole        bool // to its end
	sum          uint64
}

// errVain ends a plan that cannot be made.
var errVain = errors.New("store: this is done in a transaction only")

// Prepare is [Store.Submit] for a command whose work is mostly reading and
// reckoning: fn runs over a snapshot on the caller's goroutine first, and the
// committer carries out what it has put and deleted, if all that it has read
// stands there unchanged. Else, and where fn fails, the committer runs it as
// Submit has it. Whichever happens, the command has the effect of a run in its
// turn.
//
// fn must be safe beside others of its kind. What it depends on besides the
// store, it names by [Tx.While].
func (s *Store) Prepare(ctx context.Context, fn func(*Tx) error) (wait func() error) {
	return s.submit(ctx, &command{fn: fn, plan: s.prepare(fn)})
}

// prepare answers nil where the command must wait for its turn.
func (s *Store) prepare(fn func(*Tx) error) *plan {
	p := &plan{since: s.kepts.Load()}
	err := s.view(func(tx *bbolt.Tx) error { return fn(&Tx{b: tx, plan: p}) })
	if err != nil || p.vain {
		return nil
	}
	return p
}

// InOrder runs f in the command's turn: at once, or where the command is being
// prepared, once all before it are carried out. It is for what every command
// changes, like the end of a chain. The rest of the command must not count on
// what f has done.
func (tx *Tx) InOrder(f func(*Tx) error) error {
	if tx.plan == nil {
		return f(tx)
	}
	tx.plan.steps = append(tx.plan.steps, step{do: f})
	return nil
}

// While tells that the command's work is good only while f says so.
func (tx *Tx) While(f func() bool) {
	if tx.plan != nil {
		tx.plan.holds = append(tx.plan.holds, f)
	}
}

// inVain says whether a plan is being made, and gives it up: what is asked has
// no place in one.
func (tx *Tx) inVain() bool {
	if tx.plan != nil {
		tx.plan.vain = true
	}
	return tx.plan != nil
}

// carryOut does the plan's work in its turn; done is false if it does not hold
// any more, and then nothing was changed.
func (p *plan) carryOut(tx *Tx) (done bool, err error) {
	if !p.good(tx) {
		return false, nil
	}
	for _, s := range p.steps {
		switch {
		case s.do != nil:
			err = s.do(tx)
		case s.gone:
			err = s.table.Delete(tx, s.key)
		default:
			err = s.table.Put(tx, s.key, s.value)
		}
		if err != nil {
			return true, err
		}
	}
	tx.after = append(tx.after, p.after...)
	return true, nil
}

// good says whether a run now would do the same.
func (p *plan) good(tx *Tx) bool {
	if !tx.recent.unchanged(p.reads, p.since) {
		return false
	}
	for _, holds := range p.holds {
		if !holds() {
			return false
		}
	}
	return !slices.ContainsFunc(p.scans, func(s scanned) bool { return !s.same(tx) })
}

// own finds what the plan itself has made of a key.
func (p *plan) own(table Raw, key string) (value []byte, found bool) {
	for _, s := range slices.Backward(p.steps) {
		if s.do == nil && s.key == key && s.table.is(table) {
			return s.value, true // nil if it is gone
		}
	}
	return nil, false
}

func (p *plan) put(table Raw, key string, value []byte) {
	p.steps = append(p.steps, step{table: table, key: key, value: value})
}

func (p *plan) delete(table Raw, key string) {
	p.steps = append(p.steps, step{table: table, key: key, gone: true})
}

// scan reads a range and notes what it has read.
func (p *plan) scan(tx *Tx, table Raw, prefix, from string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if slices.ContainsFunc(p.steps, func(s step) bool { return s.do == nil && s.table.is(table) }) {
			p.vain = true // its own changes are not among the keys yet
			return
		}
		seen := scanned{table: table, prefix: prefix, from: from, whole: true}
		sum := summed()
		for k, v := range table.scan(tx, prefix, from) {
			seen.n++
			addTo(&sum, k, v)
			if !yield(k, v) {
				seen.whole = false
				break
			}
		}
		seen.sum = sum.Sum64()
		p.scans = append(p.scans, seen)
	}
}

// same reads the range again.
func (s scanned) same(tx *Tx) bool {
	n, sum := 0, summed()
	for k, v := range s.table.scan(tx, s.prefix, s.from) {
		if n == s.n {
			return !s.whole && sum.Sum64() == s.sum
		}
		n++
		addTo(&sum, k, v)
	}
	return n == s.n && sum.Sum64() == s.sum
}

// sums is the seed of all sums of this process.
var sums = maphash.MakeSeed()

func summed() (h maphash.Hash) {
	h.SetSeed(sums)
	return h
}

func addTo(h *maphash.Hash, key string, value []byte) {
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(key)))
	h.Write(size[:])
	h.WriteString(key)
	binary.LittleEndian.PutUint64(size[:], uint64(len(value)))
	h.Write(size[:])
	h.Write(value)
}
