// Package upgrade opens what earlier programs have written.
//
// testdata/vN is an installation as a hub of store version N left it, killed in
// the middle of its work: its store, packed, with its key, its config and the
// sheets of its CRM. None is ever made again: a new version adds its own. In v1
// there are calls that the CRM has (one amended, one corrected), an appointment
// that it has and one that waits for validation, an objection by a call, one by
// letter and one marked in the CRM, a conflict, two parked events, a lead on
// somebody's line, and a call that the CRM, away at the time, has not got yet.
package upgrade
