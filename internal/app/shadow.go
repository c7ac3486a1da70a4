package app

import (
	"fmt"

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

// startShadow begins to decide beside the desk, if a draft is to run.
func (a *App) startShadow() *desk.Shadow {
	if a.opts.Draft == nil {
		return nil
	}
	s := desk.NewShadow(a.opts.Now, a.log)
	a.onStop(s.Stop)
	return s
}

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
