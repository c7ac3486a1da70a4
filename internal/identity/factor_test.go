package identity

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// phone is what somebody has beside their password.
type phone struct {
	o    *office
	seed string
}

// code is what it shows now, or so many steps later.
func (p phone) code(steps int) secret.String {
	p.o.t.Helper()
	text, err := totp.GenerateCode(p.seed, p.o.opts.Now().Add(time.Duration(steps)*stepLength))
	if err != nil {
		p.o.t.Fatal(err)
	}
	return secret.New(text)
}

// enrol sets up somebody's second factor in a session.
func (o *office) enrol(key string) (p phone, codes []string, fresh string) {
	o.t.Helper()
	actor, s, err := o.Session(o.t.Context(), key)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.OfferFactor(o.t.Context(), s); err != nil {
		o.t.Fatal(err)
	}
	own, err := o.Factor(s)
	if err != nil || !own.Since.IsZero() || !strings.Contains(own.URI.Reveal(), "issuer=Passerelle") {
		o.t.Fatalf("the offer: %v", err)
	}
	p = phone{o, own.Seed.Reveal()}
	codes, fresh, err = o.ConfirmFactor(o.t.Context(), actor, s, key, secret.New(goodWords), p.code(0))
	if err != nil {
		o.t.Fatal(err)
	}
	return p, codes, fresh
}

