package identity

import (
	"errors"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

func (o *office) vouched(login string, shown policy.Strength) (Entry, error) {
	return o.SignInVouched(o.t.Context(), Visitor{Login: login, Client: netip.MustParseAddr("203.0.113.7"), Agent: "test"}, shown)
}

// The provider's word opens a session for whom we know, and for nobody else.
func TestSignInVouched(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	entry, err := o.vouched("alice", policy.PasswordAlone) // she has no account of ours yet
	if err != nil || o.who(entry.Key) != "alice" {
		t.Fatalf("%+v %v", entry, err)
	}
	if _, err := o.signIn("alice", "", ""); !errors.Is(err, ErrSignIn) {
		t.Errorf("with no password: %v", err)
	}
	for _, login := range []string{"nobody", "left", "", " "} {
		if entry, err := o.vouched(login, policy.PasswordAlone); !errors.Is(err, ErrStranger) || entry.Key != "" {
			t.Errorf("%q: %+v %v", login, entry, err)
		}
	}
	if err := o.Disable(t.Context(), operatorActor, "alice", "left"); err != nil {
		t.Fatal(err)
	}
	if o.who(entry.Key) != "" {
		t.Error("her session goes on")
	}
	if entry, err := o.vouched("alice", policy.SecondFactor); !errors.Is(err, ErrStranger) || entry.Key != "" {
		t.Errorf("closed: %+v %v", entry, err)
	}
	lines, err := o.Log(1, false)
	if err != nil || lines[0].What != Refusal || lines[0].Person != "alice" || lines[0].How != ByProvider {
		t.Errorf("the access log says %+v %v", lines, err)
	}
}

// Sessions of the provider's are bound as all are.
func TestVouchedSessionsAreBound(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var keys []string
	for range 3 { // two at once
		e, err := o.vouched("alice", policy.PasswordAlone)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
		o.later(time.Minute)
	}
	if got := []bridge.PersonID{o.who(keys[0]), o.who(keys[1]), o.who(keys[2])}; !slices.Equal(got, []bridge.PersonID{"", "alice", "alice"}) {
		t.Errorf("at once: %q", got)
	}
	o.later(o.terms.Idle)
	if o.who(keys[2]) != "" {
		t.Error("it does not end by itself")
	}
}

// A second factor that the provider has seen is enough; less is not.
func TestVouchedStrength(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.terms.Strength = policy.SecondFactor
	for shown, want := range map[policy.Strength]Awaits{policy.SecondFactor: "", policy.PasswordAlone: AwaitsFactor} {
		if e, err := o.vouched("alice", shown); err != nil || e.Awaits != want {
			t.Errorf("%q: %+v %v", shown, e, err)
		}
	}
}

// Where passwords are switched off they open nothing, but for the few.
func TestPasswordsSwitchedOff(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.opts.ByPassword = func(id bridge.PersonID) bool { return id == "bob" }
	o.add("alice", goodWords)
	o.add("bob", goodWords)
	if _, err := o.signIn("alice", goodWords, ""); !errors.Is(err, ErrSignIn) {
		t.Errorf("alice: %v", err)
	}
	o.mustSignIn("bob", goodWords, "")
}

// An address brings few answers that cannot be taken.
func TestDoubtedAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	from := netip.MustParseAddr("203.0.113.7")
	for range failureBurst {
		if wait := o.Patience(from); wait > 0 {
			t.Fatalf("it must wait %s too soon", wait)
		}
		if err := o.Doubted(t.Context(), from); err != nil {
			t.Fatal(err)
		}
	}
	if o.Patience(from) == 0 || o.Patience(netip.MustParseAddr("203.0.113.8")) > 0 {
		t.Error("it must not wait, or another must")
	}
	if _, err := o.signIn("bob", "x", ""); !errors.As(err, new(*Locked)) {
		t.Errorf("passwords from there: %v", err)
	}
}

func TestAwayCookie(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "https://passerelle.example/sign-in/back", nil)
	if c := AwayCookie(r, "x", time.Minute); c.Name != "__Host-passerelle-away" || !c.Secure || !c.HttpOnly || c.MaxAge != 60 || c.Path != "/" {
		t.Errorf("%+v", c)
	}
	r.AddCookie(AwayCookie(r, "x", time.Minute))
	if Away(r) != "x" {
		t.Error("it is not found")
	}
	r.AddCookie(AwayCookie(r, "planted", time.Minute))
	if Away(r) != "" {
		t.Error("of two, one may have been planted")
	}
	if c := AwayCookie(r, "", 0); c.MaxAge >= 0 {
		t.Errorf("it is not ended: %+v", c)
	}
}
