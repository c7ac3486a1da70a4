package identity

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// A key that an attacker planted in the browser before opens nothing afterwards.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	o.add("bob", otherWords)
	planted := o.mustSignIn("bob", otherWords, "")
	key := o.mustSignIn("alice", goodWords, planted)
	if key == planted || o.who(key) != "alice" || o.who(planted) != "" {
		t.Errorf("the planted key is %q's", o.who(planted))
	}
	if key2 := o.mustSignIn("alice", goodWords, "planted-by-somebody"); o.who(key2) != "alice" || o.who("planted-by-somebody") != "" {
		t.Error("a made-up key became a session")
	}
	if len(key) != 43 {
		t.Errorf("%d characters are not 256 bits", len(key))
	}
	err := o.store.View(func(tx *store.Tx) error {
		for k, raw := range sessions.Scan(tx, "", "") {
			if strings.Contains(k+string(raw), key) {
				t.Error("the store holds the key")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSessionsRunOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	sign := func() string { o.later(time.Second); return o.mustSignIn("alice", goodWords, "") }

	first, second := sign(), sign()
	third := sign()
	if o.who(first) != "" || o.who(second) != "alice" || o.who(third) != "alice" {
		t.Error("one more than may be at once does not end the oldest")
	}
	o.later(30 * time.Minute)
	if o.who(third) != "alice" { // a request: it counts
		t.Error("ended too early")
	}
	o.later(45 * time.Minute)
	if o.who(second) != "" || o.who(third) != "alice" {
		t.Error("an idle session goes on, or one in use ends")
	}
	for range 10 {
		o.later(50 * time.Minute)
		o.who(third)
	}
	if o.who(third) != "" {
		t.Error("a session in use lasts longer than any may")
	}
}

func TestSessionsAreEnded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	sign := func() string { o.later(time.Second); return o.mustSignIn("alice", goodWords, "") }
	here, there := sign(), sign()
	if list, err := o.Sessions("alice"); err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	_, s, err := o.Session(t.Context(), there)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.End(t.Context(), "bob", s.ID); !errors.Is(err, ErrNoSession) {
		t.Errorf("bob ends her session: %v", err)
	}
	if err := o.End(t.Context(), "alice", ""); !errors.Is(err, ErrNoSession) {
		t.Errorf("no id ends: %v", err)
	}
	if err := o.End(t.Context(), "alice", s.ID); err != nil || o.who(there) != "" || o.who(here) != "alice" {
		t.Errorf("signed out elsewhere: %v", err)
	}
	there = sign()
	if err := o.Reset(t.Context(), operatorActor, "alice", secret.New(otherWords)); err != nil || o.who(here)+o.who(there) != "" {
		t.Errorf("a reset leaves sessions: %v", err)
	}
	here = o.mustSignIn("alice", otherWords, "")
	there = o.mustSignIn("alice", otherWords, "")
	actor, _, _ := o.Session(t.Context(), here)
	if err := o.ChangePassword(t.Context(), actor, here, secret.New("wrong wrong wrong"), secret.New(goodWords)); !errors.Is(err, ErrSignIn) {
		t.Errorf("changed without the old one: %v", err)
	}
	if err := o.ChangePassword(t.Context(), actor, here, secret.New(otherWords), secret.New(goodWords)); err != nil || o.who(here) != "alice" || o.who(there) != "" {
		t.Errorf("a change of the password: %v", err)
	}
	if err := o.SignOut(t.Context(), here); err != nil || o.who(here) != "" {
		t.Errorf("signed out: %v", err)
	}
	here = o.mustSignIn("alice", goodWords, "")
	o.later(-2 * time.Hour)
	if o.who(here) != "" {
		t.Error("a session of the future is good")
	}
}

// Who has left in the config is out at the next request.
func TestLeaverIsOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	key := o.mustSignIn("alice", goodWords, "")
	dir, err := NewDirectory([]bridge.Person{person("alice", false)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.opts.People.Use(dir)
	if o.who(key) != "" {
		t.Error("her session goes on")
	}
	if _, err := o.signIn("alice", goodWords, ""); !errors.Is(err, ErrSignIn) {
		t.Errorf("sign in: %v", err)
	}
}

// A session that asks too often is made to wait; the others are not.
func TestASessionsRate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	o.add("bob", otherWords)
	busy, calm := o.mustSignIn("alice", goodWords, ""), o.mustSignIn("bob", otherWords, "")
	h := o.Recognise(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask := func(key string) int {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		r.AddCookie(&http.Cookie{Name: cookieLocal, Value: key})
		return serve(h, r).Code
	}
	for range DefaultBurst {
		if got := ask(busy); got != http.StatusOK {
			t.Fatalf("too early: %d", got)
		}
	}
	if got := ask(busy); got != http.StatusTooManyRequests {
		t.Errorf("the next one: %d", got)
	}
	if got := ask(calm); got != http.StatusOK {
		t.Errorf("somebody else: %d", got)
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"http://127.0.0.1:8080/": cookieLocal, "http://localhost:8080/": cookieLocal, "http://[::1]:8080/": cookieLocal,
		"https://127.0.0.1/": cookieName, "http://bridge.example/": cookieName, "https://bridge.example/": cookieName, "http://192.168.1.5:8080/": cookieName,
	} {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		c := Cookie(r, "value")
		if c.Name != want || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != (want == cookieName) || c.Valid() != nil {
			t.Errorf("%s: %v", url, c)
		}
		for _, other := range []string{cookieName, cookieLocal} {
			r := httptest.NewRequest(http.MethodGet, url+"?passerelle=q", nil)
			r.AddCookie(&http.Cookie{Name: other, Value: "one"})
			if got := Key(r) == "one"; got != (other == want) {
				t.Errorf("%s: %s is read: %v", url, other, got)
			}
			r.AddCookie(&http.Cookie{Name: want, Value: "two"})
			if got := Key(r); other == want && got != "" {
				t.Errorf("%s: of two cookies %q", url, got)
			}
		}
	}
}
