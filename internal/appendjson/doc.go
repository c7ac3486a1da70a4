// Package appendjson writes JSON objects member by member to the end of a byte
// slice, and reads them back, without reflection: what package encoding/json would
// write, byte for byte, for a tenth of its cost. It is for the few types that every
// call of the floor is written as.
//
// It promises the bytes of json.Marshal for the same members in the same order,
// and to read what json.Unmarshal would or to say that it cannot. Called by bridge,
// ledger, outbox and desk for the rows of the store, and by store; their tests
// compare each with package encoding/json (test/agree).
package appendjson
