// Package fault gives errors the kind that decides what happens next: wait,
// try again, give the record up, or stop the connection. Connectors classify;
// relay alone acts on the kinds.
//
// It promises that a kind survives wrapping with %w ([Of]) and that an error
// nobody classified counts as unavailable, the kind that loses nothing.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means for the work at hand.
type Kind string

// The kinds.
const (
	Unavailable Kind = "unavailable"  // network, 5xx, lock, timeout: back off and try again
	RateLimited Kind = "rate_limited" // a quota: the whole connection waits, no attempt is counted
	Rejected    Kind = "rejected"     // the vendor refused this record: park it, go on with the next
	Permanent   Kind = "permanent"    // credentials, account or endpoint: pause the connection, alert
)

// Error is an error with a kind.
type Error struct {
	Kind           Kind
	Op             string        // "sheet: append activity"
	After          time.Duration // when the vendor said how long to wait
	MayHaveApplied bool          // the answer was lost: look before trying again
	NoRecord       bool          // the record it was for is not there under this id (any more)
	Err            error         // for the log and the supervisor; holds no secret and no field's value
}

// New makes an error of a kind.
func New(kind Kind, op string, err error) *Error { return &Error{Kind: kind, Op: op, Err: err} }

// Newf makes an error of a kind with a formatted cause.
func Newf(kind Kind, op, format string, args ...any) *Error {
	return New(kind, op, fmt.Errorf(format, args...))
}

// Lost is an unavailable whose request may have been carried out.
func Lost(op string, err error) *Error {
	return &Error{Kind: Unavailable, Op: op, MayHaveApplied: true, Err: err}
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Op + ": " + string(e.Kind)
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of finds the classified error in err's chain. An unclassified error is
// unavailable, and may have been applied: nobody knows.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Unavailable, Op: "unclassified", MayHaveApplied: true, Err: err}
}
