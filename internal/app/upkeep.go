package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"passerelle/internal/campaign"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// migrations bring the store of an earlier version up to this program's.
func migrations(key secret.Key) []store.Migration {
	return slices.Concat(outbox.Migrations(), desk.Migrations(key), campaign.Migrations())
}

// sweep prunes one kind of record, step by step. A step answers how many it has
// erased and where to go on, "" at the end. What is cut off begins anew: what
// is gone is gone.
type sweep struct {
	kind  string
	every time.Duration
	step  func(ctx context.Context, from string) (n int, next string, err error)
}

// sweeps are what retention asks for. Terms are counted back from each step: a
// sweep may take long.
func (a *App) sweeps() []sweep {
	keep, now := a.cfg.Retention, a.opts.Now
	return []sweep{
		{"parked_events", time.Hour, func(ctx context.Context, from string) (int, string, error) {
			return a.intake.Prune(ctx, keep.Parked.Before(now()), from)
		}},
		{"writes", time.Hour, func(ctx context.Context, from string) (int, string, error) {
			return a.desk.PruneWrites(ctx, keep.Writes.Before(now()), from)
		}},
		{"decisions", 24 * time.Hour, func(ctx context.Context, from string) (int, string, error) {
			return a.desk.PruneDecisions(ctx, keep.Decisions.Before(now()), from)
		}},
		{"prospects", 24 * time.Hour, func(ctx context.Context, from string) (int, string, error) {
			return a.desk.PruneProspects(ctx, keep.Prospects.Before(now()), from)
		}},
		{"met", 24 * time.Hour, a.sync.Prune},
		{"access", 24 * time.Hour, func(ctx context.Context, _ string) (int, string, error) {
			n, err := a.accounts.Prune(ctx, keep.Access.Before(now()))
			return n, "", err
		}},
		{"tokens", 24 * time.Hour, func(ctx context.Context, _ string) (int, string, error) {
			n, err := a.tokens.Prune(ctx, keep.Access.Before(now()))
			return n, "", err
		}},
	}
}

// A sweep rests between two steps for a multiple of what the step took, so that
// whoever acknowledges calls does not feel it.
const (
	restFactor = 4
	restLeast  = 5 * time.Millisecond
	restMost   = time.Second
)

// run goes through to the end.
func (s sweep) run(ctx context.Context, rest bool, erased func(int)) error {
	for from := ""; ; {
		began := time.Now()
		n, next, err := s.step(ctx, from)
		if err != nil {
			return fmt.Errorf("prune %s: %w", s.kind, err)
		}
		erased(n)
		if next == "" {
			return nil
		}
		from = next
		if !rest {
			continue
		}
		select {
		case <-time.After(min(max(restFactor*time.Since(began), restLeast), restMost)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Prune erases at once what has outlived its term; the hub does the same by the
// clock, with rests.
func (a *App) Prune(ctx context.Context) error {
	var all error
	for _, s := range a.sweeps() {
		all = errors.Join(all, s.run(ctx, false, func(n int) { a.metrics.Pruned(s.kind, n) }))
	}
	return all
}

// sweepNow is a chore: a sweep, and a line if it has erased something.
func (a *App) sweepNow(ctx context.Context, s sweep) error {
	began, total := time.Now(), 0
	err := s.run(ctx, true, func(n int) { total += n; a.metrics.Pruned(s.kind, n) })
	if total > 0 {
		a.log.Info("records have outlived their term and are erased", "kind", s.kind, "count", total, "took", time.Since(began))
	}
	return err
}

// When the store is compacted: it gives nothing back to the disk by itself.
const (
	compactEvery = 10 * time.Minute
	compactFrom  = 64 << 20 // bytes that hold nothing, and as much as the records
)

// compactIfWorth compacts the store if half of it is free.
func (a *App) compactIfWorth(ctx context.Context) error {
	if free := a.store.Free(); free < compactFrom || free < a.store.Size()/2 {
		return nil
	}
	c, err := a.store.Compact(ctx)
	if err != nil {
		return err
	}
	a.metrics.Compacted()
	a.log.Info("the store was compacted", "bytes", c.After, "took", c.Took, "wait", c.Held)
	return nil
}

// copyLife is how long the copy is kept that an upgrade of the store has made.
const copyLife = 30 * 24 * time.Hour

func (a *App) dropOldCopies(context.Context) error {
	dropped, err := a.store.DropCopies(time.Now().Add(-copyLife)) // files are dated by the machine's clock
	for _, file := range dropped {
		a.log.Info("the copy that an upgrade has kept is removed", "file", file)
	}
	return err
}

// seldom makes a chore of every minute one that is done a minute after the
// start, and from then on every d: a hub may be restarted every day.
func seldom(d time.Duration, do func(context.Context) error) func(context.Context) error {
	var next time.Time
	return func(ctx context.Context) error {
		if time.Now().Before(next) {
			return nil
		}
		if err := do(ctx); err != nil {
			return err // again in a minute
		}
		next = time.Now().Add(d)
		return nil
	}
}

// upkeep gives every the chores that keep the store small.
func (a *App) upkeep(every func(time.Duration, string, func(context.Context) error)) {
	for _, s := range a.sweeps() {
		every(time.Minute, "prune "+s.kind, seldom(s.every, func(ctx context.Context) error { return a.sweepNow(ctx, s) }))
	}
	every(time.Minute, "compact the store", seldom(compactEvery, a.compactIfWorth))
	every(time.Minute, "remove old copies", seldom(24*time.Hour, a.dropOldCopies))
}
