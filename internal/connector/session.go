package connector

import (
	"context"
	"time"

	"passerelle/internal/secret"
)

// Session is what a system gives in exchange for credentials, for a while.
type Session struct {
	Token   secret.String // goes with every request
	Refresh secret.String // buys the next session where the credentials alone do not; never leaves the hub
	Expires time.Time     // zero: good until it is refused
}

// Login buys a session. last is the one before it, zero for the first. It is
// called in the hub only, one at a time for a connection, with a context of its
// own whose requests the connection's limits count. Credentials that the system
// refuses are permanent.
type Login func(ctx context.Context, last Session) (Session, error)

// Access answers the token in use. refused is the token that the system has
// just refused, zero for none: if that is the one in use, a new one is bought.
type Access func(ctx context.Context, refused secret.String) (secret.String, error)
