package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/identity"
	"passerelle/internal/obs"
	"passerelle/internal/secret"
)

// Options are what a demo is started with.
type Options struct {
	Dir       string // made and filled if need be
	Listen    string // host:port; "" is what the folder's config says
	Prospects int    // of a new folder
	Simulate  bool   // let callers and a supervisor work

	Version string
	Out     io.Writer // for people

	// Pace is how long a simulated call takes on average; 0 is a lively pace.
	Pace time.Duration
	// Calls ends the simulation after so many; 0 is never.
	Calls int
	// Seed makes a simulation the same each time; 0 is another each time.
	Seed uint64
	// Ready is told the demo's address once it has spoken; may be nil.
	Ready func(base string)
}

// Misuse is an option that makes no sense.
type Misuse struct{ error }

func (o Options) check() error {
	if o.Prospects < 1 || o.Prospects > MaxProspects {
		return Misuse{fmt.Errorf("--prospects: write a number from 1 to %d", MaxProspects)}
	}
	if _, _, err := net.SplitHostPort(o.Listen); o.Listen != "" && err != nil {
		return Misuse{errors.New("--listen: write host:port, such as " + defaultListen)}
	}
	return nil
}

// loadWithin bounds how long the campaign's first prospects may take.
const loadWithin = time.Minute

// Run serves the demo until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	f, isNew, err := prepare(o.Dir, o.Listen, o.Prospects, time.Now())
	if err != nil {
		return err
	}
	logFile, err := os.OpenFile(f.path(logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	hub, err := start(ctx, f, o, logFile)
	if err != nil {
		return err
	}
	defer hub.Stop()
	v := visit{
		folder: f, isNew: isNew, base: baseURL(hub.Addr()),
		http: &http.Client{Timeout: 30 * time.Second}, out: &lines{w: o.Out},
	}
	defer v.http.CloseIdleConnections()
	return v.run(ctx, o)
}

// start runs the folder's bridge.
func start(ctx context.Context, f folder, o Options, log io.Writer) (*app.App, error) {
	cfg, err := config.Load(f.config())
	if err != nil {
		return nil, err
	}
	if o.Listen != "" {
		cfg.Listen = o.Listen
	}
	logger, err := obs.New(log, slog.LevelInfo, obs.FormatText)
	if err != nil {
		return nil, err
	}
	hub, err := app.New(ctx, app.Options{Config: cfg, Version: o.Version, Log: logger})
	if err != nil {
		return nil, err
	}
	for name, wrong := range hub.Check(ctx) {
		if wrong != nil {
			hub.Stop()
			return nil, fmt.Errorf("connection %s: %w", name, wrong)
		}
	}
	if err := f.makeAccounts(ctx, hub.Accounts()); err != nil {
		hub.Stop()
		return nil, err
	}
	err = hub.Start(ctx)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: stop what serves there, or choose another address, such as --listen 127.0.0.1:0 for a free port (%w)", cfg.Listen, err)
	}
	return hub, err
}

// makeAccounts gives those a visitor plays an account each, unless they have one.
func (f folder) makeAccounts(ctx context.Context, accounts *identity.Accounts) error {
	known, err := accounts.List()
	if err != nil {
		return err
	}
	for _, p := range cast {
		id := bridge.PersonID(p.id)
		if p.title == "" || slices.ContainsFunc(known, func(s identity.Standing) bool { return s.Person.ID == id }) {
			continue
		}
		password, err := f.password(p.id)
		if err != nil {
			return err
		}
		if err := accounts.Add(ctx, bridge.Actor{Operator: true}, identity.Newcomer{Person: id, Password: secret.New(password)}); err != nil {
			return fmt.Errorf("an account for %s: %w", p.id, err)
		}
	}
	return nil
}

// baseURL is the address as a browser on this machine writes it.
func baseURL(addr net.Addr) string {
	at, err := netip.ParseAddrPort(addr.String())
	if err == nil && at.Addr().IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", at.Port())
	}
	return "http://" + addr.String()
}

// visit is one start of a demo, as its visitor meets it.
type visit struct {
	folder folder
	isNew  bool
	base   string
	http   *http.Client
	out    *lines
}

func (v visit) run(ctx context.Context, o Options) error {
	if err := v.loaded(ctx); err != nil {
		return err
	}
	if ctx.Err() == nil {
		if err := v.welcome(o.Simulate); err != nil {
			return err
		}
		if o.Ready != nil {
			o.Ready(v.base)
		}
	}
	if o.Simulate {
		if err := v.simulate(ctx, o); err != nil {
			return err
		}
	}
	<-ctx.Done()
	v.out.printf("\nStopped. Nothing is lost: passerelle demo --dir %s goes on from here.\n", quote(string(v.folder)))
	return nil
}

// as is the API for a person.
func (v visit) as(person string) (*client, error) {
	token, err := v.folder.token(person)
	if err != nil {
		return nil, err
	}
	return &client{http: v.http, base: v.base, token: token}, nil
}

// loaded waits until the campaign has leads, or ctx ends.
func (v visit) loaded(ctx context.Context) error {
	api, err := v.as(visitorSupervisor)
	if err != nil {
		return err
	}
	over := time.NewTimer(loadWithin)
	defer over.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		var found list[lead]
		err := api.get(ctx, "/v1/leads?limit=1&campaign="+campaignID, &found)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("ask the bridge for its leads: %w", err)
		case len(found.Items) > 0:
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-over.C:
			return fmt.Errorf("no prospect of %s was read within %s: %s says why", v.folder.prospects(), loadWithin, v.folder.path(logName))
		case <-again.C:
		}
	}
}

// quote is text as a shell takes it.
func quote(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(bare, r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:"
