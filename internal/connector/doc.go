// Package connector is the contract between the bridge and the systems it
// connects: small interfaces, a descriptor that says as data what a system can
// do, and the registry value that holds the connectors of a binary.
//
// A connector neither retries nor sleeps nor logs nor makes E.164; it asks,
// sends and classifies (package fault). The core does the rest, the same way
// for all. What connectors have in common is here too: settings are read and
// judged in one way (Env.Settings), and writes are carried out one by one, each
// by the verb of its kind (Carry). Every connector passes the suite in
// connector/contract. Called by app (opening), campaign (pull, push), intake
// (hooks), writer (apply), relay (find, confirm), agenda (calendars, diaries) and
// doctor (what the CRM holds and allows, probes).
package connector
