package httpx

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"passerelle/internal/fault"
)

// Bucket limits a connection's requests. It is safe for concurrent use.
type Bucket struct {
	mu      sync.Mutex
	limiter *rate.Limiter // nil: no limit, only pauses
	spare   int           // given back, not yet taken again
	paused  time.Time     // nothing is given before
}

// NewBucket makes a bucket of so many requests per second that holds burst of
// them. A rate of 0 sets no limit; a burst of 0 is one second's worth.
func NewBucket(perSecond float64, burst int) *Bucket {
	if perSecond <= 0 {
		return &Bucket{}
	}
	if burst <= 0 {
		burst = int(math.Ceil(perSecond))
	}
	return &Bucket{limiter: rate.NewLimiter(rate.Limit(perSecond), burst)}
}

// Rate is the limit in requests per second, 0 for none; a nil bucket has none.
func (b *Bucket) Rate() float64 {
	if b == nil || b.limiter == nil {
		return 0
	}
	return float64(b.limiter.Limit())
}

// TryTake takes n tokens at once or none; if none it says how long to wait
// before trying again. More tokens than the bucket holds are given when it is
// full, and it then owes the rest.
func (b *Bucket) TryTake(n int) (ok bool, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Before(b.paused) {
		return false, b.paused.Sub(now)
	}
	if b.limiter == nil || n <= 0 {
		return true, 0
	}
	burst, tokens := b.limiter.Burst(), b.limiter.TokensAt(now)
	if over := float64(b.spare) + tokens - float64(burst); over > 0 {
		b.spare = max(0, b.spare-int(math.Ceil(over)))
	}
	if missing := float64(min(n, burst)) - float64(b.spare) - tokens; missing > 1e-9 {
		return false, time.Duration(missing/float64(b.limiter.Limit())*float64(time.Second)) + time.Millisecond
	}
	b.reserve(now, n)
	return true, 0
}

func (b *Bucket) reserve(now time.Time, n int) {
	given := min(n, b.spare)
	b.spare -= given
	for n -= given; n > 0; {
		piece := min(n, b.limiter.Burst())
		b.limiter.ReserveN(now, piece)
		n -= piece
	}
}

// Take takes n tokens, waiting for them under ctx. It fails at once, as
// rate-limited, if they cannot come before ctx's deadline.
func (b *Bucket) Take(ctx context.Context, n int) error {
	for {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Unavailable, "http", err)
		}
		ok, wait := b.TryTake(n)
		if ok {
			return nil
		}
		if deadline, has := ctx.Deadline(); has && time.Until(deadline) < wait {
			return &fault.Error{Kind: fault.RateLimited, Op: "http", After: wait, Err: errNoToken}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// Return gives back n tokens that were taken and not spent.
func (b *Bucket) Return(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limiter != nil && n > 0 {
		b.spare = min(b.spare+n, b.limiter.Burst())
	}
}

// Pause gives nothing before until. A pause is never shortened.
func (b *Bucket) Pause(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.paused) {
		b.paused = until
	}
}
