// Package sheet is the CRM of a company that keeps its prospects in a CSV or
// XLSX file: a folder, no server, no account. It is the default of a new
// installation.
//
// The prospects file belongs to people. The bridge keeps their columns, order,
// delimiter, quotes, line ends, encoding and formatting, reads values as people
// type them and writes back in the manner it finds; it adds three columns of
// its own at the end (last_disposition, attempts, prospect_status). Beside it
// stand files of the bridge's own: activities.csv (one line a call),
// appointments.csv (one line an appointment), amendments.csv (which operations
// revised a logged call) and one .ics feed a salesperson.
//
// What it promises:
//
//   - One Apply is one commit: activities.csv is appended and fsynced, then
//     appointments.csv and the feeds, last the prospects file, rewritten whole
//     through a temporary file, fsync, rename and fsync of the folder. What is
//     answered as stored is on the disk.
//   - Attempts and last outcome are counted from activities.csv, never
//     incremented: what a crash left between two files is put right by the
//     first Apply or Find afterwards. A torn last line is cut then, too.
//   - An operation is carried out once: its id stands in activities.csv,
//     amendments.csv or appointments.csv and is looked up there first.
//   - A person's edit is not lost: the file is looked at again just before it
//     is replaced, and if it changed the batch is merged into the new content.
//     While a spreadsheet program has it open, field writes wait. What remains
//     is the instant between that last look and the rename, microseconds.
//   - A page's cursor names a row and the sequence of ids it was counted in. If
//     people added, removed or moved rows since, the next page is the first one
//     again: a row may then be listed twice, never left out.
//
// Text that the bridge writes into a CSV and that a spreadsheet would take for
// a formula (it begins with = + - or @ and is neither number nor phone) gets an
// apostrophe in front, which reading takes off again; people's own cells are
// never altered.
//
// Opened by app through the registry; called by campaign (Pull), writer (Apply)
// and relay (Find).
package sheet
