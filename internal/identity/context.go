package identity

import (
	"context"
	"net/netip"

	"passerelle/internal/bridge"
)

type actorKey struct{}

// NewContext carries an actor. The middleware does it for tokens; api does it
// for the operator at the socket.
func NewContext(ctx context.Context, a bridge.Actor) context.Context {
	if v := visitOf(ctx); v != nil {
		v.actor = a.Name()
	}
	return context.WithValue(ctx, actorKey{}, a)
}

// FromContext is the actor, false if nobody was authenticated.
func FromContext(ctx context.Context) (bridge.Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(bridge.Actor)
	return a, ok
}

// visit is what is known of a request. It belongs to the request's goroutine.
type visit struct {
	id     string
	client netip.Addr
	actor  string
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// Client is the client's network address; the zero address at a Unix socket
// and outside [Guard.Trace].
func Client(ctx context.Context) netip.Addr {
	if v := visitOf(ctx); v != nil {
		return v.client
	}
	return netip.Addr{}
}

// RequestID names the request in the log and in the answer's X-Request-Id; ""
// outside [Guard.Trace].
func RequestID(ctx context.Context) string {
	if v := visitOf(ctx); v != nil {
		return v.id
	}
	return ""
}
