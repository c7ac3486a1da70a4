package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"passerelle/internal/secret"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	p := l.provider()
	kept, brings := l.sends(p, "/plateau?x=1")
	for name, want := range map[string]string{
		"response_type": "code", "client_id": us, "redirect_uri": "https://passerelle.example/sign-in/back", "scope": "openid profile", "code_challenge_method": "S256",
	} {
		if got := l.asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, hidden := range []string{l.asked.Get("nonce"), l.asked.Get("state"), "plateau"} {
		if raw, _ := base64.RawURLEncoding.DecodeString(kept); strings.Contains(string(raw), hidden) {
			t.Errorf("the browser can read %q", hidden)
		}
	}
	got, err := p.Finish(t.Context(), kept, brings)
	if want := (Proven{Login: "alice", Next: "/plateau?x=1"}); err != nil || got != want {
		t.Fatalf("%+v %v", got, err)
	}
}

// What an answer must be, and what becomes of one that is not.
func TestAnswers(t *testing.T) {
	t.Parallel()
	hour := time.Now().Add(-time.Hour).Unix()
	for name, c := range map[string]struct {
		claims map[string]any
		option func(*Options)
		bring  url.Values
		more   map[string]any
		info   map[string]any
		login  string
		strong bool
		says   string // of the error, "" for none
	}{
		"as it should be":            {login: "alice"},
		"another nonce":              {claims: map[string]any{"nonce": "another"}, says: "answers another question"},
		"no nonce":                   {claims: map[string]any{"nonce": nil}, says: "answers another question"},
		"another audience":           {claims: map[string]any{"aud": "somebody"}, says: "not one to be taken"},
		"two audiences":              {claims: map[string]any{"aud": []string{us, "somebody"}}, says: "made for another client"},
		"two, but for us":            {claims: map[string]any{"aud": []string{us, "somebody"}, "azp": us}, login: "alice"},
		"for another":                {claims: map[string]any{"azp": "somebody"}, says: "made for another client"},
		"another issuer's":           {claims: map[string]any{"iss": "https://evil.example"}, says: "not one to be taken"},
		"expired":                    {claims: map[string]any{"exp": hour}, says: "has expired"},
		"without an end":             {claims: map[string]any{"exp": nil}, says: "has expired"},
		"from another provider":      {bring: url.Values{"iss": {"https://evil.example"}}, says: "another provider's"},
		"says nobody's":              {more: map[string]any{"authorization_response_iss_parameter_supported": true}, says: "another provider's"},
		"no code":                    {bring: url.Values{"code": {""}}, says: "refuses what we ask"},
		"refused":                    {bring: url.Values{"error": {"invalid_scope"}, "error_description": {canary}}, says: "refuses what we ask"},
		"cancelled":                  {bring: url.Values{"error": {"access_denied"}}, says: "let nobody in"},
		"gone meanwhile":             {bring: url.Values{"error": {"temporarily_unavailable"}}, says: "does not answer"},
		"another secret":             {option: func(o *Options) { o.Secret = secret.New("wrong") }, says: "client id and secret"},
		"no such claim":              {option: func(o *Options) { o.Claim = "upn" }, info: map[string]any{"sub": "7"}, says: "sends no claim upn"},
		"a claim of its own":         {option: func(o *Options) { o.Claim = "upn" }, claims: map[string]any{"upn": "bob"}, login: "bob"},
		"told apart":                 {option: func(o *Options) { o.Claim = "upn" }, info: map[string]any{"sub": "7", "upn": "bob"}, login: "bob"},
		"of somebody else":           {option: func(o *Options) { o.Claim = "upn" }, info: map[string]any{"sub": "8", "upn": "bob"}, says: "somebody else"},
		"a claim that is a list":     {claims: map[string]any{"preferred_username": []string{"alice"}}, info: map[string]any{"sub": "7"}, says: "sends no claim"},
		"e-mail":                     {option: email, claims: map[string]any{"email": "a@b.example", "email_verified": true}, login: "a@b.example"},
		"e-mail, verified as a text": {option: email, claims: map[string]any{"email": "a@b.example", "email_verified": "true"}, login: "a@b.example"},
		"e-mail, not verified":       {option: email, claims: map[string]any{"email": "a@b.example", "email_verified": false}, says: "has not verified"},
		"e-mail, who knows":          {option: email, claims: map[string]any{"email": "a@b.example"}, says: "has not verified"},
		"a second factor":            {claims: map[string]any{"amr": []string{"pwd", "otp"}}, login: "alice", strong: true},
		"a high assurance":           {claims: map[string]any{"acr": "high"}, login: "alice", strong: true},
		"another factor":             {claims: map[string]any{"amr": []string{"pwd"}, "acr": "low"}, login: "alice"},
		"a factor that is no list":   {claims: map[string]any{"amr": "otp"}, login: "alice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.lie(func() { l.claims, l.more, l.info = c.claims, c.more, c.info })
			p := l.provider()
			if c.option != nil {
				p = l.provider(c.option)
			}
			kept, brings := l.sends(p, "/")
			maps.Copy(brings, c.bring)
			got, err := p.Finish(t.Context(), kept, brings)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), canary) || got.Login != "" {
					t.Fatalf("%+v %v, want %q", got, err, c.says)
				}
				return
			}
			if err != nil || got.Login != c.login || got.Strong != c.strong {
				t.Errorf("%+v %v, want %s", got, err, c.login)
			}
		})
	}
}

func email(o *Options) { o.Claim = "email" }

