// Package sight is the index of who may know of which lead. Desk asks it for
// the pages of those whose sight no list on the disk follows: what they own,
// what their team or territory has, what rank or sharing opens to them.
//
// It knows of each lead what decides that, as the store says it, and nothing
// that the policy says: a change of rules changes no entry. What a reader sees
// of owners, teams and places is asked once for each of them, not for each lead,
// and the sets of leads (roaring bitmaps) are put together. Leads are numbered
// along their owners, so that an owner's are a range and those of everybody
// below somebody are few ranges.
//
// It lives in memory, some hundred megabytes for a million leads, is read from
// the store behind the plateau's back and kept up to date with each commit. It
// may answer a lead that its reader must not see: Desk decides on each again.
package sight
