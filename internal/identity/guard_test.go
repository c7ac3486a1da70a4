package identity

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/problem"
)

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func guard(t *testing.T, change func(*Options)) *Guard {
	t.Helper()
	o := Options{People: NewPeople(directory(t, true)), Log: slog.New(slog.DiscardHandler), Now: newClock().Now}
	if change != nil {
		change(&o)
	}
	return NewGuard(o)
}

// whoami answers the actor's name.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	a, ok := FromContext(r.Context())
	if !ok {
		http.Error(w, "nobody", http.StatusTeapot)
		return
	}
	_, _ = io.WriteString(w, a.Name()+" on "+string(a.Connection))
})

func request(authorization string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/v1/me?q=canary", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	for _, c := range change {
		c(r)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	twice := func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+bobToken) }
	cases := []struct {
		name, authorization string
		change              func(*http.Request)
		status              int
		says                string
	}{
		{"good", "Bearer " + aliceToken, nil, 200, "alice on phoning.console"},
		{"good, another connection", "Bearer " + hookToken, nil, 200, "alice on phoning.dialler"},
		{"scheme in lower case", "bearer " + bobToken, nil, 200, "bob on phoning.console"},
		{"none", "", nil, 401, "Authorization: Bearer"},
		{"unknown", "Bearer " + strings.Repeat("x", 30), nil, 401, "not known"},
		{"another scheme", "Basic " + aliceToken, nil, 401, "Authorization: Bearer"},
		{"no token", "Bearer ", nil, 401, "Authorization: Bearer"},
		{"too long", "Bearer " + strings.Repeat("x", maxTokenLength+1), nil, 401, "Authorization: Bearer"},
		{"two tokens", "Bearer " + aliceToken, twice, 401, "Authorization: Bearer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := request(c.authorization)
			if c.change != nil {
				c.change(r)
			}
			w := serve(guard(t, nil).Authenticate(whoami), r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d %s; want %d and %q", w.Code, w.Body, c.status, c.says)
			}
			if c.status == 401 {
				if w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Content-Type") != problem.MediaType {
					t.Errorf("headers %v", w.Header())
				}
				if _, token, _ := strings.Cut(c.authorization, " "); token != "" && strings.Contains(w.Body.String(), token) {
					t.Error("the answer repeats the token")
				}
			}
		})
	}
}

