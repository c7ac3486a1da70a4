// Package schema judges what comes in as JSON by the schemas of package
// schemas. It is the only user of the JSON Schema library.
//
// It promises that a body it let through is one JSON value in valid UTF-8, no
// deeper than 32 levels, with no name twice in an object (RFC 7493) and no
// number too large to compute with, and that it fits its schema, formats
// included. Its errors list everything that does not fit, by JSON pointer, in
// words that a person can act on; they never hold a value. The library is the
// authority; in front of it stands a check of our own that goes over the bytes
// once and only ever says yes, or that it is not sure. Called by intake for
// events, by api for bodies, and by tests for the examples we publish.
package schema
