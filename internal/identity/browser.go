package identity

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/problem"
)

// The names of the cookie. The prefix makes a browser take it over TLS only, for
// this host alone; a browser on the machine itself speaks to it without TLS.
const (
	cookieName  = "__Host-passerelle"
	cookieLocal = "passerelle"
)

// local says whether the browser speaks to its own machine, without TLS.
func local(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return r.TLS == nil
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback() && r.TLS == nil
}

// Origin is the address that a browser reaches the hub at: https, but on the
// machine itself.
func Origin(r *http.Request) string {
	if local(r) {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// Cookie is what a browser keeps a session's key in; "" ends it.
func Cookie(r *http.Request, key string) *http.Cookie {
	c := &http.Cookie{Name: cookieName, Value: key, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
	if local(r) {
		c.Name, c.Secure = cookieLocal, false
	}
	if key == "" {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	return c
}

// Key is the session's key that the browser sent, "" for none. One in the
// address or a form counts for nothing.
func Key(r *http.Request) string {
	name := cookieName
	if local(r) {
		name = cookieLocal
	}
	found := r.CookiesNamed(name)
	if len(found) != 1 || len(found[0].Value) > maxTokenLength {
		return "" // of two, one may have been planted
	}
	return found[0].Value
}

type sessionKey struct{}

// Recognise puts who is signed in into the request's context ([FromContext],
// [SessionOf]); a browser of nobody goes on as nobody. One that asks too often is
// answered 429. Of whom something is still awaited is not signed in ([Halfway]).
func (a *Accounts) Recognise(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := Key(r)
		if key == "" {
			next.ServeHTTP(w, r)
			return
		}
		actor, s, err := a.Session(r.Context(), key)
		if errors.Is(err, ErrNoSession) {
			next.ServeHTTP(w, r)
			return
		}
		if wait := a.requests.take(digestOf(key), a.opts.Now()); err == nil && wait > 0 {
			problem.Write(w, r, problem.TooManyRequests(wait))
			return
		}
		ctx := r.Context()
		if err == nil && s.Awaits != "" {
			ctx = context.WithValue(ctx, halfKey{}, half{actor, s})
		} else if err == nil {
			ctx = NewContext(context.WithValue(ctx, sessionKey{}, s), actor)
		} else {
			ctx = context.WithValue(ctx, troubleKey{}, err)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// half is who is on the way to being signed in.
type half struct {
	actor   bridge.Actor
	session Session
}

type halfKey struct{}

// Halfway is who will be signed in once they have done what their session
// awaits; false for who is, or is nobody. They may do that, and nothing else.
func Halfway(ctx context.Context) (bridge.Actor, Session, bool) {
	h, ok := ctx.Value(halfKey{}).(half)
	return h.actor, h.session, ok
}

type troubleKey struct{}

// Trouble is why it is not known who is signed in, nil if it is.
func Trouble(ctx context.Context) error {
	err, _ := ctx.Value(troubleKey{}).(error)
	return err
}

// SessionOf is the session of the request, false if nobody is signed in.
func SessionOf(ctx context.Context) (Session, bool) {
	s, ok := ctx.Value(sessionKey{}).(Session)
	return s, ok
}
