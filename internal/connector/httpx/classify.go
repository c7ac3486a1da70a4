package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"passerelle/internal/fault"
)

// maxWait bounds what a Retry-After may ask for.
const maxWait = 24 * time.Hour

// Answer is the vendor's refusal inside a classified error. A connector that
// knows its vendor better reads it with [errors.As] and changes the kind:
//
//	if a.Status == 403 && a.Code == "REQUEST_LIMIT_EXCEEDED" {
//		fault.Of(err).Kind = fault.RateLimited
//	}
type Answer struct {
	Status int
	Code   string // the vendor's, machine-readable; "" if it gave none
	Text   string // the vendor's words, short and without what was sent
}

func (a *Answer) Error() string {
	parts := []string{fmt.Sprintf("status %d", a.Status)}
	if a.Code != "" {
		parts = append(parts, a.Code)
	}
	if a.Text != "" {
		parts = append(parts, a.Text)
	}
	return strings.Join(parts, ": ")
}

// Status is the status of the [Answer] in err's chain, 0 if there is none.
func Status(err error) int {
	if a, ok := errors.AsType[*Answer](err); ok {
		return a.Status
	}
	return 0
}

// Classify turns what [http.Client.Do] gave into an error of package fault, or
// nil for a 2xx. op is the connector's name and what it did, "rest: create
// activity". When it gives an error it has closed the answer's body.
//
// Unavailable: no answer, a timeout, 408 and 5xx; for anything but a GET it
// may have been applied, unless it never got a connection. Rate-limited: 429.
// Permanent: 401, 403, a redirect that was not followed, an address that is
// refused. Rejected: every other 4xx.
func Classify(op string, resp *http.Response, err error) error {
	if err != nil {
		return classifyError(op, err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	defer resp.Body.Close()
	e := fault.New(fault.Rejected, op, readAnswer(resp))
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		e.Kind, e.After = fault.RateLimited, retryAfter(resp)
	case code >= 500, code == http.StatusRequestTimeout:
		e.Kind, e.After = fault.Unavailable, retryAfter(resp)
		e.MayHaveApplied = resp.Request.Method != http.MethodGet
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		e.Kind = fault.Permanent
	case code < 400:
		e.Kind = fault.Permanent
		e.Err = fmt.Errorf("status %d: redirected elsewhere: check the address and the credentials", code)
	}
	return e
}

func classifyError(op string, err error) error {
	var ours *fault.Error
	var unsent *notSent
	var request *url.Error
	switch {
	case errors.As(err, &ours):
		return &fault.Error{Kind: ours.Kind, Op: op, After: ours.After, Err: ours.Err}
	case errors.Is(err, errPrivate):
		return fault.New(fault.Permanent, op, errPrivate)
	case errors.As(err, &unsent):
		return fault.New(fault.Unavailable, op, describe(err))
	case errors.As(err, &request) && strings.EqualFold(request.Op, http.MethodGet):
		return fault.New(fault.Unavailable, op, describe(err))
	}
	return fault.Lost(op, describe(err))
}

// describe says what went wrong in words of ours: a transport's own text may
// quote the address or what was received.
func describe(err error) error {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped by us: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	case errors.Is(err, errTooLong):
		return errTooLong
	case errors.As(err, &dns):
		return errors.New("the host's name was not found")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused")
	case errors.Is(err, syscall.ECONNRESET):
		return errors.New("connection reset")
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return errors.New("the host's certificate was not accepted")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("connection closed before the answer was complete")
	}
	return errors.New("connection failed")
}

// retryAfter reads both forms of Retry-After. A date is measured against the
// answer's own Date, so that a clock that is off does no harm.
func retryAfter(resp *http.Response) time.Duration {
	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxWait.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxWait)
}
