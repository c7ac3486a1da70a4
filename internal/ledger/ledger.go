package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Line is one line of the chain. Hash covers every other member, Prev
// included.
type Line struct {
	N          uint64                `json:"n"`
	At         time.Time             `json:"at"`
	Kind       string                `json:"kind"` // "outcome", "next", "push", "validate", ...
	Who        string                `json:"who"`
	Role       bridge.Role           `json:"role,omitempty"`
	Connection bridge.ConnectionName `json:"connection,omitempty"`
	Records    []string              `json:"records,omitempty"` // pseudonyms
	Fields     string                `json:"fields,omitempty"`  // hash of the set of field names
	Policy     string                `json:"policy,omitempty"`
	Reason     string                `json:"reason,omitempty"`
	Prev       string                `json:"prev"`
	Hash       string                `json:"hash"`
}

var (
	lines      = store.NewTable[Line]("ledger.lines")
	pseudonyms = store.NewRaw("ledger.pseudonyms")
	latest     = store.NewRaw("ledger.latest") // by kind, the key of its last line: of Policy alone
)

// origin is what the first line's Prev says.
var origin = strings.Repeat("0", 64)

// Append writes the next line: the caller gives what happened, N, Prev and
// Hash are made here. Records are the keys of the records concerned; they are
// replaced by their pseudonyms.
func Append(tx *store.Tx, l Line) error {
	prev, n, err := head(tx)
	if err != nil {
		return err
	}
	l.N, l.Prev, l.At = n+1, prev, l.At.UTC()
	l.Records = slices.Clone(l.Records)
	for i, key := range l.Records {
		if l.Records[i], err = pseudonym(tx, key); err != nil {
			return err
		}
	}
	raw, err := l.seal(make([]byte, 0, usualLine))
	if err != nil {
		return err
	}
	if l.Kind == Policy {
		if err := latest.Put(tx, Policy, []byte(key(l.N))); err != nil {
			return err
		}
	}
	return lines.Raw.Put(tx, key(l.N), raw)
}

func head(tx *store.Tx) (hash string, n uint64, err error) {
	at, raw, ok := lines.Last(tx)
	if !ok {
		return origin, 0, nil
	}
	if hash, ok := ending(raw); ok && len(at) == 8 {
		return hash, binary.BigEndian.Uint64([]byte(at)), nil
	}
	var l Line
	if err := json.Unmarshal(raw, &l); err != nil {
		return "", 0, fmt.Errorf("the ledger's last line cannot be read: %w", err)
	}
	return l.Hash, l.N, nil
}

func key(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// pseudonym gives a record its 128 random bits, the same ones each time.
func pseudonym(tx *store.Tx, record string) (string, error) {
	if p, ok := pseudonyms.Get(tx, record); ok {
		return string(p), nil
	}
	var raw [16]byte
	rand.Read(raw[:])
	p := hex.EncodeToString(raw[:])
	return p, pseudonyms.Put(tx, record, []byte(p))
}

// Pseudonym tells under which pseudonym a record stands in the ledger, false
// if it does not.
func Pseudonym(tx *store.Tx, record string) (string, bool) {
	p, ok := pseudonyms.Get(tx, record)
	return string(p), ok
}

// Forget erases the mapping of a record: its pseudonym stays in the lines, and
// resolves to nothing any more.
func Forget(tx *store.Tx, record string) error { return pseudonyms.Delete(tx, record) }

// FieldSet is the hash of a set of field names, whatever their order.
func FieldSet(names []bridge.FieldName) string {
	if len(names) == 0 {
		return ""
	}
	names = slices.Clone(names)
	slices.Sort(names)
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintln(h, n)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Checkpoint is the chain's end at a moment. Kept elsewhere, it shows that
// nothing was cut off since.
type Checkpoint struct {
	N    uint64    `json:"n"`
	Hash string    `json:"hash"`
	At   time.Time `json:"at"`
}

// Head is the checkpoint of now.
func Head(tx *store.Tx, now time.Time) (Checkpoint, error) {
	hash, n, err := head(tx)
	return Checkpoint{N: n, Hash: hash, At: now.UTC()}, err
}

// BadLine says where the chain breaks.
type BadLine struct {
	N   uint64
	Why string
}

func (e *BadLine) Error() string { return fmt.Sprintf("ledger line %d: %s", e.N, e.Why) }

// Restored is the kind of the line with which the chain goes on after the store
// was put back from a backup. What came after the line before it is lost.
const Restored = "restored"

// Verified is a chain that was read.
type Verified struct {
	Lines    uint64
	Policies []Line // of kind [Policy]
	// Restored is the line of the restore after which the checkpoint cannot be
	// looked for any more: it knew lines that were lost with the store. 0: none.
	Restored uint64
}

// Verify checks the whole chain, and the checkpoint if there is one. The error
// of a broken chain is a *[BadLine].
func Verify(tx *store.Tx, since *Checkpoint) (Verified, error) {
	prev, v := origin, Verified{}
	for k, raw := range lines.Scan(tx, "", "") {
		v.Lines++
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return v, &BadLine{v.Lines, "cannot be read"}
		}
		if since != nil && l.endsLifeOf(*since) {
			v.Restored, since = l.N, nil
		}
		if err := l.check(v.Lines, k, prev, since); err != nil {
			return v, err
		}
		prev = l.Hash
		if l.Kind == Policy {
			v.Policies = append(v.Policies, l)
		}
	}
	if since != nil && since.N > v.Lines {
		return v, &BadLine{v.Lines + 1, fmt.Sprintf("missing: the checkpoint of %s knew %d lines", since.At.Format(time.RFC3339), since.N)}
	}
	return v, nil
}

// endsLifeOf says whether the line of the checkpoint was lost at the restore
// that this line tells of.
func (l Line) endsLifeOf(c Checkpoint) bool {
	return l.Kind == Restored && l.N <= c.N && c.At.Before(l.At)
}

func (l Line) check(n uint64, k, prev string, since *Checkpoint) error {
	digest, err := l.digest()
	switch {
	case err != nil:
		return errors.Join(&BadLine{n, "cannot be hashed"}, err)
	case k != key(n) || l.N != n:
		return &BadLine{n, "missing or out of order"}
	case l.Prev != prev:
		return &BadLine{n, "does not follow the line before it"}
	case l.Hash != digest:
		return &BadLine{n, "was changed"}
	case since != nil && since.N == n && since.Hash != l.Hash:
		return &BadLine{n, "is not the line that the checkpoint knew"}
	}
	return nil
}

// Lines lists at most limit lines from number n on.
func Lines(tx *store.Tx, n uint64, limit int) ([]Line, error) {
	var out []Line
	err := lines.Each(tx, "", key(n), func(_ string, l Line) (bool, error) {
		out = append(out, l)
		return len(out) < limit, nil
	})
	return out, err
}

// Since is the number of the first line that was written at a moment or after;
// one more than there are lines if none was. Where the clock was set back it may
// be one of those nearby.
func Since(tx *store.Tx, at time.Time) (uint64, error) {
	_, last, err := head(tx)
	if err != nil {
		return 0, err
	}
	var failed error
	n := sort.Search(int(last), func(i int) bool {
		found, err := Lines(tx, uint64(i)+1, 1)
		if err != nil || len(found) == 0 {
			failed = errors.Join(failed, err)
			return true
		}
		return !found[0].At.Before(at)
	})
	return uint64(n) + 1, failed
}
