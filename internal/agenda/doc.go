// Package agenda keeps appointments in step with the salespeople's calendars in
// the CRMs: what people there move, cancel, delete or give away comes back into
// the proposal, and a proposal for a time at which the salesperson has something
// else is flagged for the supervisor.
//
// It promises to stand beside the call floor, never in its way: nothing waits for
// its answers, and a CRM that is slow or away leaves things as they are. An
// appointment counts as deleted when two looks in a row did not find it, and
// where most are suddenly not to be found, none does: the CRM may hide them.
//
// [Diaries] tells pages when salespeople are taken, within a second or not at all.
//
// Called by app, by the clock, and by console.
package agenda
