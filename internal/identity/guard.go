package identity

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/problem"
)

// What a guard does when its options do not say otherwise.
const (
	DefaultRate    = 50 // requests per second and token
	DefaultBurst   = 100
	failuresPerMin = 20 // wrong tokens per minute and address
	failureBurst   = 20
	maxTokenLength = 512
)

// Options is what a guard needs.
type Options struct {
	People *People
	Tokens *Tokens // beside the config's; may be nil
	Log    *slog.Logger
	Now    func() time.Time

	// Found is told of an attempt that was shut out; may be nil.
	Found func(ctx context.Context, a bridge.Actor, from netip.Addr, shut *policy.Shut)

	// Shut says whether the actor is not let in now from the address; may be nil.
	Shut func(a bridge.Actor, from netip.Addr) *policy.Shut

	Hops  int     // proxies of ours in front; 0: X-Forwarded-For is not read
	Rate  float64 // requests per second and token; 0 is DefaultRate
	Burst int     // 0 is DefaultBurst

	// Route names the pattern that served a request; nil is r.Pattern.
	Route func(*http.Request) string
	// Served is told of each answer, for metrics; may be nil.
	Served func(route string, status int, took time.Duration)
}

// Guard is the middleware in front of everything that serves people and their
// programs.
type Guard struct {
	opts     Options
	tokens   *limiter[digest]
	failures *limiter[netip.Addr]
}

// NewGuard makes the middleware.
func NewGuard(o Options) *Guard {
	if o.Rate <= 0 {
		o.Rate = DefaultRate
	}
	if o.Burst <= 0 {
		o.Burst = DefaultBurst
	}
	if o.Shut == nil {
		o.Shut = func(bridge.Actor, netip.Addr) *policy.Shut { return nil }
	}
	if o.Found == nil {
		o.Found = func(context.Context, bridge.Actor, netip.Addr, *policy.Shut) {}
	}
	if o.Route == nil {
		o.Route = func(r *http.Request) string { return r.Pattern }
	}
	if o.Served == nil {
		o.Served = func(string, int, time.Duration) {}
	}
	return &Guard{
		opts:     o,
		tokens:   newLimiter[digest](rate.Limit(o.Rate), o.Burst),
		failures: newLimiter[netip.Addr](rate.Every(time.Minute/failuresPerMin), failureBurst),
	}
}

// What requests are refused for before anything is asked of them.
var (
	exposedToken = phrase{
		"a token in an address stands in logs and histories: have it revoked, and send the next one as Authorization: Bearer",
		"un jeton dans une adresse reste dans les journaux et les historiques : faites-le révoquer, et envoyez le suivant par Authorization: Bearer",
	}
	sendToken    = phrase{"send Authorization: Bearer and your token", "envoyez Authorization: Bearer et votre jeton"}
	unknownToken = phrase{"the token is not known", "ce jeton n'est pas connu"}
	inactive     = phrase{"the person is not active: ask your supervisor", "cette personne n'est plus active : voyez avec votre responsable"}
	readsOnly    = phrase{"this token may read only", "ce jeton ne permet que de lire"}
)

// Authenticate lets requests with a good bearer token through, with the actor
// in their context ([FromContext]). Others are answered 401, and 429 once their
// address has sent too many wrong tokens; a good token is always looked at,
// because a whole call floor may share an address. A token in the address is
// answered 400, a good one with it or not: it has been seen by others.
func (g *Guard) Authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if exposed(r.URL) {
			p := problem.BadRequest("").Says(exposedToken)
			p.Instance = "/" // not the path: it may be the token's
			problem.Write(w, r, p)
			return
		}
		token, ok := bearer(r.Header)
		if !ok {
			g.refuse(w, r, sendToken)
			return
		}
		actor, service, err := g.whose(token)
		switch {
		case errors.Is(err, ErrInactive):
			problem.Write(w, r, problem.Forbidden("").Says(inactive))
			return
		case err != nil:
			g.refuseToken(w, r, err)
			return
		}
		if wait := g.tokens.take(digestOf(token), g.opts.Now()); wait > 0 {
			problem.Write(w, r, problem.TooManyRequests(wait))
			return
		}
		if service.ReadOnly && r.Method != http.MethodGet && r.Method != http.MethodHead {
			problem.Write(w, r, problem.Forbidden("").Says(readsOnly))
			return
		}
		if service.ID != "" {
			g.used(r, service)
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), actor)))
	})
}

