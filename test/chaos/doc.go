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
//
// TestPowerCut puts the hub's data on an ext4 image of its own, cuts the power of
// it under load (-chaos.cuts times), and sees to it each time that what was in the
// page cache is gone; TestDisk fills such a disk, turns it read-only, spoils the
// store on it, and takes the hub's file descriptors; TestClockJumps sets the
// clock. They need root and loop devices (test/shared).
//
// TestCluster puts the hub's road on three NATS servers, processes that can be
// killed like the hub and its two writers: a node and a writer die, a writer is
// cut off from NATS alone and comes back with claims that have run out, the hub
// dies, the cluster's storage is deleted (-chaos.cluster: how long they go on in
// turn). It needs root and ip (iproute2).
//
// A CRM that is down while a backlog piles up (-outage.outcomes, -outage.rate),
// one that lies, and a soak of hours (-soak.budget) are tests of their own, on a
// REST CRM.
package chaos