// A token that the provider has not signed is none.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	for name, sign := range map[string]func(*liar) func(string) string{
		"alg none": func(*liar) func(string) string {
			return func(text string) string { return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(text)) + "." }
		},
		"alg None": func(*liar) func(string) string {
			return func(text string) string {
				return part([]byte(`{"alg":"None","kid":"k"}`)) + "." + part([]byte(text)) + ".x"
			}
		},
		"another key": func(l *liar) func(string) string {
			return func(text string) string { return l.signed(jose.ES256, other, text) }
		},
		"our own secret": func(l *liar) func(string) string {
			return func(text string) string { return l.signed(jose.HS256, []byte(strings.Repeat(ours, 4)), text) }
		},
		"its public key": func(l *liar) func(string) string {
			public, _ := l.key.PublicKey.ECDH()
			return func(text string) string { return l.signed(jose.HS256, public.Bytes(), text) }
		},
		"changed after": func(l *liar) func(string) string {
			return func(text string) string {
				parts := strings.Split(l.signed(jose.ES256, l.key, text), ".")
				return parts[0] + "." + part([]byte(strings.Replace(text, "alice", "carol", 1))) + "." + parts[2]
			}
		},
		"no token": func(*liar) func(string) string { return func(string) string { return "" } },
		"a text":   func(*liar) func(string) string { return func(string) string { return canary } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.lie(func() { l.sign = sign(l) })
			p := l.provider()
			got, err := p.Finish(t.Context(), first(l.sends(p, "/")), l.brought())
			if doubt, ok := errors.AsType[*Doubt](err); !ok || got != (Proven{}) || strings.Contains(doubt.Error(), canary) {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func first(kept string, _ url.Values) string { return kept }

// brought is what the browser that was sent last brings back.
func (l *liar) brought() url.Values {
	return url.Values{"state": {l.asked.Get("state")}, "code": {rand.Text()}}
}

// An answer counts once, in the browser that was sent, within its time.
func TestStaleAnswers(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	ahead := time.Duration(0)
	p := l.provider(func(o *Options) { o.Now = func() time.Time { return time.Now().Add(ahead) } })
	victim, hers := l.sends(p, "/")
	attacker, his := l.sends(p, "/")
	stale := func(what, kept string, brings url.Values) {
		t.Helper()
		if got, err := p.Finish(t.Context(), kept, brings); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %+v %v", what, got, err)
		}
	}
	stale("his code in her browser", victim, his)
	stale("her answer in his browser", attacker, hers)
	stale("nothing kept", "", hers)
	stale("something made up", base64.RawURLEncoding.EncodeToString([]byte(`{"s":"x"}`)), url.Values{"state": {"x"}, "code": {"1"}})
	stale("no state", attacker, url.Values{"code": his["code"]})
	stale("kept by another hub", attackerOf(t, l), his)
	if _, err := p.Finish(t.Context(), attacker, his); err != nil {
		t.Fatal(err)
	}
	stale("the same again", attacker, his)
	stale("another code with a used state", attacker, url.Values{"state": his["state"], "code": {rand.Text()}})
	kept, brings := l.sends(p, "/")
	ahead = Within + time.Second
	stale("too late", kept, brings)
}

func attackerOf(t *testing.T, l *liar) string {
	t.Helper()
	asked := l.asked
	kept, _ := l.sends(l.provider(), "/")
	l.asked = asked
	return kept
}

// A code that was meant for another attempt opens nothing: its verifier is not
// in this browser.
func TestAnInjectedCode(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	p := l.provider()
	victim, hers := l.sends(p, "/")
	l.sends(p, "/") // the attacker's attempt: his challenge is the code's
	if _, err := p.Finish(t.Context(), victim, hers); err == nil || !strings.Contains(err.Error(), "does not take the code") || strings.Contains(err.Error(), canary) {
		t.Errorf("%v", err)
	}
}

// A provider that is down is said to be, soon, and is asked again.
func TestTheProviderIsDown(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	broken := map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusInternalServerError) },
		"a page":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>" + canary)) },
		"another's issuer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"issuer": "https://` + canary + `"}`))
		},
		"nothing": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	p := l.provider()
	for name, h := range broken {
		l.lie(func() { l.broken = h })
		if _, _, err := p.Begin(t.Context(), "/"); !errors.Is(err, ErrDown) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.lie(func() { l.broken = nil })
	kept, brings := l.sends(p, "/")
	l.lie(func() {
		l.answer = func(w http.ResponseWriter) { http.Error(w, canary, http.StatusBadGateway) }
	})
	if _, err := p.Finish(t.Context(), kept, brings); !errors.Is(err, ErrDown) || strings.Contains(err.Error(), canary) {
		t.Errorf("no token: %v", err)
	}
}

// Where one signs out at the provider is told only if it is the provider's kind
// of address.
func TestEnd(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]string{
		"": "", "javascript:alert(1)": "", "/relative": "", "http://idp.example/end?x=1": "http://idp.example/end?x=1&client_id=passerelle",
		"http://idp.example/end": "http://idp.example/end?client_id=passerelle",
	} {
		l := newLiar(t)
		l.lie(func() { l.more = map[string]any{"end_session_endpoint": end} })
		p := l.provider()
		if got := p.End(); got != "" {
			t.Errorf("before it was asked: %q", got)
		}
		l.sends(p, "/")
		if got := p.End(); got != want {
			t.Errorf("%q: %q, want %q", end, got, want)
		}
	}
}
