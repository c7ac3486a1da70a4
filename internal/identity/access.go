package identity

import (
	"encoding/binary"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// What happened at the door.
const (
	SignedIn     = "signed in"
	SignedOut    = "signed out"
	Refusal      = "refused"
	Asked        = "asked for a code" // the password was right, nobody is signed in yet
	NewDevice    = "new device"
	Owned        = "new device is theirs"
	Disowned     = "new device is not theirs"
	Outside      = "outside the hours"
	Elsewhere    = "outside the networks"
	TokenMade    = "token made"
	TokenUsed    = "token used"
	TokenRevoked = "token revoked"
)

// How somebody showed who they are.
const (
	ByPassword = "password"
	ByCode     = "code"
	ByRecovery = "recovery code"
	ByProvider = "identity provider"
)

// Access is a line of the access log: who came when from where. A login that is
// nobody's is not kept: people type passwords there.
type Access struct {
	At     time.Time       `json:"at"`
	What   string          `json:"what"`
	Person bridge.PersonID `json:"person,omitempty"`
	Client string          `json:"client,omitempty"`
	How    string          `json:"how,omitempty"`
}

// Finding says whether somebody should look into it.
func (l Access) Finding() bool {
	return slices.Contains([]string{Refusal, Outside, Elsewhere, NewDevice, Disowned}, l.What)
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

// Log lists the access log, the newest first, at most limit lines: all, or the
// findings alone.
func (a *Accounts) Log(limit int, findings bool) (out []Access, err error) {
	err = a.opts.Store.View(func(tx *store.Tx) error {
		for key := range visits.Back(tx, "") {
			if len(out) == limit {
				return nil
			}
			line, ok, err := visits.Get(tx, key)
			if err != nil {
				return err
			}
			if ok && (!findings || line.Finding()) {
				out = append(out, line)
			}
		}
		return nil
	})
	return out, err
}
