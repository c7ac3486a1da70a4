// Package e2e runs whole hubs, with real files, NATS, HTTP and stores, against
// what the design promises.
package e2e
