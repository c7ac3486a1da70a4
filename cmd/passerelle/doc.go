// Command passerelle is the bridge between a CRM and a phoning platform: the
// hub, a writer alone, and the commands of those who look after them.
//
// Commands that need the store ask the hub over data_dir/passerelle.sock. While
// no hub runs, those that need only the store do their work on its file, by the
// same handlers. Exit codes: 0 done, 1 findings or refused, 2 usage, 3 the hub
// cannot be reached.
package main
