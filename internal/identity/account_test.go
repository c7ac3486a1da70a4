package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

const (
	goodWords  = "rivage cartable mandoline"
	otherWords = "verglas tabouret ocarina"
)

// office is accounts on a store of their own, whose clock the test sets.
type office struct {
	*Accounts
	t     *testing.T
	now   atomic.Int64
	terms Terms
	lines []string
	left  []bridge.PersonID // whose lines were let go
	store *store.Store

	options AccountOptions
}

// restart begins again with what the store holds.
func (o *office) restart() {
	o.t.Helper()
	var err error
	if o.Accounts, err = NewAccounts(o.options); err != nil {
		o.t.Fatal(err)
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	o := &office{t: t, store: s, terms: Terms{Idle: time.Hour, Longest: 8 * time.Hour, AtOnce: 2}}
	o.now.Store(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).UnixNano())
	written := []bridge.Person{person("alice", true), person("bob", true), person("left", false)}
	dir, err := NewDirectory(written, nil)
	if err != nil {
		t.Fatal(err)
	}
	people := NewPeople(dir)
	key, err := secret.ParseKey(secret.New(strings.Repeat("ab", 32)))
	if err != nil {
		t.Fatal(err)
	}
	o.options = AccountOptions{
		Store: s, People: people, Doors: []bridge.ConnectionName{console},
		Terms: func(bridge.Actor) Terms { return o.terms },
		Note: func(_ *store.Tx, by bridge.Actor, kind string, on bridge.PersonID, motive string) error {
			o.lines = append(o.lines, strings.Join([]string{by.Name(), kind, string(on), motive}, "|"))
			return nil
		},
		Governs: func(p bridge.Person) bool { return p.Phoning[console].Profile == "admin" },
		Left: func(_ *store.Tx, _ bridge.Actor, who bridge.PersonID) error {
			o.left = append(o.left, who)
			return nil
		},
		Changed: func() error {
			more, err := Added(s)
			if err != nil {
				return err
			}
			dir, err := NewDirectory(slices.Concat(written, more), nil)
			if err == nil {
				people.Use(dir)
			}
			return err
		},
		Now: func() time.Time { return time.Unix(0, o.now.Load()) }, Seal: key, Issuer: "Passerelle test",
	}
	o.restart()
	return o
}

func (o *office) later(d time.Duration) { o.now.Add(int64(d)) }

var operatorActor = bridge.Actor{Operator: true}

func (o *office) add(who bridge.PersonID, password string) {
	o.t.Helper()
	if err := o.Add(o.t.Context(), operatorActor, Newcomer{Person: who, Password: secret.New(password)}); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) signIn(login, password, former string) (string, error) {
	e, err := o.SignIn(o.t.Context(), visitor(login, password, former))
	return e.Key, err
}

func visitor(login, password, former string) Visitor {
	return Visitor{Login: login, Password: secret.New(password), Client: netip.MustParseAddr("203.0.113.7"), Agent: "test", Former: former, Device: strings.Repeat("d", keyLength)}
}

func (o *office) mustSignIn(login, password, former string) string {
	o.t.Helper()
	key, err := o.signIn(login, password, former)
	if err != nil {
		o.t.Fatalf("sign in as %s: %v", login, err)
	}
	return key
}

