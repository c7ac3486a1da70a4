package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// attempt is one way to the provider and back. The browser keeps it sealed: who
// has another browser cannot finish it, and nothing of it waits here.
type attempt struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE
	Next     string    `json:"to"`
	Began    time.Time `json:"at"`
}

// Within is how long somebody may take to sign in at the provider.
const Within = 10 * time.Minute

// bound is what an attempt is sealed with.
var bound = []byte("sign-in attempt")

func randomKey() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

// Begin is where to send a browser, and what it keeps until it is back; next is
// where it wants to go then. Its error is [ErrDown].
func (p *Provider) Begin(ctx context.Context, next string) (to, kept string, err error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Began: p.opts.Now().UTC()}
	raw, err := json.Marshal(a)
	if err != nil {
		return "", "", err
	}
	to = p.oauth(d).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier))
	return to, base64.RawURLEncoding.EncodeToString(p.seal.Seal(raw, bound)), nil
}

// ErrStale is an answer that this browser was not sent for, or for the second
// time, or too late.
var ErrStale = errors.New("this browser awaits no such answer of the identity provider")

// attempt is the one that the browser has kept, if the state is that of it. It
// counts this once.
func (p *Provider) attempt(kept, state string) (a attempt, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return a, ErrStale
	}
	raw, err := p.seal.Open(sealed, bound)
	if err != nil {
		return a, ErrStale
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, ErrStale
	}
	now := p.opts.Now()
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) != 1 || now.Sub(a.Began) > Within || !p.spent.add(a.State, now) {
		return attempt{}, ErrStale
	}
	return a, nil
}

// spent are the states that have come back. A flood of them makes it forget the
// oldest; their codes are used up at the provider.
type spent struct {
	mu       sync.Mutex
	now, old map[string]bool
	since    time.Time
}

const spentAtMost = 10_000

// add notes a state, false if it was there.
func (s *spent) add(state string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || len(s.now) >= spentAtMost || at.Sub(s.since) > Within {
		s.now, s.old, s.since = map[string]bool{}, s.now, at
	}
	if s.now[state] || s.old[state] {
		return false
	}
	s.now[state] = true
	return true
}
