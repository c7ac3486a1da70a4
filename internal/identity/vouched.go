package identity

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// ErrStranger is somebody whom the identity provider knows, and nobody here.
var ErrStranger = errors.New("nobody here has this login, or they may not sign in any more")

// SignInVouched opens a session for whom the identity provider has shown to be
// of a login. Whoever has the login on a door needs no account of ours before;
// one that was closed stays closed. Its errors: [ErrStranger].
func (a *Accounts) SignInVouched(ctx context.Context, v Visitor, shown policy.Strength) (e Entry, err error) {
	p := a.known(v.Login)
	if p.ID == "" || !p.Active {
		return e, errors.Join(ErrStranger, a.refused(ctx, p.ID, v.Client, ByProvider))
	}
	closed := false
	err = a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		acc, there, err := accounts.Get(tx, string(p.ID))
		if err != nil {
			return err
		}
		if closed = acc.Disabled; closed {
			return ErrStranger
		}
		if !there {
			if err := accounts.Put(tx, string(p.ID), Account{Person: p.ID}); err != nil {
				return err
			}
		}
		e, err = a.admit(tx, p, v, shown, ByProvider)
		return err
	})
	if closed {
		err = errors.Join(ErrStranger, a.refused(ctx, p.ID, v.Client, ByProvider))
	}
	return e, err
}

// Doubted counts an answer of the identity provider's that cannot be taken: the
// address that it came from may bring few of them.
func (a *Accounts) Doubted(ctx context.Context, client netip.Addr) error {
	return a.refused(ctx, "", client, ByProvider)
}

// Patience is how long an address must wait that has brought too many answers
// that cannot be taken, and tried too many passwords.
func (a *Accounts) Patience(client netip.Addr) time.Duration {
	return a.failures.wait(neighbourhood(client), a.opts.Now())
}

// The names of the cookie that a browser keeps while it is at the provider.
const (
	awayCookie      = "__Host-passerelle-away"
	awayCookieLocal = "passerelle-away"
)

func awayName(r *http.Request) string {
	if local(r) {
		return awayCookieLocal
	}
	return awayCookie
}

// AwayCookie is what a browser keeps something sealed in while it is at the
// identity provider, for so long; "" ends it.
func AwayCookie(r *http.Request, kept string, within time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: awayName(r), Value: kept, Path: "/", MaxAge: int(within / time.Second), HttpOnly: true, Secure: !local(r), SameSite: http.SameSiteLaxMode,
	}
	if kept == "" {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	return c
}

// Away is what the browser has kept, "" for nothing.
func Away(r *http.Request) string {
	found := r.CookiesNamed(awayName(r))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}
