// Package demo is what `passerelle demo` shows: a bridge of its own in a folder
// that people can open, with a made-up French campaign, a token for each role
// and, if wanted, callers and a supervisor who work through the public API.
//
// It promises that a folder is filled once and then left as people have it, that
// nothing in it belongs to a real person or company (the telephone numbers are
// those that France keeps for fiction, the domains end in .example), and that
// what it started ends with its context. Called by the demo command.
package demo