// who is signed in with a key, "" if nobody.
func (o *office) who(key string) bridge.PersonID {
	o.t.Helper()
	actor, s, err := o.Session(o.t.Context(), key)
	if err != nil && !errors.Is(err, ErrNoSession) {
		o.t.Fatal(err)
	}
	if s.Awaits != "" {
		return ""
	}
	return actor.Person.ID
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for password, good := range map[string]bool{
		goodWords: true, "été à la Réunion, 3 fois": true, "tR9$kkw2!pQz": true, "ёлка зимой стоит": true,
		"court1234!": false, "123456789012": false, "1234567890123456": false, "aaaaaaaaaaaaaa": false, "abababababababab": false,
		"motdepasse2026!": false, "MotDePasse-MotDePasse": false, "azertyuiopqsdfghjklm": false, "Bonjour!!!!2026": false,
		"camille1234567": false, "passwordpassword": false, "je suis alice.martin!": false, "\xff\xfe\xfd rivage cartable": false,
		strings.Repeat("rivage ", 100): false,
	} {
		err := CheckPassword(secret.New(password), "alice.martin")
		if (err == nil) != good {
			t.Errorf("%.40q: %v", password, err)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the error holds the password: %v", err)
		}
		if err != nil && !strings.HasPrefix(bilingual.Of(err).In("fr"), "le mot de passe ") {
			t.Errorf("in French: %s", bilingual.Of(err).In("fr"))
		}
	}
}

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	hash := hashPassword(secret.New(goodWords))
	if again := hashPassword(secret.New(goodWords)); hash == again || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s, %s", hash, again)
	}
	for password, want := range map[string]bool{goodWords: true, goodWords + " ": false, "": false} {
		if got, err := samePassword(hash, secret.New(password)); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	for _, broken := range []string{"", "$argon2id$v=19$m=19456,t=2,p=1$AAAA", strings.Replace(hash, "argon2id", "argon2i", 1), hash[:len(hash)-4]} {
		if _, err := samePassword(broken, secret.New(goodWords)); err == nil {
			t.Errorf("%q is taken", broken)
		}
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	zoe := Newcomer{Person: "zoe", Name: "Zoé", Team: "floor", Profile: "caller", Password: secret.New(goodWords)}
	if err := o.Add(t.Context(), operatorActor, zoe); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		new  Newcomer
		says string
	}{
		{"twice", Newcomer{Person: "alice", Password: secret.New(goodWords)}, "alice has an account"},
		{"a record of the config", Newcomer{Person: "bob", Name: "Robert", Password: secret.New(goodWords)}, "bob stands in the config"},
		{"no profile", Newcomer{Person: "max", Password: secret.New(goodWords)}, "max is new: say their profile on phoning.console"},
		{"no such door", Newcomer{Person: "max", Profile: "caller", Connection: dialler, Password: secret.New(goodWords)}, "one of phoning.console"},
		{"a weak password", Newcomer{Person: "max", Profile: "caller", Password: secret.New("motdepasse123")}, "everybody tries first"},
		{"the operator", Newcomer{Person: "operator", Profile: "caller", Password: secret.New(goodWords)}, "machine operator's"},
	} {
		if err := o.Add(t.Context(), operatorActor, c.new); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
	key := o.mustSignIn("zoe", goodWords, "")
	if actor, s, err := o.Session(t.Context(), key); err != nil || actor.Person.Name != "Zoé" || actor.Profile() != "caller" || s.Client != "203.0.113.7" {
		t.Errorf("%+v, %+v, %v", actor, s, err)
	}
	all, err := o.List()
	if err != nil || len(all) != 2 || all[0].Added || !all[1].Added || all[1].Sessions != 1 || all[1].LastLogin.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
	if err := o.Disable(t.Context(), operatorActor, "zoe", ""); err == nil {
		t.Error("disabled without a motive")
	}
	if err := o.Disable(t.Context(), operatorActor, "zoe", "left"); err != nil {
		t.Fatal(err)
	}
	if p, _ := o.opts.People.Directory().Person("zoe"); p.Active || o.who(key) != "" {
		t.Error("she is still there")
	}
	if _, err := o.signIn("zoe", goodWords, ""); !errors.Is(err, ErrSignIn) {
		t.Errorf("a closed account: %v", err)
	}
	if err := o.Reset(t.Context(), operatorActor, "zoe", secret.New(otherWords)); err != nil {
		t.Fatal(err)
	}
	if p, _ := o.opts.People.Directory().Person("zoe"); !p.Active || o.who(o.mustSignIn("zoe", otherWords, "")) != "zoe" {
		t.Error("she cannot come back")
	}
	if err := o.Reset(t.Context(), operatorActor, "nobody", secret.New(otherWords)); err == nil {
		t.Error("nobody has an account")
	}
	want := []string{"operator|add account|alice|", "operator|add account|zoe|", "operator|disable account|zoe|left", "operator|reset account|zoe|"}
	if !slices.Equal(o.lines, want) {
		t.Errorf("the ledger says %q", o.lines)
	}
}

// Somebody stands in the config or in the store, not in both.
func TestApart(t *testing.T) {
	t.Parallel()
	zoe := person("zoe", true)
	thief := person("zach", true)
	thief.Phoning[console] = bridge.Login{Name: "zoe", Profile: "caller"}
	for says, written := range map[string][]bridge.Person{
		"": {person("alice", true)}, "people.zoe: was added": {person("zoe", true)}, "people.zach.phoning.phoning.console: the login is that of zoe": {thief},
	} {
		err := Apart(written, []bridge.Person{zoe})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestBruteForce(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"alice", "nobody"} {
		o := newOffice(t)
		o.add("alice", goodWords)
		for i := range triesAtOnce {
			if _, err := o.signIn(login, "guess number one hundred", ""); !errors.Is(err, ErrSignIn) {
				t.Fatalf("%s, guess %d: %v", login, i, err)
			}
		}
		_, err := o.signIn(login, goodWords, "")
		locked, ok := errors.AsType[*Locked](err)
		if !ok || locked.For <= 0 || locked.For > tryEvery {
			t.Fatalf("%s: after %d guesses the right one: %v", login, triesAtOnce, err)
		}
		if login != "alice" {
			continue
		}
		if all, err := o.List(); err != nil || all[0].Locked <= 0 {
			t.Errorf("nobody sees that it is locked: %+v, %v", all, err)
		}
		if err := o.Reset(t.Context(), operatorActor, "alice", secret.New(otherWords)); err != nil {
			t.Fatal(err)
		}
		o.mustSignIn("alice", otherWords, "") // the way out
		for range triesAtOnce {
			_, _ = o.signIn(login, "guess number one hundred", "")
		}
		o.later(tryEvery + time.Minute)
		o.mustSignIn("alice", otherWords, "") // the other one
	}
}

// One address cannot go on through other logins.
func TestBruteForceOfManyLogins(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	locked := 0
	for i := range 2 * failureBurst {
		if _, err := o.signIn("nobody-"+string(rune('a'+i)), goodWords, ""); errors.As(err, new(*Locked)) {
			locked++
		}
	}
	if locked < failureBurst-1 {
		t.Errorf("%d of %d tries were refused", locked, 2*failureBurst)
	}
	if log, err := o.Log(1000, false); err != nil || len(log) > failureBurst+1 || len(log) < failureBurst || log[0].Person != "" || log[0].What != Refusal {
		t.Errorf("%d lines of the log, %v", len(log), err)
	}
}

// How long it takes does not tell whether there is such an account. The machine
// may be busy for a while: what does not go away in ten rounds is ours.
func TestTimingOfUnknownAccounts(t *testing.T) {
	o := newOffice(t)
	o.add("alice", goodWords)
	var told string
	for range 10 {
		o.later(24 * time.Hour) // everybody may try again
		if told = o.timing("nobody", "left"); told == "" {
			return
		}
	}
	t.Error(told)
}

// timing compares how long wrong passwords of these logins and of alice's account
// take at least, in turn; "" where it is much the same.
func (o *office) timing(logins ...string) string {
	o.t.Helper()
	least := map[string]time.Duration{}
	for range triesAtOnce - 1 {
		for _, login := range append(logins, "alice") {
			o.later(time.Minute) // the address may try again
			began := time.Now()
			if _, err := o.signIn(login, "guess number one hundred", ""); !errors.Is(err, ErrSignIn) {
				o.t.Fatal(err)
			}
			if took := time.Since(began); least[login] == 0 || took < least[login] {
				least[login] = took
			}
		}
	}
	for _, login := range logins {
		if ratio := float64(least[login]) / float64(least["alice"]); ratio < 0.4 || ratio > 2.5 {
			return fmt.Sprintf("%s takes %s, a known account %s", login, least[login], least["alice"])
		}
	}
	return ""
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	_, _ = o.signIn("my-password-typed-in-the-wrong-box", "x", "")
	o.later(time.Hour)
	_, _ = o.signIn("alice", "x", "")
	o.later(time.Hour)
	key := o.mustSignIn("alice", goodWords, "")
	o.later(time.Minute)
	if err := o.SignOut(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	log, err := o.Log(10, false)
	var got []string
	for _, l := range log {
		got = append(got, l.What+" "+string(l.Person)+" "+l.Client)
	}
	want := []string{"signed out alice 203.0.113.7", "signed in alice 203.0.113.7", "refused alice 203.0.113.7", "refused  203.0.113.7"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if n, err := o.Prune(context.Background(), time.Unix(0, o.now.Load()).Add(-90*time.Minute)); err != nil || n != 1 {
		t.Errorf("%d pruned, %v", n, err)
	}
	if log, _ := o.Log(10, false); len(log) != 3 {
		t.Errorf("%d lines left", len(log))
	}
}
