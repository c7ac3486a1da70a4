package app

import (
	"context"
	"net/http"
	"time"

	"passerelle/connectors/all"
)

// defaults fills in what was left out.
func (o Options) defaults() Options {
	if o.Registry == nil {
		o.Registry = all.Registry()
	}
	if o.AgendaEvery == 0 {
		o.AgendaEvery = agendaEvery
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Local opens the socket's handlers for the process of a command, while no hub
// runs: nothing listens and nothing is sent. They may be asked whatever needs
// the store alone. stop closes the store.
func Local(ctx context.Context, opts Options) (h http.Handler, stop func(), err error) {
	a, err := New(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := a.openAPI(); err != nil {
		a.Stop()
		return nil, nil, err
	}
	return a.api.Socket(), a.Stop, nil
}
