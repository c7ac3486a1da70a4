// Package faultpoint names the places where the crash tests kill the process.
//
// In a normal build [Hit] is empty and vanishes. Built with -tags faultpoint,
// the process kills itself with SIGKILL, as a power switch would, where
// PASSERELLE_FAULTPOINT says:
//
//	name              at the first passage
//	name:N            at the Nth passage
//	name:p=0.01:SEED  at each passage with this probability, by these dice
//
// Called by store, relay, writer, intake, desk and connectors/sheet, on one line
// each; test/chaos finds the names by reading their source.
package faultpoint
