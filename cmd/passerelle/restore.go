package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/internal/store"
)

type restoreCmd struct {
	File      string   `arg:"" placeholder:"FILE" help:"The backup."`
	Identity  string   `placeholder:"FILE" help:"The age key file that opens it."`
	Forgotten []string `placeholder:"FILE" help:"A newer backup, wherever it lies: whom it lists as forgotten is forgotten again. Those in the backup's own folder are found."`
	Aside     bool     `help:"Move the store that is there aside."`
}

func (c restoreCmd) Run(ctx context.Context, s *session) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if probe, err := net.Dial("unix", filepath.Join(cfg.DataDir, app.SocketName)); err == nil {
		return errors.Join(fmt.Errorf("a hub runs on %s: stop it first", cfg.DataDir), probe.Close())
	}
	what := app.Restore{File: c.File, Lists: c.Forgotten, Aside: c.Aside}
	if what.Identity, err = readIdentity(c.Identity); err != nil {
		return err
	}
	done, err := s.restore(ctx, cfg, what)
	if errors.Is(err, app.ErrInTheWay) {
		return usagef("%s is there already: --aside moves it aside, and puts the backup in its place", app.StorePath(cfg))
	}
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if s.JSON {
		return s.printJSON(done)
	}
	return s.restored(done)
}

func (s *session) restore(ctx context.Context, cfg *config.Config, what app.Restore) (app.Restored, error) {
	log, err := obs.New(s.Stderr, slog.LevelWarn, obs.FormatText)
	if err != nil {
		return app.Restored{}, err
	}
	return app.RestoreStore(ctx, app.Options{Config: cfg, Version: thisBuild().Version, Log: log}, what)
}

// readIdentity reads an age key file; none without a path.
func readIdentity(path string) (store.Identity, error) {
	if path == "" {
		return store.Identity{}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return store.Identity{}, usagef("--identity: %w", err)
	}
	of, err := store.ReadIdentity(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return store.Identity{}, usagef("--identity: %w", err)
	}
	return of, nil
}

func (s *session) restored(r app.Restored) error {
	m := r.Backup
	if err := s.printf("The store is as it was at %s, ledger line %d; line %d says so.\n", moment(m.Taken), m.Ledger.N, r.Line); err != nil {
		return err
	}
	if r.Aside != "" {
		if err := s.printf("The former store is %s: it holds personal data, remove it once it is of no use.\n", r.Aside); err != nil {
			return err
		}
	}
	if err := s.printf("%d open writes will be looked for in the CRM before they are sent.\n", r.Open); err != nil {
		return err
	}
	if err := s.printf("Everybody signs in again, with the accounts and passwords of then. %d tokens and calendar addresses are good as they were then: see passerelle token list and passerelle user list, and end again what was ended since.\n", r.Keys); err != nil {
		return err
	}
	if len(r.Lists) == 0 {
		return s.printf("No newer list of those forgotten was found: who was forgotten after %s is back. Restore again with --forgotten NEWER-BACKUP, or have them forgotten again.\n", moment(m.Taken))
	}
	return s.printf("%d prospects were forgotten again, by lists as of %s; who was forgotten later is back.\n", r.Forgotten, moment(r.Newest))
}
