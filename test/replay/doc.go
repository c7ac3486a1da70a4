// Package replay runs the real binary's replay of a bank's campaign and counts
// everything again in the files it leaves, by code of its own: what the data
// says must have become of each prospect is what the CRM has to hold.
//
// Without more it builds the binary with -race and replays 2,000 rows.
// PASSERELLE_REPLAY_ROWS is another number, or all; PASSERELLE_BINARY is a
// binary to take instead.
package replay
