package outbox

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// State is where a write stands. STATES.md draws the transitions.
type State string

// The states of a write.
const (
	Pending    State = "pending"    // to be published
	Relayed    State = "relayed"    // on the stream, not claimed
	Sending    State = "sending"    // a writer has it until the deadline
	Sent       State = "sent"       // the CRM said yes; not confirmed yet
	Applied    State = "applied"    // confirmed in the CRM
	Parked     State = "parked"     // the CRM refused it: a person decides
	Conflicted State = "conflict"   // the CRM holds something else: a person decides
	Superseded State = "superseded" // a newer write took its place
	Discarded  State = "discarded"  // a person gave it up
)

// States lists them all.
func States() []State {
	return []State{Pending, Relayed, Sending, Sent, Applied, Parked, Conflicted, Superseded, Discarded}
}

// Transitions are the arrows of STATES.md.
var Transitions = map[State][]State{
	Pending:    {Relayed, Superseded, Discarded},
	Relayed:    {Pending, Sending, Superseded, Discarded},
	Sending:    {Pending, Sending, Sent, Applied, Parked, Conflicted},
	Sent:       {Applied, Pending, Conflicted},
	Applied:    {Pending},
	Parked:     {Pending, Superseded, Discarded},
	Conflicted: {Pending, Superseded, Discarded},
}

// Final says whether a state has no way out by itself: only a person's recheck
// of a CRM that has lost what it had takes an applied write back.
func (s State) Final() bool { return s == Applied || s == Superseded || s == Discarded }

// onTheWay says whether an entry in this state holds its prospect's later ones
// back.
func (s State) onTheWay() bool { return s == Pending || s == Relayed || s == Sending }

// Entry is one write and its fate.
type Entry struct {
	ID       string               `json:"id"` // sorts by age
	Write    bridge.Write         `json:"write"`
	Lead     bridge.LeadID        `json:"lead,omitempty"`
	Proposal bridge.ProposalID    `json:"proposal,omitempty"`
	EventKey string               `json:"event_key"`
	Policy   string               `json:"policy"`
	State    State                `json:"state"`
	Attempts int                  `json:"attempts"`
	Claimed  bool                 `json:"claimed,omitempty"` // ever
	Look     bool                 `json:"look,omitempty"`    // into the CRM before the next try
	Fence    uint64               `json:"fence,omitempty"`
	Writer   string               `json:"writer,omitempty"`
	Deadline time.Time            `json:"deadline,omitzero"`  // while sending
	NotUntil time.Time            `json:"not_until,omitzero"` // while pending
	Created  time.Time            `json:"created"`
	Changed  time.Time            `json:"changed"`
	Reason   string               `json:"reason,omitempty"`  // the CRM's words, or a person's
	Finding  string               `json:"finding,omitempty"` // what the CRM last got wrong with it, in our words; it stays
	Conflict []connector.Conflict `json:"conflicts,omitempty"`
	External string               `json:"external_id,omitempty"`
	By       string               `json:"superseded_by,omitempty"`

	// Carries names the entries of proposals whose fields this one took over.
	Carries []string `json:"carries,omitempty"`
	// Held is what the CRM had to hold, as settled at the last claim.
	Held map[bridge.FieldName]bridge.Value `json:"held,omitempty"`
}

// Connection is the CRM the write is bound for.
func (e *Entry) Connection() bridge.ConnectionName { return e.Write.Prospect.Connection }

var (
	entries = store.NewTable[Entry]("outbox.entries")
	// byState holds connection, state, urgency and id of every entry that is
	// not final; the value is the prospect's key.
	byState = store.NewRaw("outbox.by_state")
	// byProspect holds prospect and id of every entry that is not final; the
	// value is kind and state.
	byProspect = store.NewRaw("outbox.by_prospect")
	// byApplied holds connection, time and id of every applied entry; the value
	// is its kind.
	byApplied = store.NewRaw("outbox.by_applied")
	fences    = store.NewRaw("outbox.fences")
)

// newID makes an id that sorts by age and is never made again, even by a store
// restored from a backup: what an old message or report names must not be
// taken for something new.
func newID(tx *store.Tx) (string, error) {
	n, err := entries.Next(tx)
	if err != nil {
		return "", err
	}
	var salt [4]byte
	rand.Read(salt[:])
	return fmt.Sprintf("%012x%s", n, hex.EncodeToString(salt[:])), nil
}

func stateKey(c bridge.ConnectionName, s State, k bridge.WriteKind, id string) string {
	return statePrefix(c, s) + string(rune('0'+k.Urgency())) + id
}

func statePrefix(c bridge.ConnectionName, s State) string {
	return string(c) + "\x00" + string(s) + "\x00"
}

func prospectKey(ref bridge.Ref, id string) string { return ref.Key() + "\x00\x00" + id }

// appliedKey sorts applied entries by when that was confirmed.
func appliedKey(c bridge.ConnectionName, at time.Time, id string) string {
	return appliedPrefix(c) + string(binary.BigEndian.AppendUint64(nil, uint64(max(at.UnixMicro(), 0)))) + id
}

func appliedPrefix(c bridge.ConnectionName) string { return string(c) + "\x00" }

// index makes or removes the entry's lines in the indexes.
func (e *Entry) index(tx *store.Tx) error {
	if e.State == Applied {
		err := byApplied.Put(tx, appliedKey(e.Connection(), e.Changed, e.ID), []byte(e.Write.Kind))
		if err != nil {
			return err
		}
	}
	if e.State.Final() {
		return byProspect.Delete(tx, prospectKey(e.Write.Prospect, e.ID))
	}
	err := byState.Put(tx, stateKey(e.Connection(), e.State, e.Write.Kind, e.ID), []byte(e.Write.Prospect.Key()))
	if err != nil {
		return err
	}
	return byProspect.Put(tx, prospectKey(e.Write.Prospect, e.ID), []byte(string(e.Write.Kind)+" "+string(e.State)))
}

// move takes the entry to another state and keeps it.
func (e *Entry) move(tx *store.Tx, to State, now time.Time) error {
	if !slices.Contains(Transitions[e.State], to) {
		return fmt.Errorf("outbox: entry %s cannot go from %s to %s", e.ID, e.State, to)
	}
	if err := e.leave(tx); err != nil {
		return err
	}
	e.State, e.Changed = to, now
	if to != Sending {
		e.Deadline = time.Time{}
	}
	if to != Pending {
		e.NotUntil = time.Time{}
	}
	if err := e.index(tx); err != nil {
		return err
	}
	return entries.Put(tx, e.ID, *e)
}

// leave takes the entry out of the index that its state keeps it in.
func (e *Entry) leave(tx *store.Tx) error {
	if e.State == Applied {
		return byApplied.Delete(tx, appliedKey(e.Connection(), e.Changed, e.ID))
	}
	return byState.Delete(tx, stateKey(e.Connection(), e.State, e.Write.Kind, e.ID))
}

// Get reads one entry.
func Get(tx *store.Tx, id string) (Entry, bool, error) { return entries.Get(tx, id) }
