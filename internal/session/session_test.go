package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

const (
	crm     = bridge.ConnectionName("crm.main")
	hidden  = "canari-refresh"
	someDay = "2026-11-02T09:00:00Z"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// vendor sells tokens t1, t2, …, each good for an hour.
type vendor struct {
	mu     sync.Mutex
	logins int
	lasts  []string // refresh tokens it was shown
	err    error
	open   chan struct{} // if set, a login waits for it
}

func (v *vendor) login(ctx context.Context, last connector.Session) (connector.Session, error) {
	if v.open != nil {
		select {
		case <-v.open:
		case <-ctx.Done():
			return connector.Session{}, fault.Lost("vendor", ctx.Err())
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return connector.Session{}, v.err
	}
	v.logins++
	v.lasts = append(v.lasts, last.Refresh.Reveal())
	return connector.Session{
		Token: secret.New(fmt.Sprint("t", v.logins)), Refresh: secret.New(fmt.Sprint(hidden, v.logins)), Expires: clock().Add(time.Hour),
	}, nil
}

func clock() time.Time {
	at, _ := time.Parse(time.RFC3339, someDay)
	return at
}

type world struct {
	store *store.Store
	seal  secret.Key
	now   atomic.Int64 // after someDay
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &world{store: s, seal: newKey(t)}
}

func newKey(t *testing.T) secret.Key {
	t.Helper()
	key, err := secret.LoadOrCreateKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) time() time.Time { return clock().Add(time.Duration(w.now.Load())) }

func (w *world) keeper() *Keeper {
	return New(Options{Store: w.store, Seal: w.seal, Now: w.time, Log: quiet})
}

func token(t *testing.T, access connector.Access, refused string) string {
	t.Helper()
	got, err := access(t.Context(), secret.New(refused))
	if err != nil {
		t.Fatal(err)
	}
	return got.Reveal()
}

func TestASessionIsBoughtOnceAndKept(t *testing.T) {
	t.Parallel()
	w, v := newWorld(t), &vendor{}
	access := w.keeper().Of(crm)(v.login)
	for _, step := range []struct {
		name, refused, want string
		after               time.Duration // since the first
	}{
		{"the first", "", "t1", 0},
		{"again", "", "t1", 0},
		{"refused", "t1", "t2", 0},
		{"refused, known already", "t1", "t2", 0},
		{"a minute before its end", "", "t3", 59 * time.Minute},
	} {
		w.now.Store(int64(step.after))
		if got := token(t, access, step.refused); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	w.now.Store(0)
	again := w.keeper().Of(crm)(v.login) // after a restart
	if got := token(t, again, ""); got != "t3" {
		t.Errorf("after a restart: %s", got)
	}
	if got := token(t, again, "t3"); got != "t4" {
		t.Errorf("refused after a restart: %s", got)
	}
	if got := strings.Join(v.lasts, " "); got != " canari-refresh1 canari-refresh2 canari-refresh3" {
		t.Errorf("the refresh tokens shown: %q", got)
	}
}

func TestManyAskOneLogsIn(t *testing.T) {
	t.Parallel()
	w, v := newWorld(t), &vendor{}
	access := w.keeper().Of(crm)(v.login)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got, err := access(t.Context(), secret.String{}); err != nil || got.Reveal() != "t1" {
				t.Errorf("%s, %v", got.Reveal(), err)
			}
		})
	}
	wg.Wait()
	if v.logins != 1 {
		t.Errorf("%d logins", v.logins)
	}
}

// Whoever asked may leave; what the login buys is kept all the same.
func TestALoginEndsThoughNobodyWaits(t *testing.T) {
	t.Parallel()
	w, v := newWorld(t), &vendor{open: make(chan struct{})}
	access := w.keeper().Of(crm)(v.login)
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 2)
	for range 2 { // one logs in, one waits for it
		go func() {
			_, err := access(impatient, secret.String{})
			left <- err
		}()
	}
	leave()
	for range 2 {
		if f := fault.Of(<-left); f.Kind != fault.Unavailable || f.MayHaveApplied {
			t.Errorf("left with %+v", f)
		}
	}
	close(v.open)
	if got := token(t, access, ""); got != "t1" || v.logins > 1 {
		t.Errorf("%s after %d logins", got, v.logins)
	}
}

func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"credentials": {fault.Newf(fault.Permanent, "vendor", "no"), fault.Permanent},
		"lost":        {fault.Lost("vendor", errors.New("reset")), fault.Unavailable},
		"limited":     {&fault.Error{Kind: fault.RateLimited, After: time.Hour}, fault.RateLimited},
	} {
		v := &vendor{err: c.err}
		_, err := w.keeper().Of(bridge.ConnectionName("crm."+name))(v.login)(t.Context(), secret.String{})
		if f := fault.Of(err); err == nil || f.Kind != c.kind || f.MayHaveApplied || f.After != fault.Of(c.err).After {
			t.Errorf("%s: %+v", name, f)
		}
	}
	empty := func(context.Context, connector.Session) (connector.Session, error) { return connector.Session{}, nil }
	if _, err := w.keeper().Of("crm.empty")(empty)(t.Context(), secret.String{}); fault.Of(err) == nil || fault.Of(err).Kind != fault.Permanent {
		t.Errorf("no token: %v", err)
	}
}

