package relay

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
	"passerelle/internal/writer"
)

const (
	crmName  = bridge.ConnectionName("crm.main")
	settle   = 20 * time.Millisecond
	local    = "hub paris"
	patience = time.Minute
)

// soon waits until something is so, and fails the test if that takes too long.
func soon(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// hub is a store, a road, a relay and a CRM, with or without the hub's own
// writer. Its clock runs as the machine's does, ahead by what the test adds.
type hub struct {
	testing.TB
	dir    string
	crm    *scripted
	line   Line
	server *embedded.Server
	ahead  atomic.Int64
	wrote  atomic.Int64 // transactions

	store  *store.Store
	conn   *bus.Conn
	relay  *Relay
	writer *writer.Writer
	serial int
}

// setup changes a hub before it starts.
type setup func(*hub)

func batches(n int) setup { return func(h *hub) { h.line.Descriptor.Batch = n } }

func patientBreaker(h *hub) { h.line.Breaker = httpx.NewBreaker(1_000_000, time.Minute) }

// newHub starts a hub whose CRM follows a script.
func newHub(t testing.TB, script func(bridge.Write, int) way, setups ...setup) *hub {
	t.Helper()
	h := prepare(t, script, setups...)
	h.start()
	h.work()
	return h
}

// prepare makes a hub that is not started.
func prepare(t testing.TB, script func(bridge.Write, int) way, setups ...setup) *hub {
	t.Helper()
	h := &hub{TB: t, dir: t.TempDir(), crm: newScripted(script)}
	h.line = Line{
		Name: crmName, Conn: h.crm, Bucket: httpx.NewBucket(0, 0), Breaker: httpx.NewBreaker(5, 300*time.Millisecond),
		Descriptor: connector.Descriptor{
			Name: "scripted", Kind: connector.CRM, Kinds: bridge.WriteKinds(), Idempotency: connector.ByLookup,
			Confirmation: connector.ByReadback, Batch: 1, Settle: settle,
		},
	}
	for _, s := range setups {
		s(h)
	}
	server, err := embedded.Start(filepath.Join(h.dir, "nats"))
	if err != nil {
		t.Fatal(err)
	}
	h.server = server
	t.Cleanup(server.Stop)
	h.open()
	t.Cleanup(h.stop)
	return h
}

func (h *hub) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

func (h *hub) pass(d time.Duration) { h.ahead.Add(int64(d)) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// open opens the store and makes the relay.
func (h *hub) open() {
	h.Helper()
	var err error
	h.store, err = store.Open(filepath.Join(h.dir, "store.db"), store.Options{Observe: func(int, time.Duration) { h.wrote.Add(1) }})
	if err != nil {
		h.Fatal(err)
	}
	h.conn = h.connect()
	key, err := secret.ParseKey(secret.New(strings.Repeat("0a", 32)))
	if err != nil {
		h.Fatal(err)
	}
	rules, err := policy.Load("policy.yaml", []byte("version: 1\nroles: {nobody: {}}\nprofiles: {}\n"), bridge.Standard())
	if err != nil {
		h.Fatal(err)
	}
	d, err := desk.New(context.Background(), desk.Options{Store: h.store, Rules: &desk.Rules{Policy: rules}, Seal: key, Now: h.now, Log: quiet()})
	if err != nil {
		h.Fatal(err)
	}
	h.relay = New(Options{
		Store: h.store, Road: h.conn.Road("paris"), Desk: d, Lines: []Line{h.line}, Local: local, Now: h.now, Log: quiet(),
	})
}

func (h *hub) connect() *bus.Conn {
	h.Helper()
	c, err := bus.Connect(bus.Options{Embedded: h.server, Name: "test", Log: quiet()})
	if err != nil {
		h.Fatal(err)
	}
	return c
}

func (h *hub) start() {
	h.Helper()
	if err := h.relay.Start(context.Background()); err != nil {
		h.Fatal(err)
	}
}

// work starts the hub's own writer.
func (h *hub) work() { h.writer = h.serve(h.conn, local, h.relay) }

func (h *hub) serve(c *bus.Conn, name string, hub writer.Hub) *writer.Writer {
	w := writer.New(writer.Options{
		Name: name, Hub: hub, Road: c.Road("paris"), Log: quiet(),
		Lines: []writer.Line{{Name: crmName, Descriptor: h.line.Descriptor, Conn: h.crm}},
	})
	w.Start()
	return w
}

func (h *hub) stop() {
	if h.writer != nil {
		h.writer.Stop()
	}
	h.relay.Stop()
	h.conn.Close()
	h.store.Close()
}

// die ends everything at once, and nothing of it in order: what the writer has
// begun goes on without a hub.
func (h *hub) die() {
	h.conn.Close()
	h.store.Close()
	old := h.relay
	if h.writer != nil {
		h.Cleanup(h.writer.Stop)
	}
	h.Cleanup(old.Stop)
	h.writer = nil
}

func ref(n int) bridge.Ref {
	return bridge.Ref{Connection: crmName, Object: bridge.ProspectObj, ID: fmt.Sprint(n)}
}

// add appends a write of a prospect, as the desk would.
func (h *hub) add(kind bridge.WriteKind, prospect int, fields ...bridge.FieldChange) string {
	h.Helper()
	h.serial++
	key := fmt.Sprintf("event-%d", h.serial)
	var e outbox.Entry
	err := h.store.Commit(context.Background(), func(tx *store.Tx) (err error) {
		e, err = outbox.Append(tx, outbox.Draft{EventKey: key, Write: bridge.Write{
			Operation: bridge.Operation(crmName, key, kind, 0), Kind: kind, Prospect: ref(prospect), Fields: fields,
		}}, h.now())
		tx.OnCommit(func() { h.relay.Wake(crmName) })
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return e.ID
}

func (h *hub) addMany(n int) {
	h.Helper()
	err := h.store.Commit(context.Background(), func(tx *store.Tx) error {
		for i := range n {
			key := fmt.Sprintf("many-%d", i)
			_, err := outbox.Append(tx, outbox.Draft{EventKey: key, Write: bridge.Write{
				Operation: bridge.Operation(crmName, key, bridge.WriteActivity, 0), Kind: bridge.WriteActivity, Prospect: ref(i),
			}}, h.now())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.Fatal(err)
	}
	h.relay.Wake(crmName)
}

func (h *hub) entry(id string) (e outbox.Entry) {
	h.Helper()
	h.view(func(tx *store.Tx) (err error) { e, _, err = outbox.Get(tx, id); return err })
	return e
}

func (h *hub) commit(fn func(tx *store.Tx) error) {
	h.Helper()
	if err := h.store.Commit(context.Background(), fn); err != nil {
		h.Fatal(err)
	}
}

func (h *hub) view(fn func(tx *store.Tx) error) {
	h.Helper()
	if err := h.store.View(fn); err != nil {
		h.Fatal(err)
	}
}

func (h *hub) counts() (c map[outbox.State]int) {
	h.Helper()
	h.view(func(tx *store.Tx) (err error) { c, _, err = outbox.Count(tx, crmName); return err })
	return c
}

func (h *hub) in(id string, s outbox.State) func() bool {
	return func() bool { return h.entry(id).State == s }
}

// done says whether nothing is open any more.
func (h *hub) done() bool { return len(h.counts()) == 0 }

// loseStream deletes the stream as an administrator of NATS might.
func (h *hub) loseStream() {
	h.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(h.server))
	if err != nil {
		h.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		h.Fatal(err)
	}
	if err := js.DeleteStream(context.Background(), "passerelle-paris"); err != nil {
		h.Fatal(err)
	}
}

// onceInOrder fails unless each operation was applied once, and each
// prospect's in the order that they were made.
func (h *hub) onceInOrder(want int) {
	h.Helper()
	made := map[bridge.OperationID]string{}
	h.view(func(tx *store.Tx) error {
		all, _, err := outbox.List(tx, outbox.Filter{Limit: 1_000_000})
		for _, e := range all {
			made[e.Write.Operation] = e.ID
		}
		return err
	})
	times := map[bridge.OperationID]int{}
	last := map[string]string{}
	for _, w := range h.crm.log() {
		times[w.Operation]++
		if times[w.Operation] > 1 && w.Kind != bridge.WriteFields {
			h.Errorf("%s %s was applied %d times", w.Kind, made[w.Operation], times[w.Operation])
		}
		if id := made[w.Operation]; id < last[w.Prospect.ID] {
			h.Errorf("prospect %s: %s was applied after %s", w.Prospect.ID, id, last[w.Prospect.ID])
		} else {
			last[w.Prospect.ID] = id
		}
	}
	if len(times) != want {
		h.Errorf("%d operations were applied, want %d", len(times), want)
	}
}

// freePort is an address that nothing listens on (yet).
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
