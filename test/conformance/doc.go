// Package conformance lets no connector escape the contract: every registered
// one must run the suite of internal/connector/contract in its own tests.
package conformance
