// Package retention runs a hub through years: it measures what a call costs in
// the store, table by table, and what is left of it when each term has passed;
// and how long the hub holds its commits for a compaction under load.
//
//	go test ./test/retention -v
//
// Sizes are asserted where they must be bounded; times are printed.
package retention
