package fake

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func newPlatform(t *testing.T, lists ...string) *Platform {
	t.Helper()
	p, err := New(Options{Secret: secret, Lists: lists, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func push(t *testing.T, p *Platform, at time.Time, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	header, err := Sign(secret, "msg_1", at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

const good = `{"items":[{"type":"card.push","id":"i","list":"L1","campaign":"c","lead":"l","prospect_id":"7","role":"caller","policy":"p","fields":{"prospect.name":"A"}}]}`

func TestPlatformIsStrict(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, body string
		at         time.Time
		change     func(*http.Request)
		status     int
		says       string
	}{
		{"good", good, now, nil, 200, ""},
		{"a check", `{"items":[]}`, now, nil, 200, ""},
		{"GET", good, now, func(r *http.Request) { r.Method = http.MethodGet }, 405, "post"},
		{"a form", good, now, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, "application/json"},
		{"old", good, now.Add(-6 * time.Minute), nil, 401, "too far"},
		{"unsigned", good, now, func(r *http.Request) { r.Header.Del("Webhook-Signature") }, 401, "does not match"},
		{"signed for another id", good, now, func(r *http.Request) { r.Header.Set("Webhook-Id", "msg_2") }, 401, "does not match"},
		{"no id", good, now, func(r *http.Request) { r.Header.Del("Webhook-Id") }, 401, "webhook-id"},
		{"a date", good, now, func(r *http.Request) { r.Header.Set("Webhook-Timestamp", "today") }, 401, "seconds"},
		{"not JSON", `items`, now, nil, 400, "not a push"},
		{"two messages", good + good, now, nil, 400, "follows"},
		{"no items", `{}`, now, nil, 400, "items"},
		{"an unknown key", strings.Replace(good, `"id"`, `"salary":1,"id"`, 1), now, nil, 400, "salary"},
		{"no lead", strings.Replace(good, `"lead":"l",`, ``, 1), now, nil, 207, "lead is missing"},
		{"no role", strings.Replace(good, `"role":"caller",`, ``, 1), now, nil, 207, "a role"},
		{"no fields", strings.Replace(good, `,"fields":{"prospect.name":"A"}`, ``, 1), now, nil, 207, "fields"},
		{"an unknown type", strings.Replace(good, `card.push`, `card.eat`, 1), now, nil, 207, "card.eat"},
		{"a full withdrawal", strings.Replace(good, `card.push`, `card.withdraw`, 1), now, nil, 207, "nothing of a card"},
		{"an unknown list", strings.Replace(good, `L1`, `L2`, 1), now, nil, 207, "unknown_list"},
		{"too many items", `{"items":[` + strings.TrimSuffix(strings.Repeat(`{},`, 501), ",") + `]}`, now, nil, 400, "501 items"},
		{"too long", strings.Repeat(" ", MaxBody+1), now, nil, 413, "fewer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, "L1")
			w := push(t, p, c.at, c.body, c.change)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d %s; want %d and %q", w.Code, w.Body, c.status, c.says)
			}
			want := 0
			if c.name == "good" {
				want = 1
			}
			if got := len(p.Cards("L1")); got != want {
				t.Errorf("%d cards; want %d", got, want)
			}
		})
	}
}

func TestPlatformBreaks(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.Break(
		Break{Status: 503, RetryAfter: 3 * time.Second},
		Break{Status: 200, Body: "<html>"},
		Break{Status: 500, After: true},
	)
	if w := push(t, p, now, good, nil); w.Code != 503 || w.Header().Get("Retry-After") != "3" || p.Changes() != 0 {
		t.Errorf("first: %d %v, %d changes", w.Code, w.Header(), p.Changes())
	}
	if w := push(t, p, now, good, nil); w.Code != 200 || w.Body.String() != "<html>" || p.Changes() != 0 {
		t.Errorf("second: %d %s, %d changes", w.Code, w.Body, p.Changes())
	}
	if w := push(t, p, now, good, nil); w.Code != 500 || p.Changes() != 1 {
		t.Errorf("third: %d, %d changes; want a 500 after the card was taken", w.Code, p.Changes())
	}
	if w := push(t, p, now, good, nil); w.Code != 200 || p.Changes() != 1 || p.Requests() != 4 {
		t.Errorf("healed: %d, %d changes, %d requests", w.Code, p.Changes(), p.Requests())
	}
}

func TestPlatformResets(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	server := httptest.NewServer(p)
	defer server.Close()
	p.Break(Break{Drop: true, After: true})
	header, err := Sign(secret, "msg_1", now, []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, server.URL, bytes.NewReader([]byte(good)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	resp, err := server.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatalf("answered %d; want a reset", resp.StatusCode)
	}
	if p.Changes() != 1 {
		t.Error("the card was not taken before the reset")
	}
}

func TestNewWantsASecret(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%"} {
		if _, err := New(Options{Secret: s}); err == nil {
			t.Errorf("New took %q", s)
		}
		if _, err := Sign(s, "m", now, nil); err == nil {
			t.Errorf("Sign took %q", s)
		}
	}
}

func ExampleSign() {
	header, err := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	fmt.Println(header.Get("webhook-signature"), err)
	// Output: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= <nil>
}
