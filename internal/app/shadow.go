package app

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/config"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
	"passerelle/internal/policy"
)

// Draft is a policy that runs beside the one in force: what it would decide
// otherwise is counted, and nothing else.
type Draft struct {
	File string
	Text []byte
}

// shadowEvery is how often what a draft decides otherwise is kept.
const shadowEvery = time.Minute

// startShadow begins to decide beside the desk, if a draft is to run.
func (a *App) startShadow() error {
	if a.opts.Draft == nil {
		return nil
	}
	s, err := desk.NewShadow(a.store, a.opts.Now, a.log)
	if err != nil {
		return err
	}
	a.shadow = s
	a.onStop(func() {
		if err := a.keepShadow(context.Background()); err != nil {
			a.log.Error("what the draft beside decided otherwise could not be kept", "err", err)
		}
		s.Stop()
	})
	return nil
}

func (a *App) keepShadow(ctx context.Context) error { return a.shadow.Keep(ctx, a.store) }

// rules are those of a config, with the policy and the draft beside it.
func (a *App) rules(cfg *config.Config, p *policy.Policy, dir *identity.Directory) (*desk.Rules, error) {
	out := rulesOf(cfg, p, dir)
	told, err := a.told(cfg.People)
	if err != nil {
		return nil, err
	}
	out.Policy = out.Policy.Within(told)
	if a.opts.Draft == nil {
		return out, nil
	}
	draft, err := policy.Load(a.opts.Draft.File, a.opts.Draft.Text, cfg.Catalog)
	if err != nil {
		return nil, fmt.Errorf("the draft that is to run beside does not fit the config: %w", err)
	}
	out.Draft = draft.Like(out.Policy)
	return out, nil
}
