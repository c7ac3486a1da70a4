package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/identity"
	"passerelle/internal/intake"
	"passerelle/internal/policy"
	"passerelle/internal/problem"
	"passerelle/internal/relay"
	"passerelle/internal/schema"
	"passerelle/internal/store"
)

// DefaultBodyLimit is the longest body taken, in bytes.
const DefaultBodyLimit = 1 << 20

// Options are what an API is made of.
type Options struct {
	Store   *store.Store
	Desk    *desk.Desk
	Guard   *identity.Guard
	Relay   *relay.Relay
	Intake  *intake.Intake
	Schemas *schema.Set
	// Connections are those of the moment, in the order of the config.
	Connections func() []relay.Connection
	// Rights asks the CRMs what their keys may do.
	Rights func(context.Context) ([]policy.KeyUse, error)
	// Examine has a look at a connection.
	Examine Examine
	// Import drafts a policy from a CRM.
	Import Import
	// Probe makes the whole round on one record, and StopProbe sends it to its
	// clean-up; false if there is none.
	Probe     Probe
	StopProbe func(bridge.ConnectionName) bool
	// Keys and RotateKey look after the data key.
	Keys      func() (Keys, error)
	RotateKey func(context.Context) error
	// Accounts are those of people who sign in with a browser.
	Accounts *identity.Accounts
	// Tokens are those of programs.
	Tokens *identity.Tokens
	// Office is where policies are proposed and activated.
	Office *governance.Office
	Backup Backup
	Forget Forget
	// Acknowledged is told how long an accepted outcome took; may be nil.
	Acknowledged func(c bridge.ConnectionName, took time.Duration)

	Version   string // of the program
	BodyLimit int64  // 0 is DefaultBodyLimit
	Now       func() time.Time
	Log       *slog.Logger
}

// API serves /v1.
type API struct {
	opts     Options
	router   *chi.Mux
	huma     huma.API
	document []byte
}

// New makes the API.
func New(opts Options) (*API, error) {
	if opts.BodyLimit == 0 {
		opts.BodyLimit = DefaultBodyLimit
	}
	if opts.Acknowledged == nil {
		opts.Acknowledged = func(bridge.ConnectionName, time.Duration) {}
	}
	a := &API{opts: opts, router: chi.NewRouter()}
	a.router.Use(opts.Guard.Trace)
	a.router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.NotFound("").Says(bilingual.Text{
			"there is nothing at this address",
			"il n'y a rien à cette adresse",
		}))
	})
	a.router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if a.router.Match(chi.NewRouteContext(), method, r.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		problem.Write(w, r, problem.New(http.StatusMethodNotAllowed, "").Says(bilingual.Text{
			"this address takes another method",
			"cette adresse se demande par une autre méthode",
		}))
	})
	a.router.Get(documentPath, a.serveDocument)
	a.router.Group(func(r chi.Router) {
		r.Use(noStore, speak, identity.LimitBody(opts.BodyLimit), a.authenticate, takeJSON)
		r.Post(outcomePath, a.outcome) // a call that was made is taken at any time
		r.Group(func(r chi.Router) {
			r.Use(opts.Guard.LetIn)
			a.huma = humachi.New(r, config(opts.Version))
			a.routes(r)
		})
	})
	var err error
	a.document, err = document(a.huma.OpenAPI())
	return a, err
}

func (a *API) routes(r chi.Router) {
	r.Post(appointmentPath, a.appointment)
	describeRaw(a.huma)
	a.backupRoute(r)
	a.forgetRoute(r)
	a.leadRoutes()
	a.proposalRoutes()
	a.outboxRoutes()
	a.upkeepRoutes()
	a.ledgerRoutes()
	a.statisticsRoutes()
	a.policyRoutes()
	a.draftRoutes()
	a.lookbackRoutes()
	a.userRoutes()
	a.peopleRoutes()
	a.tokenRoutes()
}

// Routes is the router, its access log and request ids included. What is
// mounted on it beside /v1 brings its own authentication.
func (a *API) Routes() chi.Router { return a.router }

type socketKey struct{}

// Socket serves the same routes at the hub's Unix socket: there, who sends no
// token is the operator of the machine.
func (a *API) Socket() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), socketKey{}, true)))
	})
}

// Route names the route that served a request, "POST /v1/leads/close", "" if
// none did: for the access log and the metrics.
func Route(r *http.Request) string {
	found := chi.RouteContext(r.Context())
	if found == nil || found.RoutePattern() == "" || found.RoutePattern() == "/*" {
		return ""
	}
	return r.Method + " " + found.RoutePattern()
}

// Patterns lists every route as [Route] names them.
func (a *API) Patterns() []string {
	var out []string
	_ = chi.Walk(a.router, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		out = append(out, method+" "+pattern)
		return nil
	})
	return out
}

func (a *API) authenticate(next http.Handler) http.Handler {
	byToken := a.opts.Guard.Authenticate(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(socketKey{}) != nil && r.Header.Get("Authorization") == "" {
			operator := identity.NewContext(r.Context(), bridge.Actor{Operator: true})
			next.ServeHTTP(w, r.WithContext(operator))
			return
		}
		byToken.ServeHTTP(w, r)
	})
}

// takeJSON reads every body as JSON, whatever the client calls it: there is
// nothing else that it could be.
func takeJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		next.ServeHTTP(w, r)
	})
}

func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
