// Package bus is the road between the outbox and the writers: a JetStream
// stream of entry ids, one consumer a partition, and requests between
// processes. It is the only user of nats.go.
//
// It promises nothing about durability: whatever it loses, the outbox sends
// again. It keeps a partition's messages in order and gives them to whoever
// takes the partition: the hub deals the partitions out ([Beat], [Split]), so
// that one writer has each, but while one moves two may, and it is the claims
// that keep a prospect's writes in order then. A cluster keeps the stream
// three times. Called by relay (publishing, dealing out, serving claims) and
// writer (subscribing, asking).
package bus
