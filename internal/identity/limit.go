package identity

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimiters bounds a limiter's memory. Past it, strangers share one bucket.
const maxLimiters = 10_000

// limiter keeps a bucket for each key. It is safe for concurrent use.
type limiter[K comparable] struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[K]*rate.Limiter
	shared  *rate.Limiter
}

func newLimiter[K comparable](limit rate.Limit, burst int) *limiter[K] {
	return &limiter[K]{limit: limit, burst: burst, buckets: map[K]*rate.Limiter{}, shared: rate.NewLimiter(limit, burst)}
}

// take takes a token of the key's bucket, or says how long until there is one.
func (l *limiter[K]) take(key K, now time.Time) (wait time.Duration) {
	r := l.bucket(key, now).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

func (l *limiter[K]) bucket(key K, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[key]; ok {
		return b
	}
	if len(l.buckets) >= maxLimiters {
		l.forgetFull(now)
	}
	if len(l.buckets) >= maxLimiters {
		return l.shared
	}
	b := rate.NewLimiter(l.limit, l.burst)
	l.buckets[key] = b
	return b
}

// forgetFull drops buckets that are full: a new one would be the same.
func (l *limiter[K]) forgetFull(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
}

// wait says how long until the key's bucket has a token, and takes none.
func (l *limiter[K]) wait(key K, now time.Time) time.Duration {
	l.mu.Lock()
	b, ok := l.buckets[key]
	l.mu.Unlock()
	if !ok || b.TokensAt(now) >= 1 {
		return 0
	}
	return time.Duration((1 - b.TokensAt(now)) / float64(l.limit) * float64(time.Second))
}

// forget fills the key's bucket again.
func (l *limiter[K]) forget(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, key)
}