// Who is refused at the door reads why in the language they ask for.
func TestRefusedInFrench(t *testing.T) {
	t.Parallel()
	people := NewPeople(directory(t, false))
	cases := []struct{ name, authorization, says string }{
		{"none", "", "envoyez Authorization: Bearer et votre jeton"},
		{"unknown", "Bearer " + strings.Repeat("x", 30), "ce jeton n'est pas connu"},
		{"inactive", "Bearer " + aliceToken, "cette personne n'est plus active"},
	}
	for _, c := range cases {
		r := request(c.authorization)
		r.Header.Set("Accept-Language", "fr-FR, en;q=0.5")
		w := serve(guard(t, func(o *Options) { o.People = people }).Authenticate(whoami), r)
		if !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Content-Language") != "fr" {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	r := request("Bearer " + bobToken)
	r.Header.Set("Accept-Language", "fr")
	h := LimitBody(0)(whoami)
	r.ContentLength = 1
	if w := serve(h, r); !strings.Contains(w.Body.String(), "la demande dépasse 0 octets") {
		t.Errorf("too large: %s", w.Body)
	}
}

func TestAuthenticateInactive(t *testing.T) {
	t.Parallel()
	people := NewPeople(directory(t, true))
	h := guard(t, func(o *Options) { o.People = people }).Authenticate(whoami)
	if w := serve(h, request("Bearer "+aliceToken)); w.Code != 200 {
		t.Fatalf("active: %d", w.Code)
	}
	people.Use(directory(t, false))
	if w := serve(h, request("Bearer "+aliceToken)); w.Code != 403 || !strings.Contains(w.Body.String(), "not active") {
		t.Errorf("inactive: %d %s", w.Code, w.Body)
	}
}

func TestRatePerToken(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := guard(t, func(o *Options) { o.Rate, o.Burst, o.Now = 0.5, 2, c.Now }).Authenticate(whoami)
	status := func(token string) int { return serve(h, request("Bearer "+token)).Code }
	if a, b := status(aliceToken), status(aliceToken); a != 200 || b != 200 {
		t.Fatalf("the burst: %d, %d", a, b)
	}
	w := serve(h, request("Bearer "+aliceToken))
	if w.Code != 429 || w.Header().Get("Retry-After") != "2" {
		t.Errorf("past the burst: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if got := status(bobToken); got != 200 {
		t.Errorf("another token: %d", got)
	}
	c.add(2 * time.Second)
	if a, b := status(aliceToken), status(aliceToken); a != 200 || b != 429 {
		t.Errorf("after the wait: %d, %d; want one more", a, b)
	}
}

func TestWrongTokensPerAddress(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := guard(t, func(o *Options) { o.Now = c.Now }).Authenticate(whoami)
	from := func(addr, token string) *httptest.ResponseRecorder {
		return serve(h, request("Bearer "+token, func(r *http.Request) { r.RemoteAddr = addr }))
	}
	for i := range failureBurst {
		if w := from("203.0.113.7:1", "wrong"); w.Code != 401 {
			t.Fatalf("wrong token %d: %d", i, w.Code)
		}
	}
	if w := from("203.0.113.7:2", "wrong"); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %v", w.Code, w.Header())
	}
	if w := from("203.0.113.7:3", aliceToken); w.Code != 200 {
		t.Errorf("a good token from the same address: %d", w.Code)
	}
	if w := from("203.0.113.8:1", "wrong"); w.Code != 401 {
		t.Errorf("another address: %d", w.Code)
	}
	for i := range failureBurst {
		from("[2001:db8::"+string("0123456789abcdef"[i%16])+"]:1", "wrong")
	}
	if w := from("[2001:db8::ffff]:1", "wrong"); w.Code != 429 {
		t.Errorf("one of many addresses of an IPv6 network: %d", w.Code)
	}
	c.add(time.Minute)
	if w := from("203.0.113.7:4", "wrong"); w.Code != 401 {
		t.Errorf("a minute later: %d", w.Code)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := newLimiter[int](1, 1)
	for key := range maxLimiters {
		l.take(key, c.Now())
	}
	if l.take(-1, c.Now()) != 0 || l.take(-2, c.Now()) == 0 {
		t.Error("past the bound strangers do not share one bucket")
	}
	if len(l.buckets) != maxLimiters {
		t.Errorf("%d buckets", len(l.buckets))
	}
	c.add(time.Second)
	l.take(-3, c.Now())
	if len(l.buckets) != 1 {
		t.Errorf("%d buckets after all were full again; want the new one", len(l.buckets))
	}
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, peer string
		forwarded  []string
		hops       int
		want       string
	}{
		{"no proxy", "203.0.113.7:4711", nil, 0, "203.0.113.7"},
		{"made up by the client", "203.0.113.7:4711", []string{"10.0.0.1"}, 0, "203.0.113.7"},
		{"one proxy", "10.0.0.2:1", []string{"203.0.113.7"}, 1, "203.0.113.7"},
		{"one proxy, and something made up", "10.0.0.2:1", []string{"1.1.1.1, 203.0.113.7"}, 1, "203.0.113.7"},
		{"made up in a header of its own", "10.0.0.2:1", []string{"1.1.1.1", "203.0.113.7"}, 1, "203.0.113.7"},
		{"two proxies", "10.0.0.2:1", []string{"1.1.1.1, 203.0.113.7, 10.0.0.3"}, 2, "203.0.113.7"},
		{"past the proxies", "10.0.0.2:1", []string{"203.0.113.7"}, 2, "10.0.0.2"},
		{"no address", "10.0.0.2:1", []string{"unknown"}, 1, "10.0.0.2"},
		{"with a port", "10.0.0.2:1", []string{"203.0.113.7:99"}, 1, "203.0.113.7"},
		{"IPv6", "[2001:db8::1]:1", nil, 0, "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.2:1", []string{"[2001:db8::1]"}, 1, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.7]:1", nil, 0, "203.0.113.7"},
		{"a Unix socket", "@", nil, 0, ""},
		{"made up at a Unix socket", "@", []string{"10.0.0.1"}, 1, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.forwarded
			want := netip.Addr{}
			if c.want != "" {
				want = netip.MustParseAddr(c.want)
			}
			if got := clientAddr(r, c.hops); got != want {
				t.Errorf("%v; want %v", got, want)
			}
		})
	}
}

