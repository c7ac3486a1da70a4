package identity

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Carol and dan hold the keys of the policy; alice and bob do not.
const keysPolicy = `
version: 1
roles:
  caller: {grants: [{on: prospect, scope: assigned, read: [class public]}]}
  keeper: {grants: [{on: policy, scope: all, actions: [propose, write]}]}
  writer: {grants: [{on: policy, scope: all, actions: [propose]}]}
profiles:
  phoning.console: {agent: caller, keeper: keeper, writer: writer}
`

func withProfile(id bridge.PersonID, profile bridge.Profile) bridge.Person {
	return bridge.Person{ID: id, Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{console: {Name: string(id), Profile: profile}}}
}

// vault is an office whose programs have tokens, behind a guard.
type vault struct {
	*office
	tokens *Tokens
	people *People
	guard  *Guard
}

func newVault(t *testing.T) *vault {
	t.Helper()
	o := newOffice(t)
	v := &vault{office: o}
	p, err := policy.Load("policy.yaml", []byte(keysPolicy), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	v.people = NewPeople(nil)
	v.staff("alice", "bob", "carol", "dan", "eve")
	v.tokens = NewTokens(TokenOptions{Store: o.store, People: v.people, Policy: func() *policy.Policy { return p }, Note: o.Accounts.opts.Note, Now: o.Accounts.opts.Now})
	v.guard = guard(t, func(g *Options) {
		g.People, g.Tokens, g.Now = v.people, v.tokens, o.Accounts.opts.Now
	})
	return v
}

// staff is who works here from now on.
func (v *vault) staff(ids ...bridge.PersonID) {
	v.t.Helper()
	v.employ(map[bridge.PersonID]bridge.Profile{"carol": "keeper", "dan": "keeper", "eve": "writer"}, ids...)
}

// employ has people with these profiles, and the others as agents.
func (v *vault) employ(profiles map[bridge.PersonID]bridge.Profile, ids ...bridge.PersonID) {
	v.t.Helper()
	var people []bridge.Person
	for _, id := range ids {
		profile := profiles[id]
		if profile == "" {
			profile = "agent"
		}
		people = append(people, withProfile(id, profile))
	}
	dir, err := NewDirectory(people, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.people.Use(dir)
}

func (v *vault) as(id bridge.PersonID) bridge.Actor {
	p, _ := v.people.Directory().Person(id)
	return bridge.Actor{Person: p, Connection: console}
}

func (v *vault) make(r TokenRequest) (ServiceToken, string) {
	v.t.Helper()
	made, token, err := v.tokens.Make(v.t.Context(), operatorActor, r)
	if err != nil {
		v.t.Fatal(err)
	}
	return made, token.Reveal()
}

// knock asks with a token, and answers the status and the text.
func (v *vault) knock(method, path, token string) (int, string) {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = "203.0.113.9:4711"
	r.Header.Set("Authorization", "Bearer "+token)
	w := serve(v.guard.Trace(v.guard.Authenticate(whoami)), r)
	return w.Code, w.Body.String()
}

func (v *vault) visits() (out []string) {
	v.t.Helper()
	found, err := v.Log(100, false)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, l := range slices.Backward(found) {
		out = append(out, l.What+" "+string(l.Person)+" "+l.Client)
	}
	return out
}

func TestServiceToken(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	made, token := v.make(TokenRequest{Name: "export", Person: "alice", Days: 30})
	if !regexp.MustCompile(`^passerelle_[a-z2-7]{16}_[a-z2-7]{52}$`).MatchString(token) || !strings.Contains(token, made.ID) {
		t.Fatal("the token is not of the form that scanners know")
	}
	if code, says := v.knock("POST", "/v1/me", token); code != 200 || says != "alice on phoning.console" {
		t.Fatalf("%d %s", code, says)
	}
	v.later(30 * time.Second)
	v.knock("GET", "/v1/me", token) // within the minute: nothing is kept
	found, err := v.tokens.List()
	if err != nil || len(found) != 1 || found[0].Client != "203.0.113.9" || !found[0].Used.Equal(v.tokens.opts.Now().Add(-30*time.Second)) {
		t.Fatalf("%+v %v", found, err)
	}
	v.later(30 * 24 * time.Hour)
	if code, says := v.knock("GET", "/v1/me", token); code != 401 || !strings.Contains(says, "expired") || strings.Contains(says, token) {
		t.Errorf("after its end: %d %s", code, says)
	}
	want := []string{"token made alice ", "token used alice 203.0.113.9", "refused alice 203.0.113.9"}
	if got := v.visits(); !slices.Equal(got, want) {
		t.Errorf("the access log says %q, want %q", got, want)
	}
	if want := []string{"operator|make token|alice|export, " + made.ID}; !slices.Equal(v.lines, want) {
		t.Errorf("the ledger says %q, want %q", v.lines, want)
	}
}

// What is stored opens nothing.
func TestAServiceTokenIsStoredHashed(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	made, token := v.make(TokenRequest{Name: "export", Person: "alice", Days: 30})
	_, own, _ := cutToken(token)
	err := v.store.View(func(tx *store.Tx) error {
		raw, ok := serviceTokens.Raw.Get(tx, made.ID)
		if !ok || strings.Contains(string(raw), own) {
			t.Error("the store holds the token, or nothing of it")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]string{
		"the hash": tokenMark + made.ID + "_" + hex.EncodeToString(made.Hash), "no secret": tokenMark + made.ID + "_", "no id": tokenMark + "_" + own,
		"another's id": tokenMark + strings.Repeat("a", 16) + "_" + own, "one letter": token[:len(token)-1] + "1", "cut": token[:40], "the mark": tokenMark,
	} {
		if code, says := v.knock("GET", "/v1/me", wrong); code != 401 || !strings.Contains(says, "not known") {
			t.Errorf("%s: %d %s", name, code, says)
		}
	}
}

func TestAReadOnlyTokenChangesNothing(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	_, token := v.make(TokenRequest{Name: "board", Person: "alice", Days: 1, ReadOnly: true})
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 403, "PUT": 403, "DELETE": 403, "PATCH": 403, "OPTIONS": 403} {
		if code, says := v.knock(method, "/v1/leads/close", token); code != want {
			t.Errorf("%s: %d %s, want %d", method, code, says, want)
		}
	}
}

// A token in an address is refused, good or not, with a good one beside or not.
func TestATokenInTheAddress(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	_, token := v.make(TokenRequest{Name: "export", Person: "alice", Days: 30})
	for _, path := range []string{"/v1/me?access_token=x", "/v1/me?q=" + token, "/v1/leads/" + token, "/v1/me?" + token} {
		if code, says := v.knock("GET", path, token); code != http.StatusBadRequest || strings.Contains(says, token) {
			t.Errorf("%d %s", code, says)
		}
	}
}

// Two of a name are good while one takes the other's place; revoking ends one at
// once.
func TestRotation(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	r := TokenRequest{Name: "export", Person: "alice", Days: 30}
	first, old := v.make(r)
	_, young := v.make(r)
	var no *Refused
	if _, _, err := v.tokens.Make(t.Context(), operatorActor, r); !errors.As(err, &no) || !strings.Contains(no.Error(), "revoke the older one") {
		t.Errorf("a third: %v", err)
	}
	if _, _, err := v.tokens.Make(t.Context(), operatorActor, TokenRequest{Name: "export", Person: "bob", Days: 30}); !errors.As(err, &no) || !strings.Contains(no.Error(), "token of alice") {
		t.Errorf("another person's: %v", err)
	}
	for range 2 { // again does nothing
		if err := v.tokens.Revoke(t.Context(), operatorActor, first.ID, "rotated"); err != nil {
			t.Fatal(err)
		}
	}
	if code, says := v.knock("GET", "/v1/me", old); code != 401 || !strings.Contains(says, "revoked") {
		t.Errorf("the old one: %d %s", code, says)
	}
	if code, _ := v.knock("GET", "/v1/me", young); code != 200 {
		t.Errorf("the young one: %d", code)
	}
	if got := v.lines[len(v.lines)-1]; got != "operator|revoke token|alice|export, "+first.ID+": rotated" || len(v.lines) != 3 {
		t.Errorf("the ledger says %q", v.lines)
	}
	v.make(r) // there is room again
	if err := v.tokens.Revoke(t.Context(), operatorActor, "nothing", ""); !errors.As(err, new(*NoToken)) {
		t.Errorf("no such token: %v", err)
	}
}

func TestWhoGivesTokens(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	for _, c := range []struct {
		by, on bridge.PersonID
		good   bool
	}{
		{"", "alice", true}, {"", "dan", true}, {"carol", "alice", true}, {"carol", "carol", true},
		{"carol", "dan", false}, {"carol", "eve", false}, // the second key
		{"alice", "alice", false}, {"alice", "bob", false}, {"eve", "eve", false}, {"eve", "alice", false},
	} {
		by := operatorActor
		if c.by != "" {
			by = v.as(c.by)
		}
		made, _, err := v.tokens.Make(t.Context(), by, TokenRequest{Name: "for " + string(c.by+c.on), Person: c.on, Days: 1})
		if (err == nil) != c.good {
			t.Errorf("%s gives one of %s: %v", by.Name(), c.on, err)
		}
		if err == nil {
			if err := v.tokens.Revoke(t.Context(), v.as("alice"), made.ID, ""); !errors.As(err, new(*Refused)) {
				t.Errorf("alice revokes one: %v", err)
			}
		}
	}
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	for says, r := range map[string]TokenRequest{
		"which program":            {Person: "alice", Days: 1},
		"in 100 bytes":             {Name: strings.Repeat("x", 101), Person: "alice", Days: 1},
		"there is nobody":          {Name: "x", Person: "nobody", Days: 1},
		"alice has a login on pho": {Name: "x", Person: "alice", Connection: "phoning.other", Days: 1},
		"1 to 366":                 {Name: "x", Person: "alice"},
		"how many days":            {Name: "x", Person: "alice", Days: 367},
	} {
		_, _, err := v.tokens.Make(t.Context(), operatorActor, r)
		if !errors.As(err, new(*Refused)) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", r, err, says)
		}
		if said := bilingual.Of(err); said.In("fr") == said.In("en") {
			t.Errorf("in French: %s", said.In("fr"))
		}
	}
}

// The tokens of who leaves are over, also once the name is back.
func TestTokensEndWithTheirPerson(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	_, token := v.make(TokenRequest{Name: "export", Person: "alice", Days: 30})
	v.staff("bob", "carol", "dan", "eve")
	if code, _ := v.knock("GET", "/v1/me", token); code != 403 {
		t.Errorf("hers, gone: %d", code)
	}
	if _, err := v.tokens.Prune(t.Context(), v.tokens.opts.Now()); err != nil {
		t.Fatal(err)
	}
	v.staff("alice", "bob", "carol", "dan", "eve")
	if code, _ := v.knock("GET", "/v1/me", token); code != 401 {
		t.Errorf("hers, back: %d", code)
	}
	v.add("bob", goodWords)
	_, his := v.make(TokenRequest{Name: "bobs", Person: "bob", Days: 30})
	if err := v.Disable(t.Context(), operatorActor, "bob", "left"); err != nil {
		t.Fatal(err)
	}
	if err := v.Reset(t.Context(), operatorActor, "bob", secret.New(otherWords)); err != nil {
		t.Fatal(err)
	}
	if code, says := v.knock("GET", "/v1/me", his); code != 401 || !strings.Contains(says, "revoked") {
		t.Errorf("his, closed and opened again: %d %s", code, says)
	}
	v.later(24 * time.Hour)
	if n, err := v.tokens.Prune(t.Context(), v.tokens.opts.Now()); n != 2 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
}

// Wrong tokens cannot be tried often, and those that are over fill no log.
func TestEndedTokensFillNoLog(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	made, token := v.make(TokenRequest{Name: "export", Person: "alice", Days: 30})
	if err := v.tokens.Revoke(t.Context(), operatorActor, made.ID, ""); err != nil {
		t.Fatal(err)
	}
	last := 0
	for range failureBurst + 10 {
		last, _ = v.knock("GET", "/v1/me", token)
	}
	if got := v.visits(); last != 429 || len(got) != 2+failureBurst {
		t.Errorf("%d; the access log has %d lines", last, len(got))
	}
}

// Who knows another's token has neither their new key to the policy nor, once
// gone, anything at all.
func TestATokenGivenByAnotherIsJudgedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		by       bridge.PersonID // "" is the operator
		profiles map[bridge.PersonID]bridge.Profile
		staff    []bridge.PersonID
		want     int
	}{
		{"as it was", "carol", map[bridge.PersonID]bridge.Profile{"carol": "keeper"}, []bridge.PersonID{"alice", "carol"}, 200},
		{"its bearer comes to write the policy", "carol", map[bridge.PersonID]bridge.Profile{"carol": "keeper", "alice": "keeper"}, []bridge.PersonID{"alice", "carol"}, 401},
		{"its bearer comes to propose", "carol", map[bridge.PersonID]bridge.Profile{"carol": "keeper", "alice": "writer"}, []bridge.PersonID{"alice", "carol"}, 401},
		{"its giver has gone", "carol", nil, []bridge.PersonID{"alice"}, 401},
		{"the operator's, and its bearer comes to propose", "", map[bridge.PersonID]bridge.Profile{"alice": "writer"}, []bridge.PersonID{"alice"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVault(t)
			by := operatorActor
			if c.by != "" {
				by = v.as(c.by)
			}
			_, token, err := v.tokens.Make(t.Context(), by, TokenRequest{Name: "export", Person: "alice", Connection: console, Days: 30})
			if err != nil {
				t.Fatal(err)
			}
			if status, _ := v.knock("GET", "/v1/leads", token.Reveal()); status != 200 {
				t.Fatalf("before: %d", status)
			}
			v.employ(c.profiles, c.staff...)
			if status, text := v.knock("GET", "/v1/leads", token.Reveal()); status != c.want {
				t.Errorf("%d: %s", status, text)
			}
		})
	}
}
