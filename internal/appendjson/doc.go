// Package appendjson writes JSON objects member by member to the end of a byte
// slice, without reflection: what package encoding/json would write, byte for
// byte, for a tenth of its cost. It is for the few types that every call of the
// floor is written as.
//
// It promises the bytes of json.Marshal for the same members in the same order.
// Called by bridge, ledger, outbox and desk for the rows of the store; their
// tests compare each with json.Marshal.
package appendjson
