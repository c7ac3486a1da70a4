package outbox

import (
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// Finding is something that a CRM did with a write and should not have.
type Finding string

// The findings.
const (
	NotStored   Finding = "not_stored"   // it said yes and did not store it
	StoredLate  Finding = "stored_late"  // it said yes and showed it only later
	StoredTwice Finding = "stored_twice" // it holds it more than once
	NoRecord    Finding = "no_record"    // it has no such prospect under this id (any more)
	Vanished    Finding = "vanished"     // it showed it, and does not any more
)

// Findings lists them all.
func Findings() []Finding {
	return []Finding{NotStored, StoredLate, StoredTwice, NoRecord, Vanished}
}

// theCRM stands between a finding's time and its words.
const theCRM = ": the CRM "

// find notes what the CRM got wrong with the entry. The last word stays.
func (e *Entry) find(words string, now time.Time) {
	e.Finding = now.UTC().Format(time.RFC3339) + theCRM + words
}

// notYet is the reason of a write that the CRM did not show at first.
const notYet = "the CRM said yes and does not show it yet"

// late notes that a read came too early, or the CRM is slow to show.
func (e *Entry) late(tx *store.Tx) error {
	if e.Reason == notYet || len(e.Conflict) > 0 {
		return nil
	}
	e.Reason = notYet
	return entries.Put(tx, e.ID, *e)
}

// oddly says what is odd about a write that a read shows.
func (e *Entry) oddly(s connector.Sighting, now time.Time) Finding {
	switch {
	case s.Copies > 1:
		e.find(fmt.Sprintf("stored it %d times: keep one there and delete the others", s.Copies), now)
		return StoredTwice
	case e.Reason == notYet:
		e.find(fmt.Sprintf("said yes and showed it %.1f s later", now.Sub(e.Changed).Seconds()), now)
		return StoredLate
	}
	return ""
}

// Note keeps a finding about an entry whatever its state, once: it answers
// false if the entry has one of these words already.
func Note(tx *store.Tx, id, words string, now time.Time) (bool, error) {
	e, ok, err := entries.Get(tx, id)
	if err != nil || !ok {
		return false, err
	}
	if len(e.Finding) > len(words) && e.Finding[len(e.Finding)-len(words):] == words {
		return false, nil
	}
	e.find(words, now)
	return true, entries.Put(tx, e.ID, e)
}

// LastApplied lists the newest applied entries of a connection that made
// something in the CRM which stays and can be looked for, at most n and none confirmed before since.
func LastApplied(tx *store.Tx, c bridge.ConnectionName, since time.Time, n int) (ids []string) {
	for key, kind := range byApplied.Back(tx, appliedPrefix(c)) {
		at, id := cutApplied(c, key)
		if at.Before(since) || len(ids) == n {
			break
		}
		if lasting(bridge.WriteKind(kind)) {
			ids = append(ids, id)
		}
	}
	return ids
}

// lasting says whether what a write of this kind made stays: fields are changed
// by others, and an appointment that is cancelled may be deleted.
func lasting(k bridge.WriteKind) bool { return k == bridge.WriteActivity }
