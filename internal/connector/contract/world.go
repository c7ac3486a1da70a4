package contract

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/strict"
)

const (
	connection = bridge.ConnectionName("contract.test")
	patience   = 10 * time.Second // a test that waits longer has failed
)

// opened is a world and a connection to it.
type opened struct {
	*World
	connector.Conn
	proxy   *proxy // nil without a server
	metered atomic.Int64
	env     connector.Env
	keeper  keeper
	ahead   atomic.Int64 // of the clock that the connection has, nanoseconds
	open    func(context.Context, connector.Env) (connector.Conn, error)
}

// open makes a world and connects to it, until the test ends.
func (h Harness) open(t *testing.T) *opened {
	t.Helper()
	o := h.world(t)
	o.Conn = o.again(t)
	return o
}

// again opens one more connection to the same world, as after a restart.
func (o *opened) again(t *testing.T) connector.Conn {
	t.Helper()
	conn, err := o.open(t.Context(), o.env)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return conn
}

func (h Harness) world(t *testing.T) *opened {
	t.Helper()
	o := &opened{World: h.World(t), open: h.Descriptor.Open}
	url := ""
	if o.Server != nil {
		o.proxy = newProxy(o.World)
		server := httptest.NewServer(o.proxy)
		url = server.URL
		t.Cleanup(func() {
			o.Client.CloseIdleConnections()
			server.CloseClientConnections()
			server.Close()
		})
	}
	if o.CRM != nil && len(o.CRM.Users) < 2 {
		t.Fatal("the world names fewer than two users of its CRM")
	}
	zone := o.Zone
	if zone == nil {
		zone, _ = time.LoadLocation("Europe/Paris")
	}
	client := o.Client
	if client == nil {
		client = &http.Client{Transport: noNetwork{}}
	}
	o.env = connector.Env{
		Name: connection, Fields: o.Fields, Catalog: bridge.Standard(),
		Decode: decoder(o.Settings(url)),
		HTTP:   client,
		Meter:  func(n int) { o.metered.Add(int64(n)) },
		Now:    o.now, Zone: zone, Dir: o.Dir,
		Session: o.keeper.session,
	}
	return o
}

func (o *opened) now() time.Time { return time.Now().Add(time.Duration(o.ahead.Load())) }

// later moves both clocks on.
func (o *opened) later(d time.Duration) {
	o.ahead.Add(int64(d))
	if o.Later != nil {
		o.Later(d)
	}
}

func decoder(yaml string) func(any) error {
	return func(into any) error {
		node, err := strict.Parse("settings.yaml", []byte(yaml))
		if err != nil {
			return err
		}
		return node.Decode(into)
	}
}

type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("this world has no server")
}

// harmless fails if an error shows what nobody may see: a secret of the
// settings, a value that the system holds, or what a write carried.
func (o *opened) harmless(t *testing.T, err error, sent ...string) {
	t.Helper()
	if err == nil {
		return
	}
	o.hides(t, err.Error(), sent...)
	if len(err.Error()) > 2000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func (o *opened) hides(t *testing.T, text string, sent ...string) {
	t.Helper()
	for _, hidden := range [][]string{o.Secrets, o.Personal, sent} {
		for _, value := range hidden {
			if value != "" && strings.Contains(text, value) {
				t.Errorf("%q shows in: %.1000s", value, text)
			}
		}
	}
}

func (o *opened) apply(t *testing.T, w bridge.Write) connector.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	receipts := o.Conn.(connector.Applier).Apply(ctx, []bridge.Write{w})
	if len(receipts) != 1 {
		t.Fatalf("one write gave %d receipts", len(receipts))
	}
	return checked(t, receipts[0])
}

// checked fails for a receipt that does not make sense.
func checked(t *testing.T, r connector.Receipt) connector.Receipt {
	t.Helper()
	switch {
	case r.State == connector.Failed && r.Err == nil:
		t.Errorf("failed without an error")
	case (r.State == connector.Stored || r.State == connector.Accepted) && r.Err != nil:
		t.Errorf("%s with an error: %v", r.State, r.Err)
	case r.State != connector.Stored && r.State != connector.Accepted && r.State != connector.Failed:
		t.Errorf("receipt in state %q", r.State)
	}
	return r
}

// must applies a write that has to succeed without a conflict.
func (o *opened) must(t *testing.T, w bridge.Write) connector.Receipt {
	t.Helper()
	r := o.apply(t, w)
	if r.Err != nil || len(r.Conflicts) > 0 {
		t.Fatalf("%s: %+v", w.Kind, r)
	}
	return r
}

func (o *opened) find(t *testing.T, writes ...bridge.Write) []connector.Sighting {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen, err := o.Conn.(connector.Finder).Find(ctx, writes)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	if len(seen) != len(writes) {
		t.Fatalf("%d writes gave %d sightings", len(writes), len(seen))
	}
	return seen
}

// sees fails unless the write's effect is found, or is not.
func (o *opened) sees(t *testing.T, want bool, w bridge.Write) {
	t.Helper()
	if got := o.find(t, w)[0].Present; got != want {
		t.Errorf("find %s %s: present %v, want %v", w.Kind, w.Operation, got, want)
	}
}
