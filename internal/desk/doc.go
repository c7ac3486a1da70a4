// Package desk holds every command of callers, supervisors and on people. Each
// passes the gate (who may do what, field by field) and leaves state, outbox
// entries and a ledger line in one transaction.
//
// It promises that a command is either kept whole or not at all, that the same
// event recorded twice has one effect, that a number is on one line at a time,
// that nobody validates what they proposed, and that what the gate did not let
// through is kept with its reason; that a page of leads costs what stands on it,
// not what the campaign has; and that a command on many leads goes in steps which
// let the plateau's commands in between, each kept whole, and can be undone for a
// day, lead by lead as far as nobody has touched it since. Who sees leads by what
// they own, by team, territory, rank or sharing is told by an index in memory
// (package sight) that [Desk.Survey] reads. Called by api, intake, campaign,
// relay, governance and app.
package desk
