package identity

import (
	"context"
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

// subscriber is who a key makes a calendar.
func (o *office) subscriber(key string) (bridge.PersonID, error) {
	o.t.Helper()
	actor, _, err := o.Subscriber(httptest.NewRequest(http.MethodGet, "/", nil), key)
	return actor.Person.ID, err
}

// A feed's key opens while its owner may come in: not after another was made, it
// was ended, the account was closed or given another password, or they left.
func TestAFeedEnds(t *testing.T) {
	t.Parallel()
	alice := bridge.Actor{Person: person("alice", true), Connection: console}
	operator := bridge.Actor{Operator: true}
	for name, end := range map[string]func(o *office) error{
		"another one":      func(o *office) error { _, err := o.MakeFeed(t.Context(), alice, "fr"); return err },
		"by herself":       func(o *office) error { return o.EndFeed(t.Context(), alice, "alice") },
		"by an admin":      func(o *office) error { return o.EndFeed(t.Context(), operator, "alice") },
		"account closed":   func(o *office) error { return o.Disable(t.Context(), operator, "alice", "left") },
		"another password": func(o *office) error { return o.Reset(t.Context(), operator, "alice", secret.New(otherWords)) },
		"she is gone": func(o *office) error {
			dir, err := NewDirectory([]bridge.Person{person("alice", false)}, nil)
			o.opts.People.Use(dir)
			return err
		},
	} {
		o := newOffice(t)
		o.add("alice", goodWords)
		key, err := o.MakeFeed(t.Context(), alice, "fr")
		if err != nil {
			t.Fatal(err)
		}
		if len(key) != 43 {
			t.Errorf("the key has %d characters, 43 hold 256 bits", len(key))
		}
		if who, err := o.subscriber(key); who != "alice" || err != nil {
			t.Fatalf("%s: before: %s, %v", name, who, err)
		}
		if err := end(o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if who, err := o.subscriber(key); !errors.Is(err, ErrNoFeed) {
			t.Errorf("%s: still %q, %v", name, who, err)
		}
	}
}

// What was closed does not open again with the account, and the store holds no key.
func TestAClosedFeedStaysClosed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	alice := bridge.Actor{Person: person("alice", true), Connection: console}
	key, err := o.MakeFeed(t.Context(), alice, "fr")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := o.subscriber(hidden(key)); !errors.Is(err, ErrNoFeed) {
		t.Errorf("what the store holds opens it: %q, %v", who, err)
	}
	operator := bridge.Actor{Operator: true}
	if err := errors.Join(o.Disable(t.Context(), operator, "alice", "left"), o.Reset(t.Context(), operator, "alice", secret.New(otherWords))); err != nil {
		t.Fatal(err)
	}
	if _, err := o.subscriber(key); !errors.Is(err, ErrNoFeed) {
		t.Errorf("opened again with the account: %v", err)
	}
	if _, err := o.MakeFeed(t.Context(), bridge.Actor{Person: person("bob", true), Connection: console}, "fr"); !errors.Is(err, ErrNoSession) {
		t.Errorf("somebody without an account: %v", err)
	}
	if lines := strings.Join(o.lines, " "); !strings.Contains(lines, "alice|make calendar address|alice|") || strings.Contains(lines, key) {
		t.Errorf("the ledger: %s", lines)
	}
	err = o.store.View(func(tx *store.Tx) error {
		return feeds.Each(tx, "", "", func(at string, f Feed) (bool, error) { t.Errorf("left behind: %s %+v", at, f); return true, nil })
	})
	if err != nil {
		t.Error(err)
	}
}

// One who is written out of the config is forgotten by the next cleaning.
func TestFeedsOfTheGoneArePruned(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	if _, err := o.MakeFeed(t.Context(), bridge.Actor{Person: person("alice", true), Connection: console}, "fr"); err != nil {
		t.Fatal(err)
	}
	dir, err := NewDirectory(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.opts.People.Use(dir)
	if _, err := o.Prune(context.Background(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if f, there, err := o.FeedOf("alice"); there || err != nil {
		t.Errorf("%+v, %v", f, err)
	}
}

// Who asks again and again is told to wait, and so is who guesses.
func TestFeedsAreAskedInTurn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	key, err := o.MakeFeed(t.Context(), bridge.Actor{Person: person("alice", true), Connection: console}, "fr")
	if err != nil {
		t.Fatal(err)
	}
	for _, asked := range []string{key, "guess"} {
		var slow *TooOften
		for n := 0; !errors.As(err, &slow); n++ {
			if _, err = o.subscriber(asked); n > 1000 {
				t.Fatalf("%d questions were answered", n)
			}
		}
	}
}

// Any page on the web can have a browser ask for calendars: that costs nobody
// behind the same address their way in.
func TestGuessingAtFeedsLocksNobodyOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, &visit{client: visitor("", "", "").Client}))
	for range 2 * failureBurst {
		if _, _, err := o.Subscriber(r, "guess"); err == nil {
			t.Fatal("a guess is answered")
		}
	}
	o.mustSignIn("alice", goodWords, "")
}
