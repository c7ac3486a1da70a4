// Package bus is the road between the outbox and the writers: a JetStream
// stream of entry ids, one consumer a partition, and requests between
// processes. It is the only user of nats.go.
//
// It promises nothing about durability: whatever it loses, the outbox sends
// again. It does promise that a partition's messages reach one writer at a
// time, in order. Called by relay (publishing, serving claims) and writer
// (subscribing, asking).
package bus
