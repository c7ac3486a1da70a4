package chaos

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/test/crmfake"
)

// setClock is a machine's clock that somebody sets.
type setClock struct{ by atomic.Int64 }

func (c *setClock) now() time.Time { return time.Now().Add(time.Duration(c.by.Load())) }

func (c *setClock) set(by time.Duration) { c.by.Add(int64(by)) }

// TestClockJumps sets the clock by an hour either way, under load, before a CRM
// that is slow, fails and loses answers; and once more over a restart, while
// writes wait for their next try.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	chosen := uint64(time.Now().UnixNano())
	dir, crm, clock := t.TempDir(), newRestCRM(t, chosen), &setClock{}
	configure(t, dir, crm.config())
	r := &run{t: t, dir: dir, crm: crm, dice: rand.New(rand.NewPCG(chosen, 0)), deaths: map[string]int{}, moods: map[string]int{}, hurts: map[string]int{}}
	r.hub = newProcess(t, build(t), dir) // for the command that checks the ledger; the hub is in this process
	stop := startInside(t, r.hub, clock)
	r.load = newLoad(t, r.hub, 8, 40*time.Millisecond)
	r.load.now = clock.now // the platform's is set with the hub's
	r.supervisor = newSupervisor(t, r.hub)
	r.awaitLeads()
	r.load.start(chosen)
	r.supervisor.start()
	crm.Misbehave(
		crmfake.Rule{Fault: crmfake.Slow, Method: http.MethodPost, Chance: 0.1, Delay: 1500 * time.Millisecond},
		crmfake.Rule{Fault: crmfake.Down, Chance: 0.05},
		crmfake.Rule{Fault: crmfake.ResetAfter, Chance: 0.05},
	)
	for _, by := range []time.Duration{time.Hour, -time.Hour, -time.Hour, time.Hour} {
		<-time.After(700 * time.Millisecond)
		clock.set(by)
	}
	crm.Misbehave(crmfake.Rule{Fault: crmfake.ResetAfter, Chance: 0.5}) // so that writes wait
	<-time.After(700 * time.Millisecond)
	r.load.wait()
	r.supervisor.wait()
	stop()
	clock.set(-time.Hour)
	crm.calm()
	stop = startInside(t, r.hub, clock)
	r.drain()
	r.judge()
	stop()
}

// startInside starts a hub in this process and lets p find it.
func startInside(t *testing.T, p *process, clock *setClock) (stop func()) {
	t.Helper()
	cfg, err := config.Load(filepath.Join(p.dir, "passerelle.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := obs.New(p.log, slog.LevelInfo, obs.FormatText)
	if err != nil {
		t.Fatal(err)
	}
	hub, err := app.New(t.Context(), app.Options{Config: cfg, Registry: all.Registry(), Log: log, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Stop)
	p.addr.Store(hub.Addr().String())
	return hub.Stop
}
