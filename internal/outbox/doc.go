// Package outbox is where writes live from the moment they are admitted until
// the CRM has confirmed them. All of it happens inside the store's
// transactions, beside the state that caused the write.
//
// It promises that an entry only moves along the arrows of STATES.md, that
// entries of one prospect are granted in the order they were made and to one
// claim at a time, that only the claim with the current fence may report, and
// that a field's expected value is our last write to it or what the author's
// card showed, whichever the card's read makes the newer ([Current]). Called by
// desk (append, decide), relay (order, claims, reports) and the commands on
// the outbox.
package outbox
