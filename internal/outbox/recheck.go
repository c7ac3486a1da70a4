package outbox

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// cutApplied takes an index key of an applied entry apart.
func cutApplied(c bridge.ConnectionName, key string) (at time.Time, id string) {
	rest := key[len(appliedPrefix(c)):]
	return time.UnixMicro(int64(binary.BigEndian.Uint64([]byte(rest[:8])))), rest[8:]
}

// AppliedBetween lists the applied entries of a connection that were confirmed
// in a span of time, its ends included, in that order, at most n, and where to
// go on ("": the end). from is what the page before answered.
func AppliedBetween(tx *store.Tx, c bridge.ConnectionName, since, until time.Time, from string, n int) (ids []string, next string) {
	for key := range byApplied.Scan(tx, appliedPrefix(c), max(from, appliedKey(c, since, ""))) {
		at, id := cutApplied(c, key)
		if at.After(until) {
			break
		}
		if len(ids) == n {
			return ids, key
		}
		ids = append(ids, id)
	}
	return ids, ""
}

// FirstApplied finds the first lasting entry that was confirmed in a span of
// time: at or after from, before until.
func FirstApplied(tx *store.Tx, c bridge.ConnectionName, from, until time.Time) (id string, at time.Time, ok bool) {
	for key, kind := range byApplied.Scan(tx, appliedPrefix(c), appliedKey(c, from, "")) {
		at, id = cutApplied(c, key)
		if !at.Before(until) {
			break
		}
		if lasting(bridge.WriteKind(kind)) {
			return id, at, true
		}
	}
	return "", time.Time{}, false
}

// Replaced remembers which values our writes of a span of time have replaced,
// as hashes: a CRM that was set back shows one of them.
type Replaced struct {
	seed  maphash.Seed
	sums  map[uint64]struct{}
	since time.Time
}

// ReplacedSince reads it off the applied entries. It is some bytes a field
// change.
func ReplacedSince(tx *store.Tx, c bridge.ConnectionName, since time.Time) (*Replaced, error) {
	r := &Replaced{seed: maphash.MakeSeed(), sums: map[uint64]struct{}{}, since: since}
	for key, kind := range byApplied.Scan(tx, appliedPrefix(c), appliedKey(c, since, "")) {
		if bridge.WriteKind(kind) != bridge.WriteFields {
			continue
		}
		_, id := cutApplied(c, key)
		e, _, err := entries.Get(tx, id)
		if err != nil {
			return nil, err
		}
		for name, was := range e.Held {
			r.sums[r.sum(e.Write.Prospect, name, was)] = struct{}{}
		}
	}
	return r, nil
}

// Since is the beginning of the span.
func (r *Replaced) Since() time.Time { return r.since }

func (r *Replaced) sum(ref bridge.Ref, name bridge.FieldName, v bridge.Value) uint64 {
	return maphash.String(r.seed, seenKey(ref, name)+"\x00"+string(v))
}

func (r *Replaced) has(ref bridge.Ref, name bridge.FieldName, v bridge.Value) bool {
	_, ok := r.sums[r.sum(ref, name, v)]
	return ok
}

const lostIt = "showed it and has lost it since"

// SaidLost says whether it was found already, since it was last confirmed, that
// the CRM has lost the entry.
func (e Entry) SaidLost() bool {
	at, words, _ := strings.Cut(e.Finding, theCRM)
	when, err := time.Parse(time.RFC3339, at)
	return err == nil && words == lostIt && !when.Before(e.Changed.Truncate(time.Second))
}

// Recheck says by a look into the CRM whether an applied entry is still there,
// and if it is not and putBack is set takes it back to pending, to be looked for
// once more before it is sent. Of changed fields only those count as gone that
// no later write of ours touched, and that show a value we replaced: any other is
// a person's, and stands.
func Recheck(tx *store.Tx, id string, s connector.Sighting, were *Replaced, putBack bool, now time.Time) (e Entry, gone bool, err error) {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State != Applied || s.Present {
		return e, false, err
	}
	var lost []bridge.FieldName
	if e.Write.Kind == bridge.WriteFields {
		if lost, err = e.setBack(tx, s, were); err != nil || len(lost) == 0 {
			return e, false, err
		}
	}
	e.find(lostIt, now)
	if !putBack {
		return e, true, entries.Put(tx, e.ID, e)
	}
	if len(lost) > 0 {
		if err := e.again(tx, s, lost, now); err != nil {
			return e, true, err
		}
	}
	e.Look, e.Reason, e.Attempts = true, "the CRM has lost it: it is written again", 0
	return e, true, e.back(tx, now, time.Time{})
}

// setBack lists the fields whose last write was this entry's and that show a
// value which we replaced.
func (e *Entry) setBack(tx *store.Tx, s connector.Sighting, were *Replaced) (lost []bridge.FieldName, err error) {
	for _, c := range e.Write.Fields {
		found, ok := s.Fields[c.Name]
		if ok && (found == c.Value || !were.has(e.Write.Prospect, c.Name, found)) {
			continue
		}
		marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, c.Name))
		if err != nil {
			return nil, err
		}
		if last := len(marks) - 1; last < 0 || marks[last].Entry == e.ID {
			lost = append(lost, c.Name)
		}
	}
	return lost, nil
}

// again makes the lost fields ready to be written over what the CRM holds now.
func (e *Entry) again(tx *store.Tx, s connector.Sighting, lost []bridge.FieldName, now time.Time) error {
	if err := e.keepOnly(tx, lost, now); err != nil {
		return err
	}
	for i, c := range e.Write.Fields {
		e.Write.Fields[i].Expected, e.Write.Fields[i].CardAt = s.Fields[c.Name], now
	}
	return nil
}

// CountApplied says how many entries of a connection were confirmed after a
// time.
func CountApplied(tx *store.Tx, c bridge.ConnectionName, after time.Time) (n int) {
	for range byApplied.Scan(tx, appliedPrefix(c), appliedKey(c, after.Add(time.Microsecond), "")) {
		n++
	}
	return n
}

// Confirmed is when the CRM last showed a write of ours, zero if it showed none
// that is kept.
func Confirmed(tx *store.Tx, c bridge.ConnectionName) (at time.Time) {
	for key := range byApplied.Back(tx, appliedPrefix(c)) {
		at, _ = cutApplied(c, key)
		break
	}
	return at
}
