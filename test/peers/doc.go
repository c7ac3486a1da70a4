// Command peers gives other programs the bridge's job, and prints side by side
// what became of it: an outcome is posted, acknowledged, queued, and delivered to
// a CRM over HTTP, while the process is killed, the CRM is away for two seconds,
// or the power of the disk is cut.
//
//	cd test/peers && go run .
//
// It is a module of its own, so that what the peers need never touches the
// bridge. Node-RED is installed by npm into .build/peers, once; a peer that cannot
// be had is a line that says so. The power cut needs root and loop devices.
//
// How it is fair, and where it is not:
//
//   - One load and one CRM for all: 64 callers who post an outcome of about 1 kB
//     and wait for its answer, on the same two cores as the program. An outcome that
//     is not acknowledged is not sent again, which spares the peers doubles: only
//     the bridge knows an event that it has seen.
//   - Each drops one field and sends the rest on. The bridge does more: it verifies
//     a signature, checks a JSON Schema, asks the policy for each field, keeps a
//     ledger, and asks the CRM whether it shows what it said yes to.
//   - Watermill's forwarder stands on JetStream inside its process, with a durable
//     consumer of 64 subscribers, acknowledged publishes and a pause before what
//     failed is tried again; once as JetStream flushes by default (every two
//     minutes), once with sync_interval: always, which NATS names for durability.
//   - Node-RED has no durable queue of its own. So it runs twice: it answers first
//     and then asks the CRM, or it answers what the CRM answered.
//   - An acknowledged outcome is lost if the CRM does not have it when nothing more
//     has come for 40 s, longer than a consumer of JetStream waits for a dead one's
//     messages.
package main
