package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"passerelle/internal/fault"
)

// sender sends a request once: it pays for it, counts it, and bounds the
// answer.
type sender struct {
	base    *http.Transport
	options Options
}

func (s *sender) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := s.pay(req.Context()); err != nil {
		closeBody(req)
		return nil, err
	}
	s.options.Count(1)

	var sent atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}
	out := req.Clone(httptrace.WithClientTrace(req.Context(), trace))
	out.Header.Set("User-Agent", "passerelle/"+s.options.Version)

	resp, err := s.base.RoundTrip(out)
	if err != nil {
		if !sent.Load() {
			err = &notSent{err}
		}
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests && s.options.Bucket != nil {
		s.options.Bucket.Pause(time.Now().Add(max(retryAfter(resp), time.Second)))
	}
	resp.Body = &capped{ReadCloser: resp.Body, left: s.options.MaxAnswer}
	return resp, nil
}

// pay spends from the allowance if there is one, else from the bucket.
func (s *sender) pay(ctx context.Context) error {
	if a := allowanceOf(ctx); a != nil {
		if !a.spend() {
			return fault.Newf(fault.RateLimited, "http", "the %d requests granted are spent", a.granted)
		}
		return nil
	}
	if s.options.Bucket == nil {
		return nil
	}
	return s.options.Bucket.Take(ctx, 1)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// notSent marks a request that never got a connection: it cannot have been
// carried out.
type notSent struct{ err error }

func (e *notSent) Error() string { return e.err.Error() }
func (e *notSent) Unwrap() error { return e.err }

var errTooLong = errors.New("answer too long")

// capped reads no more than left bytes.
type capped struct {
	io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.ReadCloser.Read(p)
	if int64(n) > c.left {
		n = int(c.left)
		c.left = 0
		return n, errTooLong
	}
	c.left -= int64(n)
	return n, err
}
