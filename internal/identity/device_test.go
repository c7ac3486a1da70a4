package identity

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"passerelle/internal/policy"
	"passerelle/internal/secret"
)

// signInWith signs somebody in with a browser of theirs, and answers their session.
func (o *office) signInWith(device string) (key string, s Session) {
	o.t.Helper()
	o.later(time.Second)
	v := visitor("alice", goodWords, "")
	v.Device = device
	e, err := o.SignIn(o.t.Context(), v)
	if err != nil || device != "" && e.Device != device {
		o.t.Fatalf("%+v, %v", e, err)
	}
	_, s, err = o.Session(o.t.Context(), e.Key)
	if err != nil {
		o.t.Fatal(err)
	}
	return e.Key, s
}

// told are the devices that a session is told of, "+" for one that it may call
// its own.
func (o *office) told(s Session) (out string) {
	o.t.Helper()
	all, err := o.Strangers(s)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, d := range all {
		out += map[bool]string{true: "+", false: "-"}[d.Mine]
	}
	return out
}

func TestNewDevices(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.terms.AtOnce = 10
	o.add("alice", goodWords)
	laptop, phone, third := strings.Repeat("l", keyLength), strings.Repeat("p", keyLength), strings.Repeat("t", keyLength)
	_, first := o.signInWith(laptop)
	if o.told(first) != "" {
		t.Error("the first device of all is news")
	}
	_, second := o.signInWith(phone)
	if o.told(first) != "+" || o.told(second) != "" {
		t.Errorf("the first is told %q, the new one %q", o.told(first), o.told(second))
	}
	_, later := o.signInWith(third)
	if o.told(later) != "-" || o.told(first) != "++" || o.told(second) != "+" {
		t.Errorf("%q %q %q", o.told(first), o.told(second), o.told(later))
	}
	if err := o.Own(t.Context(), later, second.Device); !errors.Is(err, ErrNoDevice) {
		t.Errorf("a device that came later vouches for another: %v", err)
	}
	if err := o.Own(t.Context(), second, second.Device); !errors.Is(err, ErrNoDevice) {
		t.Errorf("a device vouches for itself: %v", err)
	}
	if err := o.Own(t.Context(), first, second.Device); err != nil || o.told(first) != "+" || o.told(later) != "" {
		t.Errorf("owned: %v, %q %q", err, o.told(first), o.told(later))
	}
	if _, again := o.signInWith(phone); o.told(again) != "+" || o.told(first) != "+" {
		t.Error("a device that is known is news again, or does not hear of the third")
	}
	log, err := o.Log(100, true)
	if err != nil || len(log) != 2 || log[0].What != NewDevice {
		t.Errorf("findings: %+v, %v", log, err)
	}
}

// «It was not me» ends what the other has, and the password is good for nobody
// until it is changed.
func TestADeviceIsDisowned(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	here, mine := o.signInWith(strings.Repeat("l", keyLength))
	there, theirs := o.signInWith("")
	actor, _, _ := o.Session(t.Context(), here)
	if err := o.Disown(t.Context(), actor, mine, here, mine.Device); !errors.Is(err, ErrNoDevice) {
		t.Errorf("her own: %v", err)
	}
	if err := o.Disown(t.Context(), actor, mine, here, theirs.Device); err != nil {
		t.Fatal(err)
	}
	if _, err := o.signIn("alice", goodWords, ""); !errors.Is(err, ErrRenew) {
		t.Errorf("the password still opens: %v", err)
	}
	if _, err := o.signIn("alice", otherWords, ""); !errors.Is(err, ErrSignIn) {
		t.Errorf("a wrong one is told more: %v", err)
	}
	if _, s, err := o.Session(t.Context(), here); err != nil || s.Awaits != AwaitsPassword || o.who(there) != "" {
		t.Errorf("%q, %v", s.Awaits, err)
	}
	if all, err := o.List(); err != nil || !all[0].Renew {
		t.Errorf("nobody sees it: %v", err)
	}
	if err := o.ChangePassword(t.Context(), actor, here, secret.New(goodWords), secret.New(otherWords)); err != nil || o.who(here) != "alice" {
		t.Errorf("changed: %v", err)
	}
	if o.who(o.mustSignIn("alice", otherWords, "")) != "alice" {
		t.Error("she cannot sign in any more")
	}
}

// Who signs in at a provider has no password to change: they are not kept out of
// their own session by one.
func TestDisownWithoutAPassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.terms.AtOnce = 10
	mine, err := o.vouched("alice", policy.PasswordAlone)
	if err != nil {
		t.Fatal(err)
	}
	o.later(time.Minute)
	_, _ = o.vouched("alice", policy.PasswordAlone)
	actor, s, err := o.Session(t.Context(), mine.Key)
	if err != nil {
		t.Fatal(err)
	}
	strangers, err := o.Strangers(s)
	if err != nil || len(strangers) != 1 {
		t.Fatalf("%v %v", strangers, err)
	}
	if err := o.Disown(t.Context(), actor, s, mine.Key, strangers[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, s, err := o.Session(t.Context(), mine.Key); err != nil || s.Awaits != "" {
		t.Errorf("her own session awaits %q (%v)", s.Awaits, err)
	}
}

func TestDeviceCookie(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("d", keyLength)
	for url, want := range map[string]string{"http://127.0.0.1/": deviceCookieLocal, "https://bridge.example/": deviceCookie} {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		c := DeviceCookie(r, name)
		if c.Name != want || !c.HttpOnly || c.Secure != (want == deviceCookie) || c.Valid() != nil || Device(r) != "" {
			t.Errorf("%s: %v", url, c)
		}
		r.AddCookie(c)
		if Device(r) != name {
			t.Errorf("%s: %q", url, Device(r))
		}
		r.AddCookie(c)
		if Device(r) != "" {
			t.Errorf("%s: one of two is taken", url)
		}
	}
}
