package httpx

import (
	"context"
	"errors"
	"sync/atomic"
)

var errNoToken = errors.New("the connection's request limit leaves no room before the deadline")

// Allowance is the requests that relay has taken from the bucket for one
// grant. The call spends from it; what is left goes back to the bucket.
type Allowance struct {
	granted int
	spent   atomic.Int64
}

// NewAllowance grants so many requests.
func NewAllowance(requests int) *Allowance { return &Allowance{granted: requests} }

// Spent says how many of the requests were made.
func (a *Allowance) Spent() int { return int(a.spent.Load()) }

func (a *Allowance) spend() bool {
	if a.spent.Add(1) <= int64(a.granted) {
		return true
	}
	a.spent.Add(-1)
	return false
}

type allowanceKey struct{}

// WithAllowance makes requests under the context spend from a, and fail as
// rate-limited when it is used up.
func WithAllowance(ctx context.Context, a *Allowance) context.Context {
	return context.WithValue(ctx, allowanceKey{}, a)
}

func allowanceOf(ctx context.Context) *Allowance {
	a, _ := ctx.Value(allowanceKey{}).(*Allowance)
	return a
}
