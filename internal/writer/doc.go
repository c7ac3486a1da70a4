// Package writer carries writes out: it takes the entry ids of its share off
// the road, claims them from the hub, lets the CRM's connector apply them and
// reports what became of each. It holds no store and no policy, and may run in
// the hub or in any number of other processes on the same NATS.
//
// It promises never to call a CRM without a claim, nor after the claim's
// deadline, to look before it repeats a write whose answer was lost, and to
// take nothing once it has not heard the hub for three seconds. Called by app.
package writer
