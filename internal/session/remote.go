package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

// request asks the hub for a connection's token.
type request struct {
	Connection bridge.ConnectionName `json:"connection"`
	Refused    string                `json:"refused,omitempty"` // fingerprint of the token that was refused
	Nonce      string                `json:"nonce"`             // an answer to another request does not open
}

// reply is a session without its refresh token, sealed with the writers' key,
// or why there is none.
type reply struct {
	Sealed []byte        `json:"sealed,omitempty"`
	Kind   fault.Kind    `json:"kind,omitempty"`
	After  time.Duration `json:"after,omitempty"`
	Reason string        `json:"reason,omitempty"`
}

func (r request) bound(hub string) []byte {
	return []byte("session\x00" + hub + "\x00" + string(r.Connection) + "\x00" + r.Nonce)
}

// Serve answers the writers of a hub until ctx ends; wait returns once it has.
func (k *Keeper) Serve(ctx context.Context, road *bus.Road, key secret.Key) (wait func(), err error) {
	return road.Conn().Serve(ctx, road.Subject(bus.SessionSubject), func(ctx context.Context, raw []byte) (any, error) {
		var r request
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, errors.New("not a request for a session")
		}
		return k.answer(ctx, r, road.Hub(), key), nil
	})
}

func (k *Keeper) answer(ctx context.Context, r request, hub string, key secret.Key) reply {
	l, ok := k.line(r.Connection)
	if !ok {
		return reply{Kind: fault.Permanent, Reason: "the hub has no such connection with sessions: compare the two configs"}
	}
	ctx, cancel := context.WithTimeout(ctx, loginWithin)
	defer cancel()
	s, err := k.get(ctx, l, r.Refused)
	if err != nil {
		f := fault.Of(err)
		return reply{Kind: f.Kind, After: f.After, Reason: f.Error()}
	}
	s.Refresh = secret.String{}
	plain, err := pack(s)
	if err != nil {
		return reply{Kind: fault.Unavailable, Reason: "the session cannot be sent"}
	}
	return reply{Sealed: key.Seal(plain, r.bound(hub))}
}

// Remote is the way to tokens in a process that is not the hub.
type Remote struct {
	Road *bus.Road
	Key  secret.Key // the writers'
	Now  func() time.Time
}

// Of is the way to a connection's tokens, as [connector.Env] wants it; the
// hub logs in, not this process.
func (r Remote) Of(name bridge.ConnectionName) func(connector.Login) connector.Access {
	return func(connector.Login) connector.Access {
		var mu sync.Mutex
		var held connector.Session
		return func(ctx context.Context, refused secret.String) (secret.String, error) {
			mu.Lock()
			s := held
			mu.Unlock()
			if usable(s, fingerprint(refused), r.Now()) {
				return s.Token, nil
			}
			s, err := r.ask(ctx, request{Connection: name, Refused: fingerprint(refused), Nonce: rand.Text()})
			if err != nil {
				return secret.String{}, err
			}
			mu.Lock()
			held = s
			mu.Unlock()
			return s.Token, nil
		}
	}
}

func (r Remote) ask(ctx context.Context, q request) (connector.Session, error) {
	op := string(q.Connection)
	if r.Key.IsZero() {
		return connector.Session{}, fault.Newf(fault.Permanent, op, "its sessions come from the hub: give the hub and this writer the same nats.writer_key")
	}
	ctx, cancel := context.WithTimeout(ctx, loginWithin)
	defer cancel()
	var a reply
	if err := r.Road.Conn().Ask(ctx, r.Road.Subject(bus.SessionSubject), q, &a); err != nil {
		return connector.Session{}, fault.New(fault.Unavailable, op, err)
	}
	if a.Reason != "" {
		return connector.Session{}, &fault.Error{Kind: a.Kind, Op: op, After: a.After, Err: errors.New(a.Reason)}
	}
	s, err := open(r.Key, a.Sealed, q.bound(r.Road.Hub()))
	if errors.Is(err, secret.ErrOtherKey) {
		return connector.Session{}, fault.Newf(fault.Permanent, op, "the hub seals with another key: give the hub and this writer the same nats.writer_key")
	}
	if err != nil {
		return connector.Session{}, fault.New(fault.Unavailable, op, err)
	}
	return s, nil
}
