// Package chaos kills the real hub at named points and at random moments under
// load, damages the stream's store between two lives, lets the CRM do its worst,
// and asserts in the end that every acknowledged outcome is in the CRM exactly
// once, in order per prospect, with the right attempt number, that exactly the
// validated appointments are there, that fields hold their last value, and that
// the ledger's chain is whole.
//
//	go test ./test/chaos -v -chaos.budget 90s -chaos.seed 7
//
// Two hubs run side by side for the whole budget: one before a REST CRM that
// misbehaves (test/crmfake, in the test's process), one on a folder of sheets
// that people hold open, edit, and whose last lines are torn. The seed decides
// every choice; what the machine makes of it differs from run to run. Losses,
// doubles and order are asserted; times are printed.
package chaos
