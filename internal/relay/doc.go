// Package relay decides the order in which writes leave the outbox, puts their
// ids on the road, answers the claims and reports of writers, acts on what went
// wrong and confirms what went well.
//
// It promises that an entry is published again until it is settled whatever
// becomes of NATS, that no claim is granted beyond the connection's quota or
// out of its prospect's order, and that a paused or dead CRM costs nothing but
// time. Called by app; writers reach it as their Hub.
package relay
