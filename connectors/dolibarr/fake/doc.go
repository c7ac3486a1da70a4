// Package fake is Dolibarr 22 in miniature, for tests: the part of its REST API
// that connectors/dolibarr uses, in memory, under /api/index.php.
//
// It refuses what Dolibarr refuses, by the rights of the key's user, and in its
// words: a test replays recorded exchanges with a 22.0.4 against it. It has
// Dolibarr's habits as well: an empty list of third parties is a 404, a status
// that the dictionary lacks hides the record, texts are cleaned, a write adds an
// automatic event, the time of change does not move with categories and
// representatives, an event is taken for a user or a third party that is not
// there.
//
// What the API tells nobody, a test sees and does at the screen: [Server.Party],
// [Server.Events], [Server.Edit] and the like.
package fake
