package outbox

import (
	"errors"
	"fmt"
	"slices"
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
	Gone     bool                   `json:"gone,omitempty"` // the record it was for is not there under this id
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
	switch r.State {
	case connector.Failed:
		return e, e.fail(tx, r, now, lookup, retry)
	case connector.Stored, connector.Accepted:
	default:
		return e, fmt.Errorf("outbox: entry %s: %q is no receipt", e.ID, r.State)
	}
	early, err := e.tooEarly(tx, r)
	switch {
	case err != nil:
		return e, err
	case early != nil:
		return e, e.wait(tx, r, early, now)
	case len(r.Conflict) > 0:
		return e, e.conflict(tx, r, now)
	case r.State == connector.Accepted:
		e.Look, e.Reason = false, ""
		return e, e.move(tx, Sent, now)
	}
	if err := e.done(tx, now); err != nil {
		return e, err
	}
	e.Look, e.Reason = false, ""
	return e, e.move(tx, Applied, now)
}

// shownWithin is when a change is tried again that came before the CRM showed
// the one before it.
const shownWithin = 2 * time.Second

// wait puts off the fields of a change that came too early.
func (e *Entry) wait(tx *store.Tx, r Result, names []bridge.FieldName, now time.Time) error {
	if err := e.keepOnly(tx, names, now); err != nil {
		return err
	}
	if r.Begun {
		e.Attempts-- // the CRM has not failed
	}
	e.Look, e.Reason = false, "the CRM does not show our last write yet"
	return e.back(tx, now, now.Add(shownWithin))
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
	e.Conflict, e.Look = r.Conflict, false
	e.Reason = "the CRM holds another value of " + strings.Join(words, ", ")
	if r.State == connector.Accepted && len(names) < len(e.Write.Fields) {
		return e.move(tx, Sent, now) // the others are not confirmed yet
	}
	if err := e.done(tx, now); err != nil {
		return err
	}
	return e.dispute(tx, now)
}

// dispute leaves an entry in conflict to a person.
func (e *Entry) dispute(tx *store.Tx, now time.Time) error {
	if err := e.move(tx, Conflicted, now); err != nil {
		return err
	}
	return e.yieldToNewer(tx, now)
}

func (e *Entry) fail(tx *store.Tx, r Result, now time.Time, lookup bool, retry Retry) error {
	if err := e.unsee(tx); err != nil {
		return err
	}
	e.Reason = r.Reason
	switch {
	case r.Kind == fault.Rejected:
		// A refusal may mean that it is there already: where we can, we look
		// before a person's retry.
		e.Look = lookup
		return e.park(tx, now)
	case r.Lost && !lookup && e.Write.Kind != bridge.WriteFields: // fields are compared before each write
		e.Look = false
		e.Reason = "the answer was lost and this CRM cannot be searched for it: look there, then retry or discard (" + r.Reason + ")"
		return e.park(tx, now)
	}
	e.Look = r.Lost || e.Look && !r.Begun // whoever began has looked
	return e.back(tx, now, now.Add(retry(e, r)))
}

func (e *Entry) park(tx *store.Tx, now time.Time) error {
	if err := e.move(tx, Parked, now); err != nil {
		return err
	}
	return e.yieldToNewer(tx, now)
}

// Confirm settles an entry that was sent by what a later read of the CRM found
// of it: there it is applied; not there, once settle has passed, it is to be
// tried again after another look.
//
// What the CRM got wrong with it stands in its Finding, and is answered where
// it is new.
func Confirm(tx *store.Tx, id string, fence uint64, s connector.Sighting, now time.Time, settle time.Duration) (Entry, Finding, error) {
	e, ok, err := entries.Get(tx, id)
	if err != nil {
		return e, "", err
	}
	if !ok || e.State != Sent || e.Fence != fence {
		return e, "", ErrStale
	}
	missing, err := e.missing(tx, s)
	if err != nil {
		return e, "", err
	}
	fields, settled := e.Write.Kind == bridge.WriteFields, !now.Before(e.Changed.Add(settle))
	if s.Present || fields && len(missing) == 0 {
		early, err := e.backAgain(tx)
		if err != nil || len(early) > 0 && !settled {
			return e, "", err
		}
		return e.confirmed(tx, s, now)
	}
	if !settled {
		return e, "", e.late(tx)
	}
	if fields {
		again, known, err := e.overtaken(tx, missing)
		if err != nil || !known {
			return e, "", err
		}
		if len(again) == 0 {
			return e.confirmed(tx, s, now)
		}
		for _, c := range e.Conflict { // compared again with the rest
			again = append(again, c.Field)
		}
		if err := e.keepOnly(tx, again, now); err != nil {
			return e, "", err
		}
		e.Conflict = nil
	}
	e.Look, e.Reason = true, "the CRM said yes but does not show it"
	e.find("said yes and did not store it", now)
	return e, NotStored, e.back(tx, now, now.Add(settle))
}

// confirmed ends a write that a read shows; what it was to change besides and
// the CRM held otherwise is a person's then.
func (e Entry) confirmed(tx *store.Tx, s connector.Sighting, now time.Time) (Entry, Finding, error) {
	if err := e.done(tx, now); err != nil {
		return e, "", err
	}
	found := e.oddly(s, now)
	if err := e.settleConflict(tx, s); err != nil {
		return e, "", err
	}
	if len(e.Conflict) > 0 {
		return e, found, e.dispute(tx, now)
	}
	e.Reason = ""
	return e, found, e.move(tx, Applied, now)
}

// settleConflict drops the conflicts that have come to an end since: the CRM
// holds our value now, or a later write of ours took the field up.
func (e *Entry) settleConflict(tx *store.Tx, s connector.Sighting) error {
	var left []connector.Conflict
	for _, c := range e.Conflict {
		marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, c.Field))
		if err != nil {
			return err
		}
		later := len(marks) > 0 && marks[len(marks)-1].Entry > e.ID
		i := indexOf(e.Write.Fields, c.Field)
		if !later && s.Fields[c.Field] != e.Write.Fields[i].Value {
			left = append(left, c)
		}
	}
	e.Conflict = left
	return nil
}

// keepOnly leaves only the fields in the entry that are to be written again.
func (e *Entry) keepOnly(tx *store.Tx, again []bridge.FieldName, now time.Time) error {
	if err := e.unsee(tx, again...); err != nil {
		return err
	}
	if err := e.done(tx, now); err != nil {
		return err
	}
	e.Write.Fields = slices.DeleteFunc(e.Write.Fields, func(c bridge.FieldChange) bool {
		return !slices.Contains(again, c.Name)
	})
	return nil
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

// Bound lets an entry's claim end by latest: it was granted by a clock that was
// set back since.
func Bound(tx *store.Tx, id string, latest time.Time) error {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State != Sending || !e.Deadline.After(latest) {
		return err
	}
	e.Deadline = latest
	return entries.Put(tx, e.ID, e)
}

// Expire takes an entry whose claim has run out back to pending, to be looked
// up first, not before until.
func Expire(tx *store.Tx, id string, now, until time.Time) error {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok || e.State != Sending {
		return err
	}
	if err := e.overdue(tx); err != nil {
		return err
	}
	e.Reason = "its writer did not report in time"
	return e.back(tx, now, until)
}
