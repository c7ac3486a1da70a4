// Package bench measures the bridge against what limits it: its acknowledgements
// against an empty HTTP handler, the whole way into the CRM against a relay that
// keeps nothing, its commits against bbolt's own batches, a card's JSON against
// the clock. It prints ratios of one run and asserts nothing about time, only
// that nothing is lost or doubled. `make bench` runs it.
//
// How it measures, and what would mislead it:
//
//   - Every server is a process of its own, a copy of the test binary, with the
//     garbage collector set as the program sets it. The load and the CRM are in the
//     test's process, on the same cores: both sides of a ratio pay for them.
//   - The load is net/http's client, as a platform's program would be, on both
//     sides; requests are made and signed before the clock starts. A leaner client
//     makes the empty handler faster and every share smaller: by hand over plain
//     connections the empty handler does 1.7 times as much, and the bridge, whose
//     limit is the commit, about the same. So the same run also measures the obvious
//     bridge ("naive": encoding/json, the schema library, a filter, one durable
//     record in the same group commit), which tells what a share is worth.
//   - Both sides are sent the same bytes, one after the other in every round, and a
//     ratio is taken within its round; what is printed is the median of the rounds.
//     Other programs on the machine disturb single figures, medians of ratios less.
//   - The disk is the one that the folder for temporary files lies on. What else
//     syncs to it counts against us and not against the empty handler: a disturbed
//     machine shows shares that are too small, never too large.
//   - Beside the rates stands what each acknowledgement took of the server's
//     processor, which other programs disturb least of all.
//   - Acknowledgements are measured while the CRM is away, so that the way out,
//     which is measured by itself, does not run on the same cores.
//   - What binds an acknowledgement is the committer, through which every call
//     goes in its turn: what it reads and reckons, some forty microseconds of
//     changes to nine tables, three of them at random places, and seventy of
//     bbolt's commit, which copies and writes whole pages, besides its two syncs a
//     group. To read and reckon beside it, over a snapshot, and to carry the changes
//     out if nothing had changed since, was tried: it won nothing on two cores that
//     the load shares, and took a tenth more of the processor. So the shares are near
//     a tenth where the goals are 0.50 and 0.75. One record a call through the same
//     commit (naive) has about a quarter: the goals are out of the reach of a store
//     that writes a page for each row, whatever else were saved. A log before it,
//     synced at each group, with the pages written behind, would be the next step.
//   - Answers are read: a call that was parked, or known already, ends the
//     measurement. Prospects are called in turn, each with a note of half a
//     kilobyte, a field that is written, one that follows from the disposition and
//     one that is refused; the store grows with the rounds, as it would in a week,
//     and lies in the page cache.
//   - The campaign of many leads (TestLeads) runs in the test's own process and is
//     measured against fixed goals, not against a limit: read its figures beside
//     what a bare commit takes of the same disk in the same run. So are the pages of
//     those who see leads by what they own and by rank, and changes of rules, in a
//     house of 10,000 people with 300 roles and 500 sharing rules: from the text to
//     the first page that is made by it. How a decision, a card and a change of
//     rules compare with other programs' is measured in test/peers/policy.
package bench
