package outbox

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

// Result is what became of one granted entry, as its writer tells.
type Result struct {
	Entry    string                 `json:"entry"`
	State    connector.ReceiptState `json:"state"`
	External string                 `json:"external_id,omitempty"`
	Conflict []connector.Conflict   `json:"conflicts,omitempty"`
	Kind     fault.Kind             `json:"kind,omitempty"` // with Failed
	Reason   string                 `json:"reason,omitempty"`
	After    time.Duration          `json:"after,omitempty"`
	Lost     bool                   `json:"lost,omitempty"` // it may have been applied
	Begun    bool                   `json:"begun"`          // false: not tried, no attempt counted
}

// Report is what a writer made of a grant.
type Report struct {
	Connection bridge.ConnectionName `json:"connection"`
	Fence      uint64                `json:"fence"`
	Spent      int                   `json:"spent"`  // requests made
	Unused     int                   `json:"unused"` // tokens of the grant left over
	Results    []Result              `json:"results"`
}

// ErrStale says that a report came from a claim that is no longer the current
// one.
var ErrStale = errors.New("outbox: the claim is over; the entry was granted to another")

// Retry says when a failed entry may be tried again.
type Retry func(e *Entry, r Result) time.Duration

// Settle carries one result of the claim with the given fence into its entry
// and answers the entry as it is now. lookup says whether the CRM can be
// searched for a write whose answer was lost.
func Settle(tx *store.Tx, fence uint64, r Result, now time.Time, lookup bool, retry Retry) (Entry, error) {
	e, ok, err := entries.Get(tx, r.Entry)
	if err != nil {
		return e, err
	}
	if !ok || e.State != Sending || e.Fence != fence {
		return e, ErrStale
	}
	if r.External != "" {
		e.External = r.External
	}
	if r.Begun {
		e.Attempts++
	}
	switch {
	case r.State == connector.Failed:
		return e, e.fail(tx, r, now, lookup, retry)
	case len(r.Conflict) > 0:
		return e, e.conflict(tx, r, now)
	case r.State == connector.Stored:
		if err := e.done(tx, now); err != nil {
			return e, err
		}
		e.Look, e.Reason = false, ""
		return e, e.move(tx, Applied, now)
	case r.State == connector.Accepted:
		if err := e.done(tx, now); err != nil {
			return e, err
		}
		e.Look, e.Reason = false, ""
		return e, e.move(tx, Sent, now)
	}
	return e, fmt.Errorf("outbox: entry %s: %q is no receipt", e.ID, r.State)
}

func (e *Entry) conflict(tx *store.Tx, r Result, now time.Time) error {
	names := make([]bridge.FieldName, len(r.Conflict))
	words := make([]string, len(r.Conflict))
	for i, c := range r.Conflict {
		names[i], words[i] = c.Field, string(c.Field)
	}
	if err := e.unsee(tx, names...); err != nil {
		return err
	}
	if err := e.done(tx, now); err != nil {
		return err
	}
	e.Conflict = r.Conflict
	e.Reason = "the CRM holds another value of " + strings.Join(words, ", ")
	return e.move(tx, Conflicted, now)
}

func (e *Entry) fail(tx *store.Tx, r Result, now time.Time, lookup bool, retry Retry) error {
	if err := e.unsee(tx); err != nil {
		return err
	}
	e.Reason = r.Reason
	switch {
	case r.Kind == fault.Rejected:
		return e.move(tx, Parked, now)
	case r.Lost && !lookup:
		e.Reason = "the answer was lost and this CRM cannot be searched for it: look there, then retry or discard (" + r.Reason + ")"
		return e.move(tx, Parked, now)
	}
	e.Look = e.Look || r.Lost
	return e.back(tx, now, now.Add(retry(e, r)))
}

// Confirm settles an entry that was sent: it is in the CRM, or it is to be
// tried again after another look, not before until.
func Confirm(tx *store.Tx, id string, fence uint64, present bool, now, until time.Time) (Entry, error) {
	e, ok, err := entries.Get(tx, id)
	if err != nil {
		return e, err
	}
	if !ok || e.State != Sent || e.Fence != fence {
		return e, ErrStale
	}
	if present {
		return e, e.move(tx, Applied, now)
	}
	if err := e.unsee(tx); err != nil {
		return e, err
	}
	e.Look = true
	e.Reason = "the CRM said yes but does not show it"
	return e, e.back(tx, now, until)
}

// Withdraw takes a relayed entry back to pending: its message is lost, or must
// not be carried out now.
func Withdraw(tx *store.Tx, id string, now time.Time) error {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State != Relayed {
		return err
	}
	return e.back(tx, now, time.Time{})
}

// Expire takes an entry whose claim has run out back to pending, to be looked
// up first, not before until.
func Expire(tx *store.Tx, id string, now, until time.Time) error {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State != Sending {
		return err
	}
	if err := e.unsee(tx); err != nil {
		return err
	}
	e.Look = true
	e.Reason = "its writer did not report in time"
	return e.back(tx, now, until)
}

// LookFirst makes every open entry be looked up before it is sent: the store
// was restored, and the CRM may hold what it does not know of.
func LookFirst(tx *store.Tx, id string) error {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State.Final() {
		return err
	}
	e.Look = true
	return entries.Put(tx, id, e)
}