func (o *office) prove(key string, code secret.String) (Entry, error) {
	return o.Prove(o.t.Context(), key, code, visitor("", "", ""))
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	there := o.mustSignIn("alice", goodWords, "")
	first := o.mustSignIn("alice", goodWords, "")
	p, codes, here := o.enrol(first)
	if o.who(here) != "alice" || o.who(first)+o.who(there) != "" || len(codes) != recoveryCodes {
		t.Fatalf("setting it up keeps a key or another session, or gives %d codes", len(codes))
	}
	o.later(time.Minute)
	half := o.mustSignIn("alice", goodWords, "")
	if o.who(half) != "" {
		t.Fatal("the password alone opens a session")
	}
	if o.who(here) != "alice" {
		t.Error("a password alone ends another session")
	}
	if _, err := o.prove(half, secret.New("000000")); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code: %v", err)
	}
	e, err := o.prove(half, p.code(0))
	if err != nil || o.who(e.Key) != "alice" || o.who(half) != "" || e.Key == half || e.Awaits != "" {
		t.Fatalf("the right one: %+v, %v", e, err)
	}
	again := o.mustSignIn("alice", goodWords, "")
	if _, err := o.prove(again, p.code(0)); !errors.Is(err, ErrCode) {
		t.Errorf("the same code twice: %v", err)
	}
	if _, err := o.prove(again, p.code(-1)); !errors.Is(err, ErrCode) {
		t.Errorf("the code before the last: %v", err)
	}
	if _, err := o.prove(again, p.code(1)); err != nil {
		t.Errorf("the clock of the telephone is half a minute ahead: %v", err)
	}
	o.later(5 * time.Minute)
	late := o.mustSignIn("alice", goodWords, "")
	o.later(codeWithin)
	if _, err := o.prove(late, p.code(0)); !errors.Is(err, ErrNoSession) {
		t.Errorf("long after the password: %v", err)
	}
	if _, err := o.prove(e.Key, p.code(0)); !errors.Is(err, ErrNoSession) {
		t.Errorf("a session that awaits none: %v", err)
	}
	if !slices.Equal(o.lines, []string{"operator|add account|alice|", "alice|set up second factor|alice|"}) {
		t.Errorf("the ledger: %q", o.lines)
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	_, codes, _ := o.enrol(o.mustSignIn("alice", goodWords, ""))
	half := o.mustSignIn("alice", goodWords, "")
	typed := secret.New(" " + strings.ToLower(strings.ReplaceAll(codes[3], "-", " ")))
	e, err := o.prove(half, typed)
	if err != nil {
		t.Fatalf("a recovery code: %v", err)
	}
	if own, err := o.Factor(Session{Person: "alice"}); err != nil || own.Left != recoveryCodes-1 {
		t.Errorf("%d left, %v", own.Left, err)
	}
	half = o.mustSignIn("alice", goodWords, "")
	if _, err := o.prove(half, typed); !errors.Is(err, ErrCode) {
		t.Errorf("twice: %v", err)
	}
	actor, s, err := o.Session(t.Context(), e.Key)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := o.RenewRecovery(t.Context(), actor, s, secret.New(""), secret.New(codes[0]))
	if err != nil || len(fresh) != recoveryCodes || slices.Contains(fresh, codes[1]) {
		t.Fatalf("others: %d, %v", len(fresh), err)
	}
	if _, err := o.prove(half, secret.New(codes[1])); !errors.Is(err, ErrCode) {
		t.Errorf("one of those that were replaced: %v", err)
	}
	log, err := o.Log(3, false)
	if err != nil || log[0].How != ByCode || log[0].What != Refusal || !slices.ContainsFunc(log, func(l Access) bool { return l.What == Refusal }) {
		t.Errorf("%+v, %v", log, err)
	}
	err = o.store.View(func(tx *store.Tx) error {
		raw, _ := factors.Raw.Get(tx, "alice")
		for _, c := range append(codes, fresh...) {
			if strings.Contains(string(raw), c) || strings.Contains(string(raw), strings.ReplaceAll(c, "-", "")) {
				t.Error("the store holds a code that can be read")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Codes are guessed no faster than passwords, and knowing the password gives no
// new tries.
func TestGuessingCodes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	p, _, _ := o.enrol(o.mustSignIn("alice", goodWords, ""))
	o.later(time.Minute)
	half := o.mustSignIn("alice", goodWords, "")
	for range triesAtOnce - 1 {
		if _, err := o.prove(half, secret.New("123456")); !errors.Is(err, ErrCode) {
			t.Fatalf("a guess: %v", err)
		}
	}
	if _, err := o.prove(half, p.code(0)); !errors.As(err, new(*Locked)) {
		t.Errorf("after too many guesses: %v", err)
	}
	if _, err := o.signIn("alice", goodWords, ""); !errors.As(err, new(*Locked)) {
		t.Errorf("the password gives tries back: %v", err)
	}
	o.restart()
	if _, err := o.signIn("alice", goodWords, ""); !errors.As(err, new(*Locked)) {
		t.Errorf("a restart gives tries back: %v", err)
	}
	if err := o.Unlock(t.Context(), operatorActor, "alice"); err != nil {
		t.Fatal(err)
	}
	if e, err := o.prove(half, p.code(0)); err != nil || o.who(e.Key) != "alice" {
		t.Errorf("unlocked: %v", err)
	}
}

// A role that requires a second factor lets whoever has none do nothing else, from
// the next request on.
func TestRequiredStrength(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	key := o.mustSignIn("alice", goodWords, "")
	o.terms.Strength = policy.SecondFactor
	if o.who(key) != "" {
		t.Fatal("her session goes on")
	}
	e, err := o.SignIn(t.Context(), visitor("alice", goodWords, ""))
	if err != nil || e.Awaits != AwaitsFactor || o.who(e.Key) != "" {
		t.Fatalf("%+v, %v", e, err)
	}
	_, _, fresh := o.enrol(e.Key)
	if o.who(fresh) != "alice" {
		t.Fatal("set up, and not let in")
	}
	actor, s, err := o.Session(t.Context(), fresh)
	if err != nil {
		t.Fatal(err)
	}
	o.later(20 * time.Minute)
	own, err := o.Factor(Session{Person: "alice"})
	if err != nil || own.Seed.Reveal() != "" {
		t.Errorf("the seed can be read again: %v", err)
	}
	for _, c := range []struct {
		password string
		code     secret.String
		want     error
	}{{otherWords, secret.New("000000"), ErrSignIn}, {goodWords, secret.New("000000"), ErrCode}} {
		if _, err := o.RemoveFactor(t.Context(), actor, s, fresh, secret.New(c.password), c.code); !errors.Is(err, c.want) {
			t.Errorf("removed with a wrong password or code: %v", err)
		}
	}
	if err := o.ResetFactor(t.Context(), operatorActor, "alice", " "); err == nil {
		t.Error("reset without a motive")
	}
	if err := o.ResetFactor(t.Context(), operatorActor, "alice", "lost her telephone"); err != nil || o.who(fresh) != "" {
		t.Errorf("reset: %v, and she is still in: %q", err, o.who(fresh))
	}
	if err := o.ResetFactor(t.Context(), operatorActor, "alice", "again"); err == nil {
		t.Error("what is not there is reset")
	}
	if e, err = o.SignIn(t.Context(), visitor("alice", goodWords, "")); err != nil || e.Awaits != AwaitsFactor {
		t.Errorf("afterwards: %+v, %v", e, err)
	}
}

func TestRemoveFactor(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	p, _, key := o.enrol(o.mustSignIn("alice", goodWords, ""))
	o.later(30 * time.Minute)
	actor, s, err := o.Session(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.OfferFactor(t.Context(), s); err == nil {
		t.Error("another one is offered over the first")
	}
	fresh, err := o.RemoveFactor(t.Context(), actor, s, key, secret.New(goodWords), p.code(0))
	if err != nil || o.who(fresh) != "alice" || o.who(key) != "" {
		t.Fatalf("removed: %v", err)
	}
	if o.who(o.mustSignIn("alice", goodWords, "")) != "alice" {
		t.Error("a code is still asked for")
	}
	o.terms.Strength = policy.SecondFactor
	if o.who(fresh) != "" {
		t.Error("what a factor that is gone has shown still counts")
	}
}

// A seed is sealed, bound to its owner, and sealed again when the key changes.
func TestSeedsAreSealed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	o.add("bob", otherWords)
	p, _, _ := o.enrol(o.mustSignIn("alice", goodWords, ""))
	ring, err := secret.ParseKey(secret.New(strings.Repeat("cd", 32) + "\n" + strings.Repeat("ab", 32)))
	if err != nil {
		t.Fatal(err)
	}
	o.options.Seal = ring
	o.restart()
	if err := o.Reseal(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = o.store.View(func(tx *store.Tx) error {
		n := 0
		for sealed, err := range Sealed(tx) {
			if n++; err != nil || secret.SealedBy(sealed) != ring.ID() || strings.Contains(string(sealed), p.seed) {
				t.Errorf("not sealed by the new key: %v", err)
			}
		}
		if n != 1 {
			t.Errorf("%d seeds", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o.later(time.Minute)
	if e, err := o.prove(o.mustSignIn("alice", goodWords, ""), p.code(0)); err != nil || o.who(e.Key) != "alice" {
		t.Errorf("after the change of keys: %v", err)
	}
	err = o.store.Commit(t.Context(), func(tx *store.Tx) error { // a thief of the disk moves her seed
		f, err := factorOf(tx, "alice")
		if err != nil {
			return err
		}
		return factors.Put(tx, "bob", f)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.later(time.Minute)
	if _, err := o.prove(o.mustSignIn("bob", otherWords, ""), p.code(0)); !errors.Is(err, secret.ErrDamaged) {
		t.Errorf("a seed in the wrong place: %v", err)
	}
}

// A restart gives nobody new tries, and what has come back is forgotten.
func TestLockoutSurvivesARestart(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	for i := range triesAtOnce {
		if i == triesAtOnce/2 {
			o.restart()
		}
		if _, err := o.signIn("alice", "guess number one hundred", ""); !errors.Is(err, ErrSignIn) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	o.restart()
	if _, err := o.signIn("alice", goodWords, ""); !errors.As(err, new(*Locked)) {
		t.Errorf("after a restart: %v", err)
	}
	if err := o.Unlock(t.Context(), operatorActor, "nobody"); err == nil {
		t.Error("nobody is unlocked")
	}
	o.later(tryEvery + time.Minute)
	o.restart()
	o.mustSignIn("alice", goodWords, "")
	_, _ = o.signIn("alice", "guess number one hundred", "")
	o.later(time.Hour)
	if n, err := o.Prune(t.Context(), time.Time{}); err != nil || n != 2 { // a session and the tries
		t.Errorf("%d pruned, %v", n, err)
	}
}

// Attempts outside hours or networks are findings, one for each quarter of an hour.
func TestFindings(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	alice := bridge.Actor{Person: person("alice", true), Connection: console}
	from := visitor("", "", "").Client
	for range 3 {
		for _, shut := range []*policy.Shut{{Role: "caller"}, {Role: "caller", Away: true}} {
			if err := o.Found(t.Context(), alice, from, shut); err != nil {
				t.Fatal(err)
			}
		}
	}
	o.mustSignIn("alice", goodWords, "")
	o.later(findingEvery)
	if err := o.Found(t.Context(), alice, from, &policy.Shut{}); err != nil {
		t.Fatal(err)
	}
	log, err := o.Log(10, true)
	var got []string
	for _, l := range log {
		got = append(got, l.What+" "+string(l.Person)+" "+l.Client)
	}
	want := []string{"outside the hours alice 203.0.113.7", "outside the networks alice 203.0.113.7", "outside the hours alice 203.0.113.7"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}
