// Package matrix writes a policy's matrix of rights down for people: as text
// for a terminal, as one HTML file (the table, then a page a role to hand out),
// and as a workbook for a meeting.
//
// It promises that all three say what the policy decides and nothing of any
// record. Called by the policy matrix command.
package matrix
