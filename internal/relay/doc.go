// Package relay decides the order in which writes leave the outbox, puts their
// ids on the road, deals the road's partitions out to the writers, answers
// their claims and reports, acts on what went wrong and confirms what went
// well.
//
// It promises that an entry is published again until it is settled whatever
// becomes of NATS, that no claim is granted beyond the connection's quota or
// out of its prospect's order, and that a paused or dead CRM costs nothing but
// time. Writers that live have equal shares of every connection that they can
// serve; a local one is the hub's own writer's alone. Who was not heard for
// three seconds is gone: its partitions are the others' within a second more,
// and what it held and had not claimed is published again; what it had claimed
// waits until the claim has run out. Called by app and api; writers reach it as
// their Hub.
package relay
