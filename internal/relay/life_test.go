package relay

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
	"passerelle/internal/writer"
)

func TestARestartGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(w bridge.Write, try int) way {
		if w.Prospect.ID == "0" && try == 1 {
			return hangs
		}
		return stores
	}, batches(1))
	stuck := h.add(bridge.WriteActivity, 0)
	soon(t, "the CRM hangs", func() bool { return h.crm.stuck() == 1 })
	behind := h.add(bridge.WriteActivity, 0)
	h.die()
	close(h.crm.free) // the request gets through, its answer to nobody
	soon(t, "it has", func() bool { return h.crm.stuck() == 0 })
	h.open()
	other := h.add(bridge.WriteActivity, 1)
	begun := time.Now()
	h.start()
	h.work()
	soon(t, "another prospect goes on", h.in(other, outbox.Applied))
	soon(t, "and after the CRM's own delay this one", h.done)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it waited %s, as if the dead writer might report", took)
	}
	if e := h.entry(stuck); e.State != outbox.Applied || !e.Claimed {
		t.Errorf("%+v", e)
	}
	soon(t, "in order", h.in(behind, outbox.Applied))
	h.onceInOrder(3)
}

func TestTheNextWriterTakesOverFromADeadOne(t *testing.T) {
	t.Parallel()
	h := prepare(t, first(hangs, stores))
	h.start()
	dying := h.connect()
	dead := h.serve(dying, "first", writer.Remote{Road: dying.Road("paris")})
	t.Cleanup(dead.Stop)
	id := h.add(bridge.WriteActivity, 1)
	soon(t, "the first writer has it", func() bool { return h.crm.stuck() == 1 })
	before := h.entry(id)
	dying.Close()
	close(h.crm.free)
	soon(t, "its request got through", func() bool { return h.crm.stuck() == 0 })
	living := h.connect()
	t.Cleanup(living.Close)
	second := h.serve(living, "second", writer.Remote{Road: living.Road("paris")})
	t.Cleanup(second.Stop)
	h.pass(defaultTimeout + settle)
	soon(t, "the second settles it", h.in(id, outbox.Applied))
	after := h.entry(id)
	if after.Fence <= before.Fence || after.Writer != "second" {
		t.Errorf("settled by %s under fence %d, after %s under %d", after.Writer, after.Fence, before.Writer, before.Fence)
	}
	if err := h.relay.Report(t.Context(), outbox.Report{Connection: crmName, Fence: before.Fence, Results: []outbox.Result{
		{Entry: id, State: connector.Failed, Kind: fault.Permanent, Begun: true},
	}}); err != nil {
		t.Errorf("a late report: %v", err)
	}
	if paused(h) || h.entry(id).State != outbox.Applied {
		t.Error("a late report was believed")
	}
	h.onceInOrder(1)
}

func TestIdleMeansIdle(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores))
	id := h.add(bridge.WriteActivity, 1)
	h.start()
	h.work()
	soon(t, "it is applied", h.in(id, outbox.Applied))
	h.writer.Stop()
	h.relay.Stop()
	before := h.wrote.Load()
	l := h.relay.lanes[crmName]
	for range 3 {
		if err := l.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := l.fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.confirmAll(t.Context(), h.crm); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.wrote.Load() - before; n != 0 {
		t.Errorf("%d transactions for nothing", n)
	}
}

// The outbox does not need NATS to be there when the hub starts.
func TestNATSComesLater(t *testing.T) {
	t.Parallel()
	h := prepare(t, always(stores))
	h.conn.Close()
	port := freePort(t)
	conn, err := bus.Connect(bus.Options{URL: fmt.Sprintf("nats://127.0.0.1:%d", port), Name: "test", Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	h.conn = conn
	h.relay.opts.Road = conn.Road("paris")
	h.start()
	h.work()
	h.addMany(20)
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	soon(t, "everything is applied", h.done)
	h.onceInOrder(20)
}
