// Package ledger is the append-only, hash-chained record of what was done
// through the bridge: one line per command, hand-out, pushed page or page of
// cards that somebody looked at, never a field's value, never one line per field.
//
// It promises that changing, removing or reordering any line is found by
// [Verify], which names the first bad one, and that cutting lines off the end
// is found against a [Checkpoint] kept elsewhere. Records stand in it under
// random pseudonyms whose mapping can be erased. Called by desk, intake,
// governance, api and the command that verifies it.
package ledger
