// Package policy asks the bridge's policy, casbin, cedar-go and OPA the same
// questions in one run, and prints side by side what each takes: one decision,
// a card of 40 fields as JSON, and a change of rules until the first decision by
// them.
//
//	cd test/peers/policy && go test -count=1 -v
//
// It is a module of its own, so that what the peers need never touches the
// bridge. A test draws questions at random and asserts that all four answer the
// same.
//
// How it is fair, and where it is not:
//
//   - One sample of grants and denies is written in each one's own language, as
//     its documentation would have it: ABAC with a matcher of its own for casbin,
//     sets of fields in conditions for Cedar, a document of grants with indexed
//     look-ups and a prepared query for OPA.
//   - What can be made ready before a question is: OPA's input is parsed, Cedar's
//     entities and requests are built, casbin's requests are structs.
//   - OPA is asked for a card's fields at once, with one evaluation; casbin and
//     Cedar answer one question at a time, so a card is forty.
//   - casbin walks its rules one by one; its cache is keyed by texts, which
//     records with attributes are not, and is not used.
//   - All run in this process, embedded: no network.
package policy
