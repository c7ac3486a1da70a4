package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
	"passerelle/internal/campaign"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/relay"
	"passerelle/internal/writer"
)

func (a *App) startBus(context.Context) error {
	opts := bus.Options{
		URL: a.cfg.NATS.URL, Credentials: a.cfg.NATS.Credentials, Name: a.cfg.Hub, Log: a.log,
		Changed: a.natsChanged,
	}
	if opts.URL == "" {
		dir := filepath.Join(a.cfg.DataDir, "nats")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		server, err := embedded.Start(dir)
		if err != nil {
			return err
		}
		a.nats, opts.Embedded = server, server
		a.onStop(server.Stop)
	}
	conn, err := bus.Connect(opts)
	if err != nil {
		return err
	}
	a.bus = conn
	a.onStop(conn.Close)
	a.natsChanged(conn.Connected())
	return nil
}

var errNATS = errors.New("NATS does not answer: calls are still taken, the CRM gets them later")

func (a *App) natsChanged(connected bool) {
	a.metrics.SetNATS(connected)
	if connected {
		a.health.Set("nats", nil)
	} else {
		a.health.Set("nats", errNATS)
	}
}

// startOut starts the way up: relay, and the hub's own writer.
func (a *App) startOut(ctx context.Context) error {
	local := "hub " + a.cfg.Hub
	road := a.bus.Road(a.cfg.Hub)
	var lines []relay.Line
	var serve []writer.Line
	for _, l := range a.lines {
		if l.desc.Kind != connector.CRM {
			continue
		}
		lines = append(lines, relay.Line{Name: l.cfg.Name, Descriptor: l.desc, Conn: l.conn, Bucket: l.bucket, Breaker: l.breaker})
		serve = append(serve, writer.Line{Name: l.cfg.Name, Descriptor: l.desc, Conn: l.conn})
	}
	a.relay = relay.New(relay.Options{
		Store: a.store, Road: road, Desk: a.desk, Lines: lines, Local: local,
		Timeout: a.opts.ClaimTimeout, Now: a.clock.steady, Log: a.log,
		Found: func(c bridge.ConnectionName, f outbox.Finding) { a.metrics.Found(c, string(f)) },
	})
	if err := a.relay.Start(ctx); err != nil {
		return err
	}
	a.onStop(a.relay.Stop)
	if err := a.serveSessions(road); err != nil {
		return err
	}
	a.writer = writer.New(writer.Options{Name: local, Hub: a.relay, Road: road, Lines: serve, Log: a.log})
	a.writer.Start()
	a.onStop(a.writer.Stop)
	return nil
}

// serveSessions gives writers elsewhere the tokens of connections that log in.
func (a *App) serveSessions(road *bus.Road) error {
	if a.cfg.NATS.WriterKey.IsZero() {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	wait, err := a.sessions.Serve(ctx, road, a.cfg.NATS.WriterKey)
	if err != nil {
		cancel()
		return err
	}
	a.onStop(func() { cancel(); wait() })
	return nil
}

// openDown makes the way down ready.
func (a *App) openDown(context.Context) error {
	pullers := map[bridge.ConnectionName]connector.Puller{}
	pushers := map[bridge.ConnectionName]connector.Pusher{}
	for _, l := range a.lines {
		if p, ok := l.conn.(connector.Puller); ok {
			pullers[l.cfg.Name] = p
		}
		if p, ok := l.conn.(connector.Pusher); ok {
			pushers[l.cfg.Name] = p
		}
	}
	a.sync = campaign.New(campaign.Options{
		Store: a.store, Desk: a.desk, Pullers: pullers, Pushers: pushers,
		Every: a.opts.SyncEvery, Now: a.opts.Now, Log: a.log,
		Rounded: func(err error) { a.metrics.SetBehind(err != nil) },
	})
	return nil
}

func (a *App) startDown(context.Context) error {
	a.sync.Start()
	a.onStop(a.sync.Stop)
	return nil
}

// How often small things are seen to.
const (
	leaseEvery    = 5 * time.Second
	surveyEvery   = time.Second
	looksEvery    = 2 * time.Second
	proposalEvery = time.Hour
	forgetEvery   = 2 * time.Second
	agendaEvery   = 5 * time.Minute
	askEvery      = 15 * time.Second    // at most: whether salespeople are taken
	tellEvery     = time.Minute         // that one fails
	proposalLife  = 30 * 24 * time.Hour // undecided, by our clock since receipt
)

// startChores starts what happens by the clock.
func (a *App) startChores(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	a.during = ctx
	every := func(d time.Duration, what string, do func(context.Context) error) {
		a.chores.Go(func() {
			tick := time.NewTicker(d)
			defer tick.Stop()
			var told time.Time
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := do(ctx); err != nil && ctx.Err() == nil && time.Since(told) >= tellEvery {
					told = time.Now()
					a.log.Error("a chore failed", "job", what, "err", err)
				}
			}
		})
	}
	every(leaseEvery, "expire leases", func(ctx context.Context) error {
		held, err := a.desk.ExpireLeases(ctx)
		a.metrics.SetLeases(held)
		return err
	})
	every(looksEvery, "keep who looked at which cards", a.desk.KeepLooks)
	every(surveyEvery, "read the index of leads", a.desk.Survey)
	every(forgetEvery, "finish forgetting", a.finishForgetting)
	every(proposalEvery, "expire proposals", func(ctx context.Context) error {
		return a.desk.ExpireProposals(ctx, a.opts.Now().Add(-proposalLife))
	})
	a.keepAgenda(every)
	if a.shadow != nil {
		every(shadowEvery, "keep what the draft beside decided", a.keepShadow)
	}
	every(rightsEvery, "read the CRMs' rights", a.readRights)
	a.chores.Go(a.watchRights)
	a.chores.Go(a.finishRotation)
	a.upkeep(every)
	a.onStop(func() {
		cancel()
		a.chores.Wait()
		if err := a.desk.KeepLooks(context.Background()); err != nil {
			a.log.Error("who looked at which cards last could not be kept", "err", err)
		}
	})
	return nil
}
