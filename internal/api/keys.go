package api

import (
	"context"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/problem"
)

// Keys is the data key's ring.
type Keys struct {
	Current string    `json:"current" doc:"Id of the key that seals."`
	File    string    `json:"file,omitempty" doc:"Where the key lies; absent if the config gives it."`
	Uses    []KeyUses `json:"uses" doc:"Every key that sealed a record or is still kept."`
}

// KeyUses is how many records a key has sealed.
type KeyUses struct {
	ID      string `json:"id"`
	State   string `json:"state" enum:"current,old,unknown" doc:"old: replaced, still opens its records; unknown: nobody has it here, its records cannot be opened."`
	Records int    `json:"records"`
}

var errKeys = problem.Forbidden("").Says(bilingual.Text{
	"the data key is the operator's: run this on the hub's machine, without a token",
	"la clé des données revient à l'exploitant : lancez ceci sur la machine du pont, sans jeton",
})

func (a *API) keys(_ context.Context, actor bridge.Actor, _ *struct{}) (Keys, error) {
	if !actor.Operator {
		return Keys{}, errKeys
	}
	return a.opts.Keys()
}

func (a *API) rotateKey(ctx context.Context, actor bridge.Actor, _ *struct{}) (Keys, error) {
	if !actor.Operator {
		return Keys{}, errKeys
	}
	before, err := a.opts.Keys()
	if err != nil {
		return Keys{}, err
	}
	// The line comes first: a key that was replaced without one is worse than a
	// line about a key that then was not.
	if err := a.note(ctx, actor, "rotate-key", "", "the data key "+before.Current+" is replaced"); err != nil {
		return Keys{}, err
	}
	if err := a.opts.RotateKey(ctx); err != nil {
		return Keys{}, err
	}
	return a.opts.Keys()
}
