// Package writer carries writes out: it takes the entry ids of its share off
// the road, claims them from the hub, lets the CRM's connector apply them and
// reports what became of each. It holds no store and no policy, and may run in
// the hub or in any number of other processes on the same NATS. Where a CRM has
// no batches, many hands write side by side: they claim and report together,
// and claim ahead no more than what the CRM has lately taken in a quarter of a
// second.
//
// It promises never to call a CRM without a claim, nor after the claim's
// deadline, to look before it repeats a write whose answer was lost, and to
// take nothing once it has not heard the hub for three seconds. Called by app.
package writer
