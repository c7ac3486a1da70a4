package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/policy"
	"passerelle/internal/relay"
	"passerelle/internal/store"
)

// Reload takes over people, tokens and campaigns of a changed config. What it
// cannot change while running it refuses, naming it; then nothing is taken over.
// The policy is not the config's to change.
func (a *App) Reload(cfg *config.Config) error {
	a.tell(msgReloading)
	defer a.tell(msgReady)
	if err := cfg.Check(a.opts.Registry); err != nil {
		return err
	}
	if err := sameFrame(a.cfg, cfg); err != nil {
		return err
	}
	if err := a.staff(cfg); err != nil {
		return err
	}
	a.sync.Poke()
	a.chores.Go(a.resumePaused)
	return nil
}

// staff takes over the people, tokens and campaigns of a config, and the people
// whom the store knows.
func (a *App) staff(cfg *config.Config) error {
	a.staffing.Lock()
	defer a.staffing.Unlock()
	return a.staffWith(cfg)
}

// restaff takes over who was added to the store, or closed there.
func (a *App) restaff() error {
	a.staffing.Lock()
	defer a.staffing.Unlock()
	return a.staffWith(a.staffed)
}

func (a *App) staffWith(cfg *config.Config) error {
	dir, err := a.directory(cfg)
	if err != nil {
		return err
	}
	for done := false; !done; { // a policy may become active at the same moment
		rules := a.desk.Rules()
		p, err := policy.Load("policy.yaml", rules.Policy.Text(), cfg.Catalog)
		if err != nil {
			return fmt.Errorf("the active policy does not fit the config: %w", err)
		}
		fresh, err := a.rules(cfg, p, dir)
		if err != nil {
			return err
		}
		done = a.desk.Swap(rules, fresh)
	}
	former := a.people.Directory()
	a.people.Use(dir)
	a.staffed = cfg
	a.depart(former)
	return nil
}

// resumeWithin bounds the checks of paused connections after a reload.
const resumeWithin = 30 * time.Second

// resumePaused ends the pauses whose check passes now: what was wrong may have
// been put right. What a CRM has lost is a person's to decide.
func (a *App) resumePaused() {
	ctx, cancel := context.WithTimeout(a.during, resumeWithin)
	defer cancel()
	for _, c := range a.crms() {
		var paused bool
		err := a.store.View(func(tx *store.Tx) error {
			p, found, err := relay.Paused(tx, c)
			paused = found && p.Lost == nil
			return err
		})
		if err != nil || !paused {
			continue
		}
		if err := a.relay.Resume(ctx, c); err != nil {
			a.log.Warn("still paused", "connection", c, "err", err)
		}
	}
}

// sameFrame refuses changes that need a restart.
func sameFrame(old, new *config.Config) error {
	changed := func(what string, differs bool) error {
		if differs {
			return fmt.Errorf("%s has changed: restart the hub for it", what)
		}
		return nil
	}
	return errors.Join(
		changed("hub", old.Hub != new.Hub),
		changed("data_dir", old.DataDir != new.DataDir),
		changed("listen", old.Listen != new.Listen),
		changed("zone", old.Zone.String() != new.Zone.String()),
		changed("nats", old.NATS != new.NATS),
		changed("http", old.HTTP != new.HTTP),
		changed("retention", old.Retention != new.Retention),
		changed("sessions", old.Sessions.Default != new.Sessions.Default || !maps.Equal(old.Sessions.Roles, new.Sessions.Roles)),
		changed("sign_in", !old.SignIn.Equal(new.SignIn)),
		changed("connections", !slices.EqualFunc(old.Connections, new.Connections, sameConnection)),
	)
}

// sameConnection says whether two connections are configured alike: each was
// opened with all of this.
func sameConnection(a, b config.Connection) bool {
	limits := func(c config.Connection) config.Limits {
		if c.Limits == nil {
			return config.Limits{}
		}
		return *c.Limits
	}
	return a.Name == b.Name && a.Type == b.Type && a.AllowPrivate == b.AllowPrivate &&
		a.Zone.String() == b.Zone.String() && limits(a) == limits(b) &&
		maps.Equal(a.Fields, b.Fields) && maps.Equal(a.Codes, b.Codes) && maps.Equal(a.Campaigns, b.Campaigns) &&
		slices.EqualFunc(a.Defs, b.Defs, sameDef) && string(a.Settings.Source()) == string(b.Settings.Source())
}

func sameDef(a, b bridge.FieldDef) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Class == b.Class && a.EN == b.EN && a.FR == b.FR && slices.Equal(a.Values, b.Values)
}
