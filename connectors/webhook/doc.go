// Package webhook is the phoning connector for any platform that can speak our
// contract: it posts call outcomes in canonical form, and takes cards by HTTP.
//
// Both ways are signed as Standard Webhooks says (standardwebhooks.com, version
// 1: HMAC-SHA256 over id, timestamp and body); see README.md for integrators of
// a platform. The bodies of events pass through byte for byte: the schema
// call_outcome.v1 judges them, not this package.
//
// A push is idempotent: an item says what the platform's list must hold for a
// lead from now on.
package webhook
