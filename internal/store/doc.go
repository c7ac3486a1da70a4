// Package store is the one file of the hub: a bbolt database with typed
// tables, and one committer that groups concurrent commands into one commit.
// It is the only user of bbolt and of age.
//
// It promises that a nil from [Store.Commit] means fsynced, that a function
// which fails leaves nothing behind and takes no other with it, and that what it
// hands out was copied out of the database. The store of an earlier version is
// brought up to this one at its opening, after a copy was kept; the file is
// compacted, and backed up, while commands go on. Called by every package that
// keeps state: outbox, ledger, desk, campaign, relay, intake, governance, session.
package store
