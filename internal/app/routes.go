package app

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5"

	"passerelle/internal/agenda"
	"passerelle/internal/api"
	"passerelle/internal/bridge"
	"passerelle/internal/console"
	"passerelle/internal/identity"
	"passerelle/internal/obs"
	"passerelle/internal/policy"
	"passerelle/internal/relay"
)

// openAPI makes the JSON API and mounts the webhooks and the probes beside it.
func (a *App) openAPI() error {
	a.openOffice()
	var err error
	guard := a.newGuard()
	a.api, err = api.New(api.Options{
		Store: a.store, Desk: a.desk, Relay: a.relay, Intake: a.intake, Schemas: a.schemas, Guard: guard,
		Office: a.office, Accounts: a.accounts, Tokens: a.tokens, Backup: a.backup, Forget: a.forget,
		Connections: a.connections, Rights: a.rightsUse, Examine: a.examine, Import: a.importPolicy, Probe: a.probe, StopProbe: a.trials.stop, Keys: a.keys, RotateKey: a.rotateKey, Acknowledged: a.metrics.Acknowledged,
		Version: a.opts.Version, BodyLimit: a.cfg.HTTP.BodyLimit, Now: a.opts.Now, Log: a.log,
	})
	if err != nil {
		return err
	}
	r := a.api.Routes()
	r.Post("/hooks/{connection}", func(w http.ResponseWriter, r *http.Request) {
		a.intake.Serve(w, r, bridge.ConnectionName(chi.URLParam(r, "connection")))
	})
	r.Method(http.MethodGet, "/livez", a.health.Live())
	r.Method(http.MethodGet, "/readyz", a.health.Ready())
	r.Method(http.MethodGet, "/metrics", a.metrics.Handler())
	if err := a.openConsole(r, guard); err != nil {
		return err
	}
	a.metrics.Know(obs.Labels{Routes: a.api.Patterns()})
	return nil
}

// newGuard makes the middleware in front of API and pages.
func (a *App) newGuard() *identity.Guard {
	return identity.NewGuard(identity.Options{
		People: a.people, Tokens: a.tokens, Log: a.log, Now: a.clock.steady,
		Shut: func(who bridge.Actor, from netip.Addr) *policy.Shut {
			return a.desk.Rules().Policy.Shuts(policy.SubjectOf(who), policy.Visit{At: a.opts.Now(), From: from})
		},
		Found: func(ctx context.Context, who bridge.Actor, from netip.Addr, shut *policy.Shut) {
			if err := a.accounts.Found(ctx, who, from, shut); err != nil {
				a.log.Error("an attempt outside an access window could not be noted", "actor", who.Name(), "err", err)
			}
		},
		Hops: a.cfg.HTTP.Proxies, Rate: a.cfg.HTTP.RatePerToken, Burst: a.cfg.HTTP.Burst,
		Route: api.Route, Served: a.metrics.Served,
	})
}

// openConsole mounts the pages.
func (a *App) openConsole(r chi.Router, guard *identity.Guard) error {
	provider, err := a.provider()
	if err != nil {
		return err
	}
	pages, err := console.New(console.Options{
		Desk: a.desk, Office: a.office, Accounts: a.accounts, Tokens: a.tokens, Provider: provider, Schemas: a.schemas, Guard: guard, Zone: a.cfg.Zone, Now: a.opts.Now, Log: a.log,
		Relay: a.relay, Connections: a.connections, Examine: a.examine,
		People: func() []bridge.Person { return a.people.Directory().People() }, Diaries: agenda.NewDiaries(a.diaryLines(), a.opts.Now),
	})
	if err == nil {
		pages.Mount(r)
	}
	return err
}

func (a *App) connections() []relay.Connection {
	var out []relay.Connection
	for _, c := range a.cfg.Connections {
		conn := relay.Connection{Name: c.Name, Kind: c.Kind, Type: c.Type}
		for _, l := range a.lines {
			if l.cfg.Name == c.Name {
				conn.Breaker = l.breaker
			}
		}
		out = append(out, conn)
	}
	return out
}
