package identity

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
)

const (
	console = bridge.ConnectionName("phoning.console")
	dialler = bridge.ConnectionName("phoning.dialler")

	aliceToken  = "alice-token-0123456789"
	bobToken    = "bob-token-0123456789"
	hookToken   = "alice-dialler-0123456789"
	shortSecret = "hunter2"
)

func person(id bridge.PersonID, active bool) bridge.Person {
	return bridge.Person{
		ID: id, Active: active,
		Phoning: map[bridge.ConnectionName]bridge.Login{
			console: {Name: string(id), Profile: "caller"},
			dialler: {Name: string(id) + "@dialler", Profile: "agent"},
		},
	}
}

func directory(t testing.TB, aliceActive bool) *Directory {
	t.Helper()
	d, err := NewDirectory(
		[]bridge.Person{person("bob", true), person("alice", aliceActive)},
		[]Token{
			{"alice", console, secret.New(aliceToken)},
			{"alice", dialler, secret.New(hookToken)},
			{"bob", console, secret.New(bobToken)},
		})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	d := directory(t, true)
	if p, ok := d.Person("alice"); !ok || p.ID != "alice" {
		t.Errorf("Person: %v, %v", p, ok)
	}
	if p, ok := d.ByLogin(dialler, "alice@dialler"); !ok || p.ID != "alice" {
		t.Errorf("ByLogin: %v, %v", p, ok)
	}
	for _, c := range []struct {
		connection bridge.ConnectionName
		login      string
	}{{dialler, "alice"}, {console, "alice@dialler"}, {"phoning.other", "alice"}, {console, "Alice"}, {console, ""}} {
		if p, ok := d.ByLogin(c.connection, c.login); ok {
			t.Errorf("ByLogin(%s, %q) found %s", c.connection, c.login, p.ID)
		}
	}
	for token, want := range map[string]struct {
		person  bridge.PersonID
		profile bridge.Profile
	}{aliceToken: {"alice", "caller"}, hookToken: {"alice", "agent"}, bobToken: {"bob", "caller"}} {
		a, err := d.actor(digestOf(token))
		if err != nil || a.Person.ID != want.person || a.Profile() != want.profile || a.Operator {
			t.Errorf("Actor: %+v, %v; want %+v", a, err, want)
		}
	}
	for _, token := range []string{"", "alice", aliceToken + "x", aliceToken[:len(aliceToken)-1], strings.ToUpper(aliceToken)} {
		if _, err := d.actor(digestOf(token)); !errors.Is(err, ErrUnknownToken) {
			t.Errorf("Actor(%q): %v", token, err)
		}
	}
	if people := d.People(); len(people) != 2 || people[0].ID != "alice" {
		t.Errorf("People: %v", people)
	}
}

// What the caller does to its maps afterwards does not reach the directory.
func TestDirectoryNeverChanges(t *testing.T) {
	t.Parallel()
	alice := person("alice", true)
	d, err := NewDirectory([]bridge.Person{alice}, []Token{{"alice", console, secret.New(aliceToken)}})
	if err != nil {
		t.Fatal(err)
	}
	alice.Phoning[console] = bridge.Login{Name: "alice", Profile: "admin"}
	if a, err := d.actor(digestOf(aliceToken)); err != nil || a.Profile() != "caller" {
		t.Errorf("profile %q, %v", a.Profile(), err)
	}
}

func TestNewDirectoryRefuses(t *testing.T) {
	t.Parallel()
	alice, bob := person("alice", true), person("bob", true)
	thief := person("bob", true)
	thief.Phoning[dialler] = bridge.Login{Name: "alice@dialler", Profile: "agent"}
	blank := person("bob", true)
	blank.Phoning[console] = bridge.Login{Profile: "caller"}
	good := secret.New(aliceToken)
	cases := []struct {
		name   string
		people []bridge.Person
		tokens []Token
		says   string
	}{
		{"no id", []bridge.Person{{}}, nil, "without an id"},
		{"the operator's id", []bridge.Person{person("operator", true)}, nil, "people.operator: this id"},
		{"a person twice", []bridge.Person{alice, alice}, nil, "people.alice: stands twice"},
		{"a login twice", []bridge.Person{alice, thief}, nil, "people.bob.phoning.phoning.dialler: the login is already that of alice"},
		{"no login", []bridge.Person{blank}, nil, "the login is missing"},
		{"nobody's token", []bridge.Person{alice}, []Token{{"carol", console, good}}, `tokens[0]: there is no person "carol"`},
		{"a token for elsewhere", []bridge.Person{alice}, []Token{{"alice", "phoning.other", good}}, `alice has no login on "phoning.other"`},
		{"a short token", []bridge.Person{alice}, []Token{{"alice", console, secret.New(shortSecret)}}, "at least 16 characters"},
		{"no token", []bridge.Person{alice}, []Token{{Person: "alice", Connection: console}}, "at least 16 characters"},
		{"a token with a space", []bridge.Person{alice}, []Token{{"alice", console, secret.New("hunter2 hunter2 hunter2")}}, "none of them a space"},
		{"one token, two people", []bridge.Person{alice, bob}, []Token{{"alice", console, good}, {"bob", console, good}}, "tokens[1]: the token of bob is also that of alice"},
		{"one token, two connections", []bridge.Person{alice}, []Token{{"alice", console, good}, {"alice", dialler, good}}, "also that of alice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := NewDirectory(c.people, c.tokens)
			if err == nil || d != nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v; want one that says %q", err, c.says)
			}
			if strings.Contains(err.Error(), shortSecret) || strings.Contains(err.Error(), aliceToken) {
				t.Errorf("the error holds a token: %v", err)
			}
		})
	}
	_, err := NewDirectory([]bridge.Person{{}, thief}, []Token{{"carol", console, good}})
	if err == nil || !strings.Contains(err.Error(), "without an id") || !strings.Contains(err.Error(), "carol") {
		t.Errorf("not everything is reported: %v", err)
	}
}

// A person who leaves is refused from the next question on, by token and not
// only after a restart; each question sees one whole directory.
func TestPeopleUse(t *testing.T) {
	t.Parallel()
	active, left := directory(t, true), directory(t, false)
	people := NewPeople(active)
	if _, err := people.Directory().actor(digestOf(aliceToken)); err != nil {
		t.Fatal(err)
	}
	people.Use(left)
	if _, err := people.Directory().actor(digestOf(aliceToken)); !errors.Is(err, ErrInactive) {
		t.Errorf("after leaving: %v", err)
	}
	if p, ok := people.Directory().Person("alice"); !ok || p.Active {
		t.Errorf("Person after leaving: %v, %v: she must still be found", p, ok)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				people.Use([]*Directory{active, left}[i%2])
				if p, ok := people.ByLogin(console, "bob"); !ok || p.ID != "bob" {
					t.Error("bob was lost for a moment")
				}
			}
		})
	}
	wg.Wait()
}
