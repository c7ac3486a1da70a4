package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

const (
	// margin is how long before its end a token is no longer handed out: it
	// must outlive the request that it goes with.
	margin = time.Minute
	// loginWithin bounds one login.
	loginWithin = 30 * time.Second
)

// kept holds the last session of each connection, sealed.
var kept = store.NewRaw("session.kept")

// Options make a keeper.
type Options struct {
	Store *store.Store
	Seal  secret.Key
	Now   func() time.Time
	Log   *slog.Logger
}

// Keeper buys sessions and keeps them. It lives in the hub.
type Keeper struct {
	opts  Options
	mu    sync.Mutex
	lines map[bridge.ConnectionName]*line
}

// line is one connection's session. Whoever holds busy may read and change it.
type line struct {
	name  bridge.ConnectionName
	busy  chan struct{}
	login connector.Login
	known bool // held was read from the store
	held  connector.Session
}

// New makes a keeper.
func New(opts Options) *Keeper {
	return &Keeper{opts: opts, lines: map[bridge.ConnectionName]*line{}}
}

// Of is the way to a connection's tokens, as [connector.Env] wants it.
func (k *Keeper) Of(name bridge.ConnectionName) func(connector.Login) connector.Access {
	return func(login connector.Login) connector.Access {
		l := &line{name: name, busy: make(chan struct{}, 1), login: login}
		k.mu.Lock()
		k.lines[name] = l
		k.mu.Unlock()
		return func(ctx context.Context, refused secret.String) (secret.String, error) {
			s, err := k.get(ctx, l, fingerprint(refused))
			return s.Token, err
		}
	}
}

func (k *Keeper) line(name bridge.ConnectionName) (*line, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	l, ok := k.lines[name]
	return l, ok
}

// fingerprint names a token without telling it; "" for none.
func fingerprint(token secret.String) string {
	if token.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// usable says whether a session may be handed out to somebody whose token of
// that fingerprint was refused.
func usable(s connector.Session, refused string, now time.Time) bool {
	return !s.Token.IsZero() && fingerprint(s.Token) != refused &&
		(s.Expires.IsZero() || now.Add(margin).Before(s.Expires))
}

// get answers a usable session, buying one if there is none. A login that has
// begun ends, though nobody waits for it any more: what it bought is kept.
func (k *Keeper) get(ctx context.Context, l *line, refused string) (connector.Session, error) {
	if err := acquire(ctx, l.busy, l.name); err != nil {
		return connector.Session{}, err
	}
	if !l.known {
		l.held, l.known = k.load(l.name), true
	}
	if usable(l.held, refused, k.opts.Now()) {
		defer release(l.busy)
		return l.held, nil
	}
	type outcome struct {
		s   connector.Session
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		defer release(l.busy)
		s, err := k.renew(l)
		done <- outcome{s, err}
	}()
	select {
	case o := <-done:
		return o.s, o.err
	case <-ctx.Done():
		return connector.Session{}, fault.New(fault.Unavailable, string(l.name), errWaiting)
	}
}

var errWaiting = errors.New("no session before the deadline")

func acquire(ctx context.Context, busy chan struct{}, name bridge.ConnectionName) error {
	select {
	case busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, string(name), errWaiting)
	}
}

func release(busy chan struct{}) { <-busy }

func (k *Keeper) renew(l *line) (connector.Session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), loginWithin)
	defer cancel()
	s, err := l.login(ctx, l.held)
	if err != nil {
		f := *fault.Of(err)
		f.MayHaveApplied = false // the login perhaps; no write of anybody's
		return connector.Session{}, &f
	}
	if s.Token.IsZero() {
		return connector.Session{}, fault.Newf(fault.Permanent, string(l.name), "the login gave no token")
	}
	l.held = s
	if err := k.save(ctx, l.name, s); err != nil {
		// It is good all the same; only a restart has to log in again.
		k.opts.Log.Error("a session could not be kept", "connection", l.name, "err", err)
	}
	return s, nil
}

// record is a session as it is sealed.
type record struct {
	Token   string    `json:"token"`
	Refresh string    `json:"refresh,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

func place(name bridge.ConnectionName) []byte { return []byte("session\x00" + string(name)) }

func pack(s connector.Session) ([]byte, error) {
	return json.Marshal(record{Token: s.Token.Reveal(), Refresh: s.Refresh.Reveal(), Expires: s.Expires})
}

func unpack(plain []byte) (connector.Session, error) {
	var r record
	if err := json.Unmarshal(plain, &r); err != nil {
		return connector.Session{}, errors.New("not a session")
	}
	return connector.Session{Token: secret.New(r.Token), Refresh: secret.New(r.Refresh), Expires: r.Expires}, nil
}

func (k *Keeper) save(ctx context.Context, name bridge.ConnectionName, s connector.Session) error {
	plain, err := pack(s)
	if err != nil {
		return err
	}
	// Sealed inside: a commit after a change of keys must not bring the old one
	// back.
	return k.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		return kept.Put(tx, string(name), k.opts.Seal.Seal(plain, place(name)))
	})
}

// Sealed ranges over what the data key has sealed of the sessions.
func Sealed(tx *store.Tx) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, sealed := range kept.Scan(tx, "", "") {
			if !yield(sealed, nil) {
				return
			}
		}
	}
}

// Reseal seals the sessions under the current data key. What no key at hand
// opens is of no use and goes.
func (k *Keeper) Reseal(ctx context.Context) error {
	return k.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		for name, sealed := range maps.Collect(kept.Scan(tx, "", "")) {
			again, changed, err := k.opts.Seal.Reseal(bytes.Clone(sealed), place(bridge.ConnectionName(name)))
			switch {
			case err != nil:
				err = kept.Delete(tx, name)
			case changed:
				err = kept.Put(tx, name, again)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// load reads what was kept. What cannot be opened any more is no session: the
// connection logs in again.
func (k *Keeper) load(name bridge.ConnectionName) connector.Session {
	var sealed []byte
	err := k.opts.Store.View(func(tx *store.Tx) error {
		sealed, _ = kept.Get(tx, string(name))
		return nil
	})
	if err == nil && sealed == nil {
		return connector.Session{}
	}
	var s connector.Session
	if err == nil {
		s, err = open(k.opts.Seal, sealed, place(name))
	}
	if err != nil {
		k.opts.Log.Warn("the kept session is of no use", "connection", name, "err", err)
	}
	return s
}

func open(key secret.Key, sealed, aad []byte) (connector.Session, error) {
	plain, err := key.Open(sealed, aad)
	if err != nil {
		return connector.Session{}, fmt.Errorf("session: %w", err)
	}
	return unpack(plain)
}
