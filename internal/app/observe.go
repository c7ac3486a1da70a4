package app

import (
	"context"
	"errors"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/intake"
	"passerelle/internal/ledger"
	"passerelle/internal/obs"
	"passerelle/internal/outbox"
	"passerelle/internal/relay"
	"passerelle/internal/store"
)

// observe makes the metrics and the health checks.
func (a *App) observe() {
	labels := obs.Labels{}
	for _, c := range a.cfg.Connections {
		labels.Connections = append(labels.Connections, c.Name)
	}
	for _, s := range outbox.States() {
		if !s.Final() {
			labels.WriteStates = append(labels.WriteStates, string(s))
		}
	}
	for _, s := range httpx.BreakerStates() {
		labels.BreakerStates = append(labels.BreakerStates, string(s))
	}
	for _, f := range outbox.Findings() {
		labels.Findings = append(labels.Findings, string(f))
	}
	a.metrics = obs.NewMetrics(labels)
	a.metrics.OnScrape(a.scrape)
	a.health = obs.NewHealth("store", "nats")
	a.health.Check("store", func(ctx context.Context) error {
		if a.store == nil {
			return errors.New("the store is not open")
		}
		return a.store.Ready(ctx)
	})
}

// storeTrouble logs what is wrong with the store, and that it is over.
func (a *App) storeTrouble(err error) {
	if err != nil {
		a.log.Error("trouble with the store", "err", err)
		return
	}
	a.log.Info("the store keeps changes again")
}

// scrape reads the gauges that only the store knows.
func (a *App) scrape() {
	if a.store == nil {
		return
	}
	a.metrics.SetStoreBytes(a.store.Size())
	a.metrics.SetStoreFree(a.store.Free())
	now := a.opts.Now()
	conflicts := 0
	err := a.store.View(func(tx *store.Tx) error {
		for _, l := range a.lines {
			if l.desc.Kind != connector.CRM {
				continue
			}
			n, err := a.scrapeLine(tx, l)
			if err != nil {
				return err
			}
			conflicts += n
		}
		a.metrics.SetParked(intake.Count(tx))
		head, err := ledger.Head(tx, now)
		a.metrics.SetLedgerLines(head.N)
		return err
	})
	a.metrics.SetConflicts(conflicts)
	if err != nil {
		a.log.Error("the store could not be read for the metrics", "err", err)
	}
}

func (a *App) scrapeLine(tx *store.Tx, l line) (conflicts int, err error) {
	a.metrics.SetBreaker(l.cfg.Name, string(l.breaker.State()))
	_, paused, err := relay.Paused(tx, l.cfg.Name)
	if err != nil {
		return 0, err
	}
	a.metrics.SetPaused(l.cfg.Name, paused)
	counts, oldest, err := outbox.Count(tx, l.cfg.Name)
	if err != nil {
		return 0, err
	}
	for _, s := range outbox.States() {
		if !s.Final() {
			a.metrics.SetWrites(l.cfg.Name, string(s), counts[s])
		}
	}
	if oldest.IsZero() {
		a.metrics.SetOldest(l.cfg.Name, 0)
	} else {
		a.metrics.SetOldest(l.cfg.Name, a.opts.Now().Sub(oldest))
	}
	return counts[outbox.Conflicted], nil
}

// crms lists the hub's CRM connections.
func (a *App) crms() []bridge.ConnectionName {
	var out []bridge.ConnectionName
	for _, l := range a.lines {
		if l.desc.Kind == connector.CRM {
			out = append(out, l.cfg.Name)
		}
	}
	slices.Sort(out)
	return out
}
