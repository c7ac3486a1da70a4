package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/fault"
)

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func do(t *testing.T, c *http.Client, ctx context.Context, method, url, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if resp != nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		method string
		status int
		header string
		tries  int32
	}{
		{"GET 200", "GET", 200, "", 1},
		{"GET 502", "GET", 502, "", 3},
		{"GET 503", "GET", 503, "", 3},
		{"GET 504", "GET", 504, "", 3},
		{"GET 503 that names a time", "GET", 503, "7", 1},
		{"GET 500", "GET", 500, "", 1},
		{"GET 429", "GET", 429, "", 1},
		{"POST 503", "POST", 503, "", 1},
		{"PATCH 502", "PATCH", 502, "", 1},
		{"DELETE 504", "DELETE", 504, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var seen, counted atomic.Int32
			s := server(t, func(w http.ResponseWriter, _ *http.Request) {
				seen.Add(1)
				if tc.header != "" {
					w.Header().Set("Retry-After", tc.header)
				}
				w.WriteHeader(tc.status)
			})
			c := New(Options{AllowPrivate: true, Count: func(n int) { counted.Add(int32(n)) }})
			grant := NewAllowance(5)
			resp, err := do(t, c, WithAllowance(t.Context(), grant), tc.method, s.URL, "{}")
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tc.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.status)
			}
			if seen.Load() != tc.tries || counted.Load() != tc.tries || grant.Spent() != int(tc.tries) {
				t.Errorf("server saw %d, counted %d, spent %d; want %d each", seen.Load(), counted.Load(), grant.Spent(), tc.tries)
			}
		})
	}
}

func TestRetryAfterConnectionError(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "{}")
	})
	c := New(Options{AllowPrivate: true})
	if resp, err := do(t, c, t.Context(), "GET", s.URL, ""); err != nil || resp.StatusCode != 200 {
		t.Fatalf("GET after two resets: %v", err)
	}
	seen.Store(0)
	_, err := do(t, c, t.Context(), "POST", s.URL, "{}")
	if e := fault.Of(Classify("x: post", nil, err)); e.Kind != fault.Unavailable || !e.MayHaveApplied {
		t.Errorf("POST whose answer was lost: %+v", e)
	}
	if seen.Load() != 1 {
		t.Errorf("the POST was sent %d times", seen.Load())
	}
}

func TestAllowanceSpent(t *testing.T) {
	t.Parallel()
	s := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	c := New(Options{AllowPrivate: true})
	grant := NewAllowance(2)
	_, err := do(t, c, WithAllowance(t.Context(), grant), "GET", s.URL, "")
	e := fault.Of(Classify("x: read", nil, err))
	if e.Kind != fault.RateLimited || e.MayHaveApplied || grant.Spent() != 2 {
		t.Errorf("got %+v, spent %d", e, grant.Spent())
	}
}

func TestBucketPaysForReads(t *testing.T) {
	t.Parallel()
	s := server(t, func(http.ResponseWriter, *http.Request) {})
	c := New(Options{AllowPrivate: true, Bucket: NewBucket(0.001, 1), Timeout: 2 * time.Second})
	if _, err := do(t, c, t.Context(), "GET", s.URL, ""); err != nil {
		t.Fatal(err)
	}
	_, err := do(t, c, t.Context(), "GET", s.URL, "")
	if e := fault.Of(Classify("x: read", nil, err)); e.Kind != fault.RateLimited || e.After < time.Minute {
		t.Errorf("got %+v", e)
	}
}

func TestRateLimitedAnswerPausesTheBucket(t *testing.T) {
	t.Parallel()
	s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(429)
	})
	b := NewBucket(0, 0)
	if _, err := do(t, New(Options{AllowPrivate: true, Bucket: b}), t.Context(), "POST", s.URL, ""); err != nil {
		t.Fatal(err)
	}
	if ok, wait := b.TryTake(1); ok || wait < 80*time.Second {
		t.Errorf("the bucket gives again after %v", wait)
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	s := server(t, func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		_, err := do(t, New(Options{}), t.Context(), "GET", "http://"+host+":"+port, "")
		e := fault.Of(Classify("x: read", nil, err))
		if err == nil || e.Kind != fault.Permanent || !strings.Contains(e.Error(), "allow_private") {
			t.Errorf("%s: %v", host, e)
		}
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true, "8.8.8.8": true,
		"10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "198.18.0.1": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false,
		"::1": false, "::": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %v, want %v", text, got, want)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	other := server(t, func(http.ResponseWriter, *http.Request) { t.Error("followed to another host") })
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/away", 302}, {"POST", "/away", 302}, {"GET", "/here", 200}, {"POST", "/here", 302}, {"GET", "/loop", 302},
	} {
		resp, err := do(t, New(Options{AllowPrivate: true}), t.Context(), tc.method, s.URL+tc.path, "")
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != tc.status {
			t.Errorf("%s %s: status %d, want %d", tc.method, tc.path, resp.StatusCode, tc.status)
		}
		if err := Classify("x: do", resp, nil); (tc.status == 302) != (err != nil) || err != nil && fault.Of(err).Kind != fault.Permanent {
			t.Errorf("%s %s: classified %v", tc.method, tc.path, err)
		}
	}
}

func TestAnswerIsBounded(t *testing.T) {
	t.Parallel()
	s := server(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `"`+strings.Repeat("a", 5000)+`"`) })
	for size, whole := range map[int64]bool{5001: false, 5002: true} {
		resp, err := do(t, New(Options{AllowPrivate: true, MaxAnswer: size}), t.Context(), "GET", s.URL, "")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if whole != (err == nil) || !whole && (!errors.Is(err, errTooLong) || int64(len(body)) != size) {
			t.Errorf("limit %d: read %d bytes, %v", size, len(body), err)
		}
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	s := server(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	defer close(over)
	c := New(Options{AllowPrivate: true, Timeout: 100 * time.Millisecond})
	for method, lost := range map[string]bool{"GET": false, "POST": true, "PATCH": true, "DELETE": true} {
		_, err := do(t, c, t.Context(), method, s.URL+"?token=sesame", "{}")
		e := fault.Of(Classify("x: do", nil, err))
		if err == nil || e.Kind != fault.Unavailable || e.MayHaveApplied != lost || !errors.Is(e, context.DeadlineExceeded) {
			t.Errorf("%s: %+v", method, e)
		}
		if strings.Contains(e.Error(), "sesame") {
			t.Errorf("%s: the query is in the error: %v", method, e)
		}
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	s := server(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) })
	resp, err := do(t, New(Options{AllowPrivate: true, Version: "1.2"}), t.Context(), "GET", s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "passerelle/1.2" {
		t.Errorf("user agent %q", body)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") }))
	defer s.Close()
	_, err := do(t, New(Options{AllowPrivate: true}), t.Context(), "POST", s.URL, "")
	e := fault.Of(Classify("x: do", nil, err))
	if err == nil || e.Kind != fault.Unavailable || e.MayHaveApplied {
		t.Errorf("unknown certificate: %+v", e)
	}
	if got := New(Options{}).Transport.(*transport).once.base.TLSClientConfig.MinVersion; got != 0x0303 {
		t.Errorf("least TLS version %x", got)
	}
}
