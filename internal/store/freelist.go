package store

import "go.etcd.io/bbolt"

// manyFree is from how many free pages on their list is not written with every
// commit: 16 MB of room, 32 KB of list.
const manyFree = 4096

// keepFreelist settles whether the next commit writes the list of free pages.
// Without it the next opening, and a commit that the disk refuses, must walk over
// the whole file to find them, which takes seconds for one of gigabytes. A long
// list costs every commit more than that saves, so it is left to Close.
func keepFreelist(db *bbolt.DB) {
	stats := db.Stats()
	db.NoFreelistSync = stats.FreePageN+stats.PendingPageN > manyFree
}

// leaveFreelist writes the list of free pages if the last commit has not.
func leaveFreelist(db *bbolt.DB) error {
	if !db.NoFreelistSync {
		return nil
	}
	db.NoFreelistSync = false
	return db.Update(func(*bbolt.Tx) error { return nil })
}
