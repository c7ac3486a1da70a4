package identity

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// joined lets somebody join by a list, with an account.
func (o *office) joined(who bridge.PersonID, profile bridge.Profile) bridge.Person {
	o.t.Helper()
	p := bridge.Person{ID: who, Team: "floor", Territory: "north", Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{console: {Name: string(who), Profile: profile}}}
	if err := o.Restaff(o.t.Context(), operatorActor, []Move{{Is: p}}); err != nil {
		o.t.Fatal(err)
	}
	o.add(who, goodWords)
	return p
}

func left(p bridge.Person) bridge.Person {
	p.Active, p.Territory = false, ""
	p.Phoning = maps.Clone(p.Phoning)
	for c, login := range p.Phoning {
		login.Profile = ""
		p.Phoning[c] = login
	}
	return p
}

// Everything of somebody who leaves ends at once, and a name that comes back has
// nothing of it.
func TestALeaverHasNothingAndComesBackToNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.joined("zoe", "caller")
	key := o.mustSignIn("zoe", goodWords, "")
	actor, s, err := o.Session(t.Context(), key)
	if err != nil || o.devicesOf("zoe") == 0 {
		t.Fatal(err)
	}
	feed, err := o.MakeFeed(t.Context(), actor, "en")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.OfferFactor(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	tokens := NewTokens(TokenOptions{Store: o.store, People: o.opts.People, Note: o.options.Note, Now: o.options.Now})
	_, token, err := tokens.Make(t.Context(), operatorActor, TokenRequest{Name: "dialler", Person: "zoe", Days: 9})
	if err != nil {
		t.Fatal(err)
	}
	for range 9 { // one try is left
		_, _ = o.signIn("zoe", "none of her words", "")
	}

	if err := o.Restaff(t.Context(), operatorActor, []Move{{Was: p, Is: left(p)}}); err != nil {
		t.Fatal(err)
	}
	nothing := func(when string) {
		t.Helper()
		if o.who(key) != "" {
			t.Error(when, "the session goes on")
		}
		if _, _, err := o.Subscriber(httptest.NewRequest(http.MethodGet, "/", nil), feed); !errors.Is(err, ErrNoFeed) {
			t.Error(when, "the calendar goes on:", err)
		}
		if _, _, err := tokens.find(token.Reveal()); err == nil {
			t.Error(when, "the token goes on")
		}
		if _, err := o.signIn("zoe", goodWords, ""); !errors.Is(err, ErrSignIn) {
			t.Error(when, "the password goes on:", err)
		}
		if f, err := o.Factor(s); err != nil || !f.Seed.IsZero() {
			t.Error(when, "the second factor goes on")
		}
	}
	nothing("gone:")
	if !slices.Equal(o.left, []bridge.PersonID{"zoe", "zoe"}) || o.lines[len(o.lines)-1] != "operator|person leaves|zoe|" {
		t.Errorf("lines of %v were let go; the ledger says %q", o.left, o.lines)
	}

	back := p
	back.Territory = ""
	if err := o.Restaff(t.Context(), operatorActor, []Move{{Was: left(p), Is: back}}); err != nil {
		t.Fatal(err)
	}
	o.later(time.Minute)
	nothing("back:")
	if known := o.devicesOf("zoe"); known > 0 {
		t.Errorf("%d browsers know her", known)
	}
	if now, _ := o.opts.People.Directory().Person("zoe"); !now.Active || now.Territory != "" {
		t.Errorf("%+v", now)
	}
	o.add("zoe", otherWords)
	if o.who(key) != "" {
		t.Error("with another account, the session of before goes on")
	}
	if _, _, err := o.Subscriber(httptest.NewRequest(http.MethodGet, "/", nil), feed); !errors.Is(err, ErrNoFeed) {
		t.Error("with another account, the calendar of before goes on:", err)
	}
}

// devicesOf is how many browsers know somebody.
func (o *office) devicesOf(who bridge.PersonID) (n int) {
	o.t.Helper()
	err := o.store.View(func(tx *store.Tx) error {
		return devices.Each(tx, deviceKey(who, ""), "", func(string, device) (bool, error) {
			n++
			return true, nil
		})
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// A name that left the config and stands in it again finds nothing of before,
// even if nobody came by in between.
func TestANameThatComesBackInTheConfig(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	key := o.mustSignIn("alice", goodWords, "")
	before := o.opts.People.Directory()
	without, err := NewDirectory([]bridge.Person{person("bob", true)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.opts.People.Use(without)
	if err := o.Depart(t.Context(), []bridge.PersonID{"bob-without-account"}); err != nil {
		t.Fatal(err)
	}
	o.opts.People.Use(before)
	if o.who(key) != "" {
		t.Error("the session is good again")
	}
	if _, err := o.signIn("alice", goodWords, ""); !errors.Is(err, ErrSignIn) {
		t.Errorf("the password is good again: %v", err)
	}
	if !slices.Equal(o.left, []bridge.PersonID{"bob-without-account", "alice"}) {
		t.Errorf("lines of %v were let go", o.left)
	}
	o.add("alice", otherWords)
}

// An account that was closed by hand stays as it is, and opens again.
func TestAClosedAccountIsNoLeaver(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.joined("zoe", "caller")
	if err := o.Disable(t.Context(), operatorActor, "zoe", "holiday"); err != nil {
		t.Fatal(err)
	}
	if err := o.Depart(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Reset(t.Context(), operatorActor, "zoe", secret.New(otherWords)); err != nil {
		t.Error(err)
	}
}

// The moves are kept all or none.
func TestRestaffIsAllOrNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.joined("zoe", "caller")
	max := bridge.Person{ID: "max", Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{console: {Name: "max", Profile: "caller"}}}
	stale := p
	stale.Team = "another"
	thief := max
	thief.ID, thief.Phoning = "thief", map[bridge.ConnectionName]bridge.Login{console: {Name: "alice", Profile: "caller"}}
	for says, second := range map[string]Move{
		"zoe has changed meanwhile":  {Was: stale, Is: left(stale)},
		"max has changed meanwhile":  {Is: max},
		"the login is already that":  {Is: thief},
		"left has changed meanwhile": {Was: person("left", false), Is: person("left", true)},
	} {
		err := o.Restaff(t.Context(), operatorActor, []Move{{Is: max}, second})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if _, there := o.opts.People.Directory().Person("max"); there {
			t.Fatalf("%s: max is there", says)
		}
	}
	more, err := Added(o.store)
	if err != nil || len(more) != 1 {
		t.Errorf("%v, %v", more, err)
	}
}

// The last who may change the policy stays, whichever way they would go.
func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.joined("ada", "admin")
	demoted := p
	demoted.Phoning = map[bridge.ConnectionName]bridge.Login{console: {Name: "ada", Profile: "caller"}}
	ways := map[string]func() error{
		"a list lets her go":    func() error { return o.Restaff(t.Context(), operatorActor, []Move{{Was: p, Is: left(p)}}) },
		"a list makes her less": func() error { return o.Restaff(t.Context(), operatorActor, []Move{{Was: p, Is: demoted}}) },
		"her account closes":    func() error { return o.Disable(t.Context(), operatorActor, "ada", "left") },
	}
	for name, way := range ways {
		if err := way(); err == nil || !strings.Contains(err.Error(), "nobody could change the policy any more") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o.who(o.mustSignIn("ada", goodWords, "")) != "ada" {
		t.Error("she is out")
	}
	o.joined("eve", "admin")
	if err := ways["a list lets her go"](); err != nil {
		t.Error(err)
	}
}