func TestKeptSessionsAreSealed(t *testing.T) {
	t.Parallel()
	w, v := newWorld(t), &vendor{}
	token(t, w.keeper().Of(crm)(v.login), "")
	count := func() (n int) {
		err := w.store.View(func(tx *store.Tx) error {
			for sealed, err := range Sealed(tx) {
				if err != nil || strings.Contains(string(sealed), hidden) || secret.SealedBy(sealed) != w.seal.ID() {
					t.Errorf("a session lies open: %v", err)
				}
				n++
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	if n := count(); n != 1 {
		t.Fatalf("%d sessions are kept", n)
	}
	path := filepath.Join(t.TempDir(), "key")
	var err error
	if w.seal, err = secret.LoadOrCreateKey(path); err != nil {
		t.Fatal(err)
	}
	lost := w.keeper()
	if got := token(t, lost.Of(crm)(v.login), ""); got != "t2" {
		t.Errorf("under another key: %s", got)
	}
	if err := w.seal.Renew(path); err != nil {
		t.Fatal(err)
	}
	if err := lost.Reseal(t.Context()); err != nil || count() != 1 {
		t.Errorf("%d sessions after a change of keys: %v", count(), err)
	}
	if got := token(t, w.keeper().Of(crm)(v.login), ""); got != "t2" {
		t.Errorf("after a change of keys: %s", got)
	}
}

// remote is a hub and a writer elsewhere, on a NATS of their own.
func remote(t *testing.T, k *Keeper, hubs, writers secret.Key) Remote {
	t.Helper()
	server, err := embedded.Start(filepath.Join(t.TempDir(), "nats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	connect := func(name string) *bus.Road {
		c, err := bus.Connect(bus.Options{Embedded: server, Name: name, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c.Road("paris")
	}
	ctx, stop := context.WithCancel(context.Background())
	wait, err := k.Serve(ctx, connect("hub"), hubs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); wait() })
	return Remote{Road: connect("writer"), Key: writers, Now: k.opts.Now}
}

func TestAWriterElsewhereSharesTheSession(t *testing.T) {
	t.Parallel()
	w, v := newWorld(t), &vendor{}
	k, key := w.keeper(), newKey(t)
	here := k.Of(crm)(v.login)
	never := func(context.Context, connector.Session) (connector.Session, error) {
		t.Error("the writer logs in")
		return connector.Session{}, errors.New("no")
	}
	there := remote(t, k, key, key).Of(crm)(never)
	for _, step := range []struct {
		name          string
		access        connector.Access
		refused, want string
	}{
		{"the writer's first", there, "", "t1"},
		{"the hub's", here, "", "t1"},
		{"refused to the writer", there, "t1", "t2"},
		{"refused to the hub, known already", here, "t1", "t2"},
		{"refused to the hub", here, "t2", "t3"},
		{"refused to the writer, known already", there, "t2", "t3"},
	} {
		if got := token(t, step.access, step.refused); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

func TestAWriterElsewhereIsToldWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k, key := w.keeper(), newKey(t)
	k.Of(crm)((&vendor{}).login)
	k.Of("crm.barred")((&vendor{err: fault.Newf(fault.Permanent, "vendor", "invalid_client")}).login)
	k.Of("crm.busy")((&vendor{err: &fault.Error{Kind: fault.RateLimited, After: time.Hour}}).login)
	good := remote(t, k, key, key)
	other := Remote{Road: good.Road, Key: newKey(t), Now: w.time}
	none := Remote{Road: good.Road, Now: w.time}
	for _, c := range []struct {
		name   string
		remote Remote
		conn   bridge.ConnectionName
		kind   fault.Kind
		says   string
	}{
		{"no key", none, crm, fault.Permanent, "nats.writer_key"},
		{"another key", other, crm, fault.Permanent, "nats.writer_key"},
		{"unknown to the hub", good, "crm.unknown", fault.Permanent, "compare the two configs"},
		{"refused", good, "crm.barred", fault.Permanent, "invalid_client"},
		{"limited", good, "crm.busy", fault.RateLimited, ""},
	} {
		_, err := c.remote.Of(c.conn)(nil)(t.Context(), secret.String{})
		f := fault.Of(err)
		if err == nil || f.Kind != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.kind == fault.RateLimited && f.After != time.Hour {
			t.Errorf("%s: after %s", c.name, f.After)
		}
	}
}

// What crosses NATS is the sealed token, and never the refresh token.
func TestWhatCrossesTheWire(t *testing.T) {
	t.Parallel()
	w, key := newWorld(t), newKey(t)
	k := w.keeper()
	k.Of(crm)((&vendor{}).login)
	q := request{Connection: crm, Nonce: "n"}
	a := k.answer(t.Context(), q, "paris", key)
	s, err := open(key, a.Sealed, q.bound("paris"))
	if err != nil || s.Token.Reveal() != "t1" || !s.Refresh.IsZero() {
		t.Errorf("token %q, refresh %q, %v", s.Token.Reveal(), s.Refresh.Reveal(), err)
	}
	if strings.Contains(string(a.Sealed), "t1") {
		t.Error("the token travels open")
	}
	for name, other := range map[string][]byte{
		"another request": request{Connection: crm, Nonce: "m"}.bound("paris"),
		"another hub":     q.bound("lyon"),
	} {
		if _, err := open(key, a.Sealed, other); !errors.Is(err, secret.ErrDamaged) {
			t.Errorf("the answer opens for %s: %v", name, err)
		}
	}
}
