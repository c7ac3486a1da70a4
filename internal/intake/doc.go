// Package intake takes what phoning platforms report: webhooks, verified and
// decoded by their connectors, judged by the published schema, and recorded by
// the desk as the person whose login they name.
//
// It promises that a 2xx means the event is on the disk, once, whatever becomes
// of it later; that an event which cannot be understood is sealed and kept for a
// replay rather than refused or lost; and that nothing of a request with a bad
// signature is kept. Called by app (the handler) and api (parked events).
package intake
