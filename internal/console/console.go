package console

import (
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"passerelle/internal/agenda"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/identity"
	"passerelle/internal/identity/oidc"
	"passerelle/internal/relay"
	"passerelle/internal/schema"
)

// Options are what a console is made of.
type Options struct {
	Desk     *desk.Desk
	Office   *governance.Office // where policies are proposed and activated
	Accounts *identity.Accounts
	Tokens   *identity.Tokens
	Provider *Provider // nil: there is none
	Schemas  *schema.Set
	Guard    *identity.Guard // knows who is let in now, and from where
	Relay    *relay.Relay
	// Connections are those of the moment, in the order of the config.
	Connections func() []relay.Connection
	// Examine has a look at a connection.
	Examine Examine
	People  func() []bridge.Person
	Diaries *agenda.Diaries // the CRMs' own calendars
	Zone    *time.Location  // of people who have none of their own
	Now     func() time.Time
	Log     *slog.Logger
}

// Console serves the pages.
type Console struct {
	opts    Options
	looks   map[string]*look // by language
	static  map[string]asset
	flashes flashes
}

// New makes a console.
func New(opts Options) (*Console, error) {
	c := &Console{opts: opts, static: map[string]asset{}}
	var err error
	if c.static, err = assets(); err != nil {
		return nil, err
	}
	c.looks, err = newLooks(c.static)
	return c, err
}

// bodyLimit is the longest form taken, in bytes.
const bodyLimit = 256 << 10

// page answers a request of somebody who is signed in.
type page func(v *visit) error

// Mount puts the pages on a router whose access log and request ids are there
// already.
func (c *Console) Mount(r chi.Router) {
	r.Get("/static/{file}", c.serveStatic)
	r.Get(feedPath+"{key}.ics", c.feed)
	r.Group(func(r chi.Router) {
		r.Use(guarded, http.NewCrossOriginProtection().Handler, identity.LimitBody(bodyLimit), c.opts.Accounts.Recognise)
		r.Get("/sign-in", c.open(c.signInPage))
		r.Post("/sign-in", c.open(c.signIn))
		r.Get("/sign-in/away", c.open(c.away))
		r.Get(oidc.BackPath, c.open(c.back))
		r.Post("/sign-out", c.open(c.signOut))
		r.Post("/language", c.open(c.setLanguage))
		r.Post("/sign-in/code", c.open(c.proveCode))
		for pattern, p := range c.pages() {
			method, path, _ := cutSpace(pattern)
			r.Method(method, path, c.closed(p))
		}
		for pattern, p := range c.proofs() {
			method, path, _ := cutSpace(pattern)
			r.Method(method, path, c.halfOpen(p))
		}
	})
}

// pages are those for people who are signed in.
func (c *Console) pages() map[string]page {
	out := map[string]page{
		"GET /":                       c.home,
		"GET /account":                c.account,
		"POST /account/sessions/{id}": c.endSession,
		"POST /account/calendar":      c.makeFeed,
		"POST /account/calendar/end":  c.endFeed,
		"POST /account/devices/{id}":  c.judgeDevice,
		"GET /call":                   c.callPage,
		"POST /call":                  c.next,
		"POST /keys":                  c.setKeys,
		"GET /day":                    c.day,
		"GET /work/{id}":              c.work,
		"POST /work/{id}/draft":       c.draft,
		"POST /work/{id}/outcome":     c.outcome,
		"POST /work/{id}/release":     c.release,
		"GET /plateau":                c.plateau,
		"GET /proposals":              c.proposals,
		"POST /proposals/{id}/{verb}": c.decide,
		"GET /export":                 c.exportPage,
		"POST /export":                c.export,
		"GET /appointments":           c.appointments,
		"GET /agenda":                 c.agenda,
		"GET /agenda/{id}":            c.meeting,
		"GET /leads":                  c.leads,
		"GET /leads/{id}":             c.lead,
		"POST /leads/{id}/status":     c.correct,
		"POST /leads/reassign":        c.order("reassign", "/leads/reassign"),
		"POST /leads/close":           c.order("close", "/leads/close"),
		"GET /handover":               c.handover,
		"POST /handover":              c.order("handover", "/handover"),
		"POST /acts/{id}/undo":        c.undo,
		"GET /writes":                 c.writes,
		"POST /writes/{id}/{verb}":    c.tend,
	}
	maps.Copy(out, c.governance())
	return out
}

// proofs are those for people who are signed in, or will be once they have done
// there what is asked of them.
func (c *Console) proofs() map[string]page {
	return map[string]page{
		"GET /account/password":        c.passwordPage,
		"POST /account/password":       c.changePassword,
		"GET /account/factor":          c.factor,
		"POST /account/factor/offer":   c.offerFactor,
		"POST /account/factor/confirm": c.confirmFactor,
		"POST /account/factor/remove":  c.removeFactor,
		"POST /account/factor/codes":   c.renewCodes,
	}
}

// guarded sets what every page's answer says to the browser. The policy on
// scripts and styles is the page's, which knows its nonce.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}
