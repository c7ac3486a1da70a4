package identity

import (
	"context"
	"encoding/binary"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// What happened at the door.
const (
	SignedIn     = "signed in"
	SignedOut    = "signed out"
	Refusal      = "refused"
	TokenMade    = "token made"
	TokenUsed    = "token used"
	TokenRevoked = "token revoked"
)

// Access is a line of the access log: who came when from where. A login that is
// nobody's is not kept: people type passwords there.
type Access struct {
	At     time.Time       `json:"at"`
	What   string          `json:"what"`
	Person bridge.PersonID `json:"person,omitempty"`
	Client string          `json:"client,omitempty"`
}

// visits is the access log, by time.
var visits = store.NewTable[Access]("identity.access")

// moment is a time as a key that sorts.
func moment(t time.Time) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(max(t.UnixMicro(), 0))))
}

func enter(tx *store.Tx, line Access) error {
	n, err := visits.Next(tx)
	if err != nil {
		return err
	}
	return visits.Put(tx, moment(line.At)+string(binary.BigEndian.AppendUint64(nil, n)), line)
}

// enter notes a refusal. Each costs a token of its address, so that nobody can
// fill the store with them.
func (a *Accounts) enter(ctx context.Context, line Access) error {
	if a.failures.take(neighbourhood(parseAddr(line.Client)), a.opts.Now()) > 0 {
		return nil
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error { return enter(tx, line) })
}

// leave erases the lines of before, and says how many there were.
func leave(tx *store.Tx, before time.Time) (n int, err error) {
	var over []string
	for key := range visits.Scan(tx, "", "") {
		if key[:8] >= moment(before) {
			break
		}
		over = append(over, key)
	}
	for _, key := range over {
		if err := visits.Delete(tx, key); err != nil {
			return n, err
		}
	}
	return len(over), nil
}

// Log lists the access log, the newest first, at most limit lines.
func (a *Accounts) Log(limit int) (out []Access, err error) {
	err = a.opts.Store.View(func(tx *store.Tx) error {
		for key := range visits.Back(tx, "") {
			if len(out) == limit {
				return nil
			}
			line, ok, err := visits.Get(tx, key)
			if err != nil {
				return err
			}
			if ok {
				out = append(out, line)
			}
		}
		return nil
	})
	return out, err
}
