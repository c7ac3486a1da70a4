package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"passerelle/internal/bridge"
	"passerelle/internal/identity"
)

// body is an answer as huma wants it.
type body[T any] struct{ Body T }

// nothing is an answer without a body: 204.
type nothing struct{}

// get registers a question.
func get[I, O any](a *API, path, summary string, fn func(context.Context, bridge.Actor, *I) (O, error)) {
	register(a, huma.Operation{Method: http.MethodGet, Path: path, Summary: summary}, fn)
}

// post registers a command.
func post[I, O any](a *API, path, summary string, fn func(context.Context, bridge.Actor, *I) (O, error)) {
	register(a, huma.Operation{Method: http.MethodPost, Path: path, Summary: summary}, fn)
}

// slow registers what takes as long as a CRM does.
func slow[I, O any](a *API, method, path, summary string, fn func(context.Context, bridge.Actor, *I) (O, error)) {
	patient := func(ctx huma.Context, next func(huma.Context)) {
		_, w := humachi.Unwrap(ctx)
		unhurried(w)
		next(ctx)
	}
	register(a, huma.Operation{Method: method, Path: path, Summary: summary, Middlewares: huma.Middlewares{patient}}, fn)
}

func register[I, O any](a *API, op huma.Operation, fn func(context.Context, bridge.Actor, *I) (O, error)) {
	op.OperationID = operationID(op.Method, op.Path)
	op.MaxBodyBytes = -1 // the middleware's limit counts
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*body[O], error) {
		actor, _ := identity.FromContext(ctx)
		out, err := fn(ctx, actor, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &body[O]{out}, nil
	})
}

// do registers a command whose answer has no body.
func do[I any](a *API, path, summary string, fn func(context.Context, bridge.Actor, *I) error) {
	op := huma.Operation{
		Method: http.MethodPost, Path: path, Summary: summary, OperationID: operationID(http.MethodPost, path),
		MaxBodyBytes: -1, DefaultStatus: http.StatusNoContent,
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*nothing, error) {
		actor, _ := identity.FromContext(ctx)
		if err := fn(ctx, actor, in); err != nil {
			return nil, a.problem(ctx, err)
		}
		return &nothing{}, nil
	})
}
