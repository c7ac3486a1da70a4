package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"passerelle/internal/fault"
)

// What a client does when its options do not say otherwise.
const (
	DefaultTimeout   = 30 * time.Second
	DefaultMaxAnswer = 8 << 20

	dialTimeout  = 10 * time.Second
	maxRedirects = 3
	maxRetries   = 2
	retryMin     = 100 * time.Millisecond
	retryMax     = 500 * time.Millisecond
)

// Options is what a connection's client needs.
type Options struct {
	Version      string             // of Passerelle, for the User-Agent
	AllowPrivate bool               // may reach private and loopback addresses
	Timeout      time.Duration      // of a request with its retries and its answer; 0 is DefaultTimeout
	MaxAnswer    int64              // bytes of an answer; 0 is DefaultMaxAnswer
	Bucket       *Bucket            // nil: only allowances limit
	Breaker      *Breaker           // not closed: nothing is tried again; may be nil
	Count        func(requests int) // told of every request sent; may be nil
}

// New makes a connection's client. CloseIdleConnections releases what it holds.
func New(o Options) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = DefaultMaxAnswer
	}
	if o.Count == nil {
		o.Count = func(int) {}
	}
	return newClient(o, &http.Transport{
		DialContext:         dialer(o.AllowPrivate),
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	})
}

func newClient(o Options, base *http.Transport) *http.Client {
	once := &sender{base: base, options: o}
	again := &retryablehttp.RoundTripper{Client: &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: once, CheckRedirect: stay},
		RetryMax:     maxRetries,
		RetryWaitMin: retryMin,
		RetryWaitMax: retryMax,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if o.Breaker != nil && o.Breaker.State() != BreakerClosed {
				return false, ctx.Err() // a probe is one request
			}
			return retryable(ctx, resp, err)
		},
		Backoff:      backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}}
	return &http.Client{
		Transport:     &transport{once: once, again: again},
		CheckRedirect: redirect,
		Timeout:       o.Timeout,
	}
}

// transport sends a GET with retries and everything else once.
type transport struct {
	once  *sender
	again http.RoundTripper
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet {
		return t.again.RoundTrip(req)
	}
	return t.once.RoundTrip(req)
}

// CloseIdleConnections lets http.Client's method of that name reach the pool.
func (t *transport) CloseIdleConnections() { t.once.base.CloseIdleConnections() }

// redirect follows a GET on its own host. Anything else comes back as the 3xx
// it was: followed, a POST would become a GET and its answer look like a
// success.
func redirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	same := req.URL.Host == first.URL.Host && req.URL.Scheme == first.URL.Scheme
	if first.Method != http.MethodGet || !same || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// retryable judges one try of a GET. A 503 that names a time to come back is
// left to relay, which can make the whole connection wait.
func retryable(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		var classified *fault.Error
		var timeout interface{ Timeout() bool }
		switch {
		case errors.As(err, &classified), errors.Is(err, errPrivate), errors.As(err, new(*tls.CertificateVerificationError)):
			return false, nil
		case errors.As(err, &timeout) && timeout.Timeout():
			return false, nil
		}
		return true, nil
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return resp.Header.Get("Retry-After") == "", nil
	}
	return false, nil
}

// backoff doubles from least, with full jitter, so that many connections do
// not come back in step.
func backoff(least, most time.Duration, attempt int, _ *http.Response) time.Duration {
	ceiling := min(least<<min(attempt, 8), most)
	return least/2 + rand.N(ceiling)
}
