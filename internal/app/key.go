package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"

	"passerelle/internal/api"
	"passerelle/internal/bilingual"
	"passerelle/internal/config"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
	"passerelle/internal/intake"
	"passerelle/internal/secret"
	"passerelle/internal/session"
	"passerelle/internal/store"
)

// DataKey is the data key: the config's, else the one in data_dir, made at the
// first start. A store without its key is not given a new one: what the old
// one sealed would be lost.
func DataKey(cfg *config.Config) (secret.Key, error) {
	if !cfg.Key.IsZero() {
		return cfg.Key, nil
	}
	_, noKey := os.Stat(cfg.KeyPath())
	_, noStore := os.Stat(StorePath(cfg))
	if errors.Is(noKey, os.ErrNotExist) && noStore == nil {
		return secret.Key{}, fmt.Errorf("%s is missing, but the store beside it was made with it: put the key back, or give it as `key:`", cfg.KeyPath())
	}
	return secret.LoadOrCreateKey(cfg.KeyPath())
}

// keys counts what each key has sealed.
func (a *App) keys() (api.Keys, error) {
	records := map[string]int{a.key.ID(): 0}
	for _, old := range a.key.Old() {
		records[old] = 0
	}
	err := a.store.View(func(tx *store.Tx) error {
		for _, sealed := range []func(*store.Tx) iter.Seq2[[]byte, error]{desk.Sealed, identity.Sealed, intake.Sealed, session.Sealed} {
			for record, err := range sealed(tx) {
				if err != nil {
					return err
				}
				records[secret.SealedBy(record)]++
			}
		}
		return nil
	})
	out := api.Keys{Current: a.key.ID(), Uses: []api.KeyUses{}}
	if a.cfg.Key.IsZero() {
		out.File = a.cfg.KeyPath()
	}
	for _, id := range slices.Sorted(maps.Keys(records)) {
		out.Uses = append(out.Uses, api.KeyUses{ID: cmp.Or(id, "damaged"), State: a.keyState(id), Records: records[id]})
	}
	return out, err
}

func (a *App) keyState(id string) string {
	switch {
	case id == a.key.ID():
		return "current"
	case slices.Contains(a.key.Old(), id):
		return "old"
	}
	return "unknown"
}

// rotateKey replaces the data key. Wherever it is cut off, the next start or
// the next call goes on: the old key stays in the file until no record needs it.
func (a *App) rotateKey(ctx context.Context) error {
	if !a.cfg.Key.IsZero() {
		return &desk.Clash{Why: bilingual.Text{
			"the config gives the data key: put a new one (openssl rand -base64 32) on a line before it, restart the hub, and take the old line out once passerelle key list shows no record of it",
			"la configuration donne la clé des données : mettez-en une nouvelle (openssl rand -base64 32) sur une ligne avant elle, redémarrez, et ôtez l'ancienne ligne quand passerelle key list n'en montre plus aucun enregistrement",
		}}
	}
	a.rotating.Lock()
	defer a.rotating.Unlock()
	if err := a.retireKeys(ctx); err != nil {
		return err
	}
	if err := a.key.Renew(a.cfg.KeyPath()); err != nil {
		return err
	}
	a.log.Info("the data key was replaced", "file", a.cfg.KeyPath())
	return a.retireKeys(ctx)
}

// retireKeys seals again what replaced keys have sealed, and then drops them.
// Keys that the config gives are its author's to drop.
func (a *App) retireKeys(ctx context.Context) error {
	if len(a.key.Old()) == 0 {
		return nil
	}
	for _, reseal := range []func(context.Context) error{a.desk.Reseal, a.accounts.Reseal, a.intake.Reseal, a.sessions.Reseal} {
		if err := reseal(ctx); err != nil {
			return err
		}
	}
	if !a.cfg.Key.IsZero() {
		return nil
	}
	return a.key.DropOld(a.cfg.KeyPath())
}

// finishRotation goes on with a rotation that was cut off, and with one that
// the config has begun.
func (a *App) finishRotation() {
	a.rotating.Lock()
	defer a.rotating.Unlock()
	if len(a.key.Old()) == 0 {
		return
	}
	err := a.retireKeys(a.during)
	switch {
	case err != nil && a.during.Err() == nil:
		a.log.Error("the replaced data keys are still needed", "err", err)
	case err != nil: // the next start goes on
	case a.cfg.Key.IsZero():
		a.log.Info("the replaced data keys were dropped", "file", a.cfg.KeyPath())
	default:
		a.log.Info("no record needs the replaced data keys any more: take them out of the config")
	}
}
