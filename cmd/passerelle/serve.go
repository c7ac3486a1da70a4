package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
)

type serveCmd struct {
	Only      string     `enum:"hub,writer" default:"hub" placeholder:"writer" help:"With writer: apply writes for a hub elsewhere on the same NATS."`
	Check     bool       `help:"Say what is wrong with the config, the policy and the connections, and serve nothing."`
	Offline   bool       `help:"With --check: ask nothing of the connections."`
	Shadow    string     `placeholder:"FILE" help:"A policy that runs beside the one in force: what it would decide otherwise is counted. policy shadow tells it."`
	LogLevel  slog.Level `default:"INFO" help:"debug, info, warn or error."`
	LogFormat string     `enum:"text,json" default:"text" help:"text or json."`
}

func (c serveCmd) Run(ctx context.Context, s *session) error {
	switch {
	case c.Offline && !c.Check:
		return usagef("--offline goes with --check only")
	case c.Check && c.Only == "writer":
		return usagef("--check looks at the whole config: leave --only out")
	case c.Shadow != "" && (c.Check || c.Only == "writer"):
		return usagef("--shadow goes with a hub that serves")
	case c.Check:
		return check(ctx, s, c.Offline)
	}
	cfg, err := s.load()
	if err != nil {
		return err
	}
	log, err := obs.New(s.Stderr, c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	manager, err := app.ManagerOf(os.Getenv)
	if err != nil {
		return err
	}
	opts := app.Options{Config: cfg, Version: thisBuild().Version, Log: log, Manager: manager}
	if c.Only == "writer" {
		return app.RunWriter(ctx, opts)
	}
	if opts.Draft, err = c.draft(); err != nil {
		return err
	}
	return serve(ctx, s, opts)
}

// draft is the policy that is to run beside, nil for none.
func (c serveCmd) draft() (*app.Draft, error) {
	if c.Shadow == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Shadow)
	if err != nil {
		return nil, usageError{err}
	}
	return &app.Draft{File: c.Shadow, Text: text}, nil
}

// load reads the config. A file that is not there is a matter of usage.
func (s *session) load() (*config.Config, error) {
	cfg, err := config.Load(s.Config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noConfig(s.Config)
	}
	return cfg, err
}

func noConfig(path string) error {
	return usagef("there is no config at %s: name yours with --config", path)
}

// serve runs a hub until ctx ends.
func serve(ctx context.Context, s *session, opts app.Options) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	hub, err := app.New(ctx, opts)
	if err != nil {
		return err
	}
	if err := hub.Start(ctx); err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%w: another program serves there; stop it, or change listen in %s", err, s.Config)
		}
		return err
	}
	defer hub.Stop()
	for {
		select {
		case <-ctx.Done():
			opts.Log.Info("stopping")
			return nil
		case <-hup:
			reload(hub, s, opts.Log)
		}
	}
}

// reload takes over a changed config. What is wrong with it is logged, a line
// a finding, and the hub goes on with the one it has.
func reload(hub *app.App, s *session, log *slog.Logger) {
	cfg, err := config.Load(s.Config)
	if err == nil {
		err = hub.Reload(cfg)
	}
	if err != nil {
		log.Error("the config was not taken over: the old one stays in force", "file", s.Config, "err", err)
		return
	}
	log.Info("the config was taken over", "file", s.Config)
}
