// Package app builds everything out of a config and runs it: New, Start,
// Reload, Stop, Addr. It is the one place that knows every part; the commands
// and the end-to-end tests use it alike.
//
// It promises that what Start began Stop ends, in the reverse order, and that
// nothing is acknowledged before the store is open. Called by cmd and test.
package app
