// Package problem answers HTTP requests that cannot be served, as problem
// documents (RFC 9457).
//
// It promises that every such answer has the same form and the right headers
// (Retry-After, WWW-Authenticate), that a 5xx tells a caller nothing of the
// inside, and that a [Problem] is an error which net/http handlers write with
// [Write] and huma handlers simply return. Called by identity, api and intake.
package problem
