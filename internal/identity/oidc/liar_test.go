package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"passerelle/internal/secret"
)

const (
	us     = "passerelle"
	ours   = "s3cret-of-ours"
	canary = "canary-9f31"
)

// liar is a provider that can be made to lie. What it signs it signs well.
type liar struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey

	mu     sync.Mutex
	asked  url.Values                // of the browser that was sent last
	claims map[string]any            // of the next token, beside the usual ones
	sign   func(string) string       // makes a token of a payload; nil is as it should be
	answer func(http.ResponseWriter) // in the place of a token; may be nil
	more   map[string]any            // of its discovery document
	info   map[string]any            // what it tells of who holds a token
	used   map[string]bool
	broken http.HandlerFunc // in the place of everything; may be nil
}

// lie makes it another one from the next request on.
func (l *liar) lie(how func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how()
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{t: t, key: key, used: map[string]bool{}}
	mux := http.NewServeMux()
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		broken := l.broken
		l.mu.Unlock()
		if broken != nil {
			broken(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	send := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		doc := map[string]any{
			"issuer": l.URL, "authorization_endpoint": l.URL + "/auth", "token_endpoint": l.URL + "/token", "jwks_uri": l.URL + "/keys",
			"userinfo_endpoint": l.URL + "/info", "id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"},
		}
		maps.Copy(doc, l.more)
		send(w, doc)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		send(w, l.info)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.answer != nil {
			l.answer(w)
			return
		}
		l.token(w, r, send)
	})
	return l
}

// token answers a code as the standard asks: to the client that it was made for,
// once, and to whom has the verifier.
func (l *liar) token(w http.ResponseWriter, r *http.Request, send func(http.ResponseWriter, any)) {
	id, word, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case id != us || word != ours:
		w.WriteHeader(http.StatusUnauthorized)
		send(w, map[string]string{"error": "invalid_client", "error_description": canary})
		return
	case l.used[r.FormValue("code")], l.asked.Get("code_challenge_method") != "S256",
		base64.RawURLEncoding.EncodeToString(sum[:]) != l.asked.Get("code_challenge"):
		w.WriteHeader(http.StatusBadRequest)
		send(w, map[string]string{"error": "invalid_grant", "error_description": canary})
		return
	}
	l.used[r.FormValue("code")] = true
	payload := map[string]any{
		"iss": l.URL, "aud": us, "sub": "7", "nonce": l.asked.Get("nonce"), "preferred_username": "alice",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, value := range l.claims {
		if payload[name] = value; value == nil {
			delete(payload, name)
		}
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		l.t.Error(err)
	}
	sign := l.sign
	if sign == nil {
		sign = func(text string) string { return l.signed(jose.ES256, l.key, text) }
	}
	send(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": sign(string(raw))})
}

func (l *liar) signed(alg jose.SignatureAlgorithm, key any, text string) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		l.t.Error(err)
		return ""
	}
	signed, err := s.Sign([]byte(text))
	if err != nil {
		l.t.Error(err)
		return ""
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		l.t.Error(err)
	}
	return out
}

func (l *liar) provider(change ...func(*Options)) *Provider {
	l.t.Helper()
	o := Options{
		Issuer: l.URL, ClientID: us, Secret: secret.New(ours), Address: "https://passerelle.example", Claim: "preferred_username",
		Scopes: []string{"profile"}, AMR: []string{"otp"}, ACR: []string{"high"}, HTTP: l.Client(), Now: time.Now,
	}
	for _, c := range change {
		c(&o)
	}
	p, err := New(o)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// sends sends a browser there, and answers what it keeps and what it will bring
// back.
func (l *liar) sends(p *Provider, next string) (kept string, brings url.Values) {
	l.t.Helper()
	to, kept, err := p.Begin(l.t.Context(), next)
	if err != nil {
		l.t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = u.Query()
	return kept, url.Values{"state": {l.asked.Get("state")}, "code": {rand.Text()}}
}