// whose is who acts with a token: one of the config, else a service token.
func (g *Guard) whose(token string) (bridge.Actor, ServiceToken, error) {
	actor, err := g.opts.People.Directory().actor(digestOf(token))
	if g.opts.Tokens == nil || !errors.Is(err, ErrUnknownToken) {
		return actor, ServiceToken{}, err
	}
	service, actor, err := g.opts.Tokens.find(token)
	return actor, service, err
}

// used keeps that a token was used. What it is used for does not wait for that
// to be possible.
func (g *Guard) used(r *http.Request, service ServiceToken) {
	if err := g.opts.Tokens.use(r.Context(), service, clientAddr(r, g.opts.Hops)); err != nil {
		g.opts.Log.Warn("when a token was used last could not be kept", "request", RequestID(r.Context()), "err", err)
	}
}

// refuseToken says what is wrong with a token to whoever has sent it: that it is
// over to who knows it, to others that nobody does.
func (g *Guard) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	ended, was := errors.AsType[*endedToken](err)
	switch {
	case was && g.refuse(w, r, ended.why):
		err = g.opts.Tokens.refused(r.Context(), ended.person, clientAddr(r, g.opts.Hops))
	case was:
		err = nil
	case errors.Is(err, ErrUnknownToken):
		g.refuse(w, r, unknownToken)
		err = nil
	default:
		problem.Write(w, r, problem.Internal())
	}
	if err != nil {
		g.opts.Log.Error("a token's record could not be read or kept", "request", RequestID(r.Context()), "err", err)
	}
}

// LetIn stands behind [Guard.Authenticate] and answers 403 to people outside
// their access window, with when they may come back. The operator is let in.
func (g *Guard) LetIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if shut := g.Shut(r); shut != nil {
			problem.Write(w, r, problem.Shut("", shut.Next).Says(bilingual.Each(shut.Text)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Shut says whether who asks is outside their access window; nil if not. Who
// asks at the hub's own socket does so from the machine itself.
func (g *Guard) Shut(r *http.Request) *policy.Shut {
	actor, known := FromContext(r.Context())
	if !known {
		actor, _, known = Halfway(r.Context())
	}
	if !known || actor.Operator {
		return nil
	}
	from := provenAddr(r, g.opts.Hops)
	if !parseAddr(r.RemoteAddr).IsValid() {
		from = policy.HubSocket
	}
	shut := g.opts.Shut(actor, from)
	if shut != nil {
		g.opts.Found(r.Context(), actor, from, shut)
	}
	return shut
}

// refuse answers 401; false where there were too many, and it is 429.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, detail phrase) bool {
	client := neighbourhood(clientAddr(r, g.opts.Hops))
	if wait := g.failures.take(client, g.opts.Now()); wait > 0 {
		problem.Write(w, r, problem.TooManyRequests(wait))
		return false
	}
	problem.Write(w, r, problem.Unauthorized("").Says(detail))
	return true
}

// bearer is the token of the one Authorization header.
func bearer(h http.Header) (string, bool) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxTokenLength {
		return "", false
	}
	return token, true
}

// LimitBody refuses bodies longer than limit, in bytes: at once if their length
// is announced, else the read fails with [http.MaxBytesError] and the handler
// answers [problem.TooLarge].
func LimitBody(limit int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > limit {
				problem.Write(w, r, problem.TooLarge(limit))
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			next.ServeHTTP(w, r)
		})
	}
}
