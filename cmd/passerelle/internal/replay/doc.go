// Package replay is what `passerelle replay` does: it runs a real phoning
// campaign, a bank's, through a bridge of its own, by the bridge's public doors
// alone. It plays the bank's CRM administrator (who exports the prospects), the
// dialler (which takes cards and posts calls, signed) and the supervisor (who
// validates appointments), and afterwards compares the CRM's files with what the
// bridge has acknowledged.
//
// It promises that a run is the same each time but for its secrets, times and
// the order in which prospects are called; that it works in one folder, which it
// finds empty; and that what it reports is counted in that folder's files.
// Called by the replay command.
package replay