func TestLimitBody(t *testing.T) {
	t.Parallel()
	h := LimitBody(4)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			problem.Write(w, r, problem.TooLarge(tooLarge.Limit))
		}
	}))
	for body, want := range map[string]int{"": 200, "1234": 200, "12345": 413} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		if w := serve(h, r); w.Code != want {
			t.Errorf("announced %q: %d; want %d", body, w.Code, want)
		}
		r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.ContentLength = -1
		if w := serve(h, r); w.Code != want {
			t.Errorf("unannounced %q: %d; want %d", body, w.Code, want)
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	if _, ok := FromContext(ctx); ok || RequestID(ctx) != "" {
		t.Error("an empty context says somebody is there")
	}
	a, ok := FromContext(NewContext(ctx, bridge.Actor{Operator: true}))
	if !ok || !a.Operator {
		t.Errorf("the operator: %+v, %v", a, ok)
	}
}

// TestLetIn sees from which address a window is asked.
func TestLetIn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, peer, forwarded string
		hops                  int
		from                  string // what the window is asked of
	}{
		{"the client", "203.0.113.7:4711", "", 0, "203.0.113.7"},
		{"who says it is in the office", "203.0.113.7:4711", "10.0.0.1", 0, "203.0.113.7"},
		{"behind a proxy", "10.0.0.2:1", "10.0.0.1, 203.0.113.7", 1, "203.0.113.7"},
		{"past the proxies", "10.0.0.2:1", "", 1, "invalid IP"},
		{"behind a proxy that does not know", "10.0.0.2:1", "unknown", 1, "invalid IP"},
		{"at the hub's socket", "@", "10.0.0.1", 1, "127.0.0.1"},
	}
	next := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked, shut := "", false
			g := guard(t, func(o *Options) {
				o.Hops = c.hops
				o.Shut = func(a bridge.Actor, from netip.Addr) *policy.Shut {
					asked = a.Name() + " " + from.String()
					if shut {
						return &policy.Shut{Role: "caller", Away: true, Next: next}
					}
					return nil
				}
			})
			ask := func() *httptest.ResponseRecorder {
				return serve(g.Authenticate(g.LetIn(whoami)), request("Bearer "+aliceToken, func(r *http.Request) {
					r.RemoteAddr = c.peer
					r.Header.Set("X-Forwarded-For", c.forwarded)
				}))
			}
			if w := ask(); w.Code != http.StatusOK || asked != "alice "+c.from {
				t.Errorf("%d, asked of %s", w.Code, asked)
			}
			shut = true
			if w := ask(); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `"not_before":"2026-11-23T07:00:00Z"`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	g := guard(t, func(o *Options) {
		o.Shut = func(bridge.Actor, netip.Addr) *policy.Shut { return &policy.Shut{} }
	})
	r := request("")
	r = r.WithContext(NewContext(r.Context(), bridge.Actor{Operator: true}))
	if w := serve(g.LetIn(whoami), r); w.Code != http.StatusOK {
		t.Errorf("the operator: %d", w.Code)
	}
}
