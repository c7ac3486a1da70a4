// Package fake is a strict vtiger 8.0.0 in miniature: the operations of its web
// service that the connector uses and those that it must not, in the vendor's
// words and with the vendor's faults. Errors come under 200, crashes as an
// empty 500; a page loses rows after its limit; what a profile locks is dropped
// by revise and stored by create; picklists take anything.
//
// A test replays real exchanges against it. What no exchange shows was read in
// vtiger's own source. Imported by tests only.
package fake
