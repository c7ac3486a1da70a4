package governance

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Line is one line of the register: a policy version that became active.
type Line struct {
	N        uint64          `json:"n"`
	At       time.Time       `json:"at"`
	Policy   string          `json:"policy"` // its hash
	Motive   string          `json:"motive"`
	Author   bridge.PersonID `json:"author"`
	Approver bridge.PersonID `json:"approver,omitempty"`
}

var (
	register = store.NewTable[Line]("governance.register")
	texts    = store.NewRaw("governance.policies") // by hash
)

// Bootstrap is the author and motive of the first line: what the config
// brought into an empty store.
const Bootstrap = "bootstrap"

// ErrNoPolicy says that the store has no active policy.
var ErrNoPolicy = errors.New("there is no policy yet: write `policy:` in the config for the first start")

// errNoRegister says that there were policies, and that nothing says which of
// them is active.
var errNoRegister = errors.New("the store holds policies, but its register is gone: put the store back from a backup with passerelle restore")

// errChanged says that a text is not the one that was proposed.
func errChanged(hash string) error {
	return fmt.Errorf("the text of policy %s has been changed in the store: put the store back from a backup with passerelle restore", hash)
}

// Seed makes text the active policy if the store has none. It answers whether
// it did.
func Seed(ctx context.Context, s *store.Store, text []byte, hash string, now time.Time) (bool, error) {
	seeded := false
	err := s.Commit(ctx, func(tx *store.Tx) error {
		seeded = false
		if _, _, ok := register.Last(tx); ok {
			return nil
		}
		if _, _, ok := texts.Last(tx); ok {
			return errNoRegister
		}
		seeded = true
		line := Line{N: 1, At: now.UTC(), Policy: hash, Motive: Bootstrap, Author: Bootstrap}
		if err := texts.Put(tx, hash, text); err != nil {
			return err
		}
		if err := register.Put(tx, key(line.N), line); err != nil {
			return err
		}
		return ledger.Append(tx, ledger.Line{At: now, Kind: ledger.Policy, Who: Bootstrap, Policy: hash, Reason: Bootstrap})
	})
	return seeded, err
}

func key(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// Active answers the active policy's line and text, [ErrNoPolicy] if there is
// none. A text that has not the hash of its line is no policy, nor is one that
// the ledger does not know as the last to become active.
func Active(tx *store.Tx) (Line, []byte, error) {
	_, raw, ok := register.Last(tx)
	if !ok {
		if _, _, lost := texts.Last(tx); lost {
			return Line{}, nil, errNoRegister
		}
		return Line{}, nil, ErrNoPolicy
	}
	var line Line
	if err := json.Unmarshal(raw, &line); err != nil {
		return line, nil, fmt.Errorf("the register's last line cannot be read: %w", err)
	}
	text, ok := texts.Get(tx, line.Policy)
	if !ok {
		return line, nil, fmt.Errorf("the text of the active policy %s is missing from the store", line.Policy)
	}
	if policy.HashOf(text) != line.Policy {
		return line, nil, errChanged(line.Policy)
	}
	return line, text, isLast(tx, line)
}

// Register lists every line, oldest first.
func Register(tx *store.Tx) ([]Line, error) {
	var out []Line
	err := register.Each(tx, "", "", func(_ string, l Line) (bool, error) {
		out = append(out, l)
		return true, nil
	})
	return out, err
}
