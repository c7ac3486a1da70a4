package app

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// public is what the network reaches.
func (a *App) public() http.Handler {
	r := chi.NewRouter()
	r.Use(a.guard().Trace)
	a.hooks(r)
	r.Method(http.MethodGet, "/livez", a.health.Live())
	r.Method(http.MethodGet, "/readyz", a.health.Ready())
	r.Method(http.MethodGet, "/metrics", a.metrics.Handler())
	return r
}

// local is what the socket reaches: without a token, as the operator.
func (a *App) local() http.Handler {
	return a.public()
}
