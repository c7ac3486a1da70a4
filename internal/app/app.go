package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"passerelle/internal/api"
	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
	"passerelle/internal/campaign"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/identity"
	"passerelle/internal/intake"
	"passerelle/internal/obs"
	"passerelle/internal/policy"
	"passerelle/internal/relay"
	"passerelle/internal/schema"
	"passerelle/internal/secret"
	"passerelle/internal/session"
	"passerelle/internal/store"
	"passerelle/internal/writer"
	"passerelle/schemas"
)

// Options make a hub.
type Options struct {
	Config   *config.Config
	Registry connector.Registry // nil is every connector of the binary
	Version  string
	Log      *slog.Logger
	Manager  Manager          // is told how the hub does
	Draft    *Draft           // runs beside the policy in force; may be nil
	Now      func() time.Time // nil is time.Now
	// SyncEvery is how often campaigns are brought up to date; 0 is a minute.
	SyncEvery time.Duration
	// AgendaEvery is how often appointments are compared with the CRMs' calendars;
	// 0 is five minutes.
	AgendaEvery time.Duration
	// ClaimTimeout is how long a writer has for a claim; 0 is 30 seconds.
	ClaimTimeout time.Duration
}

// App is a hub: the store and everything around it.
type App struct {
	clock   clock
	opts    Options
	cfg     *config.Config
	log     *slog.Logger
	metrics *obs.Metrics
	health  *obs.Health

	key      secret.Key
	schemas  *schema.Set
	store    *store.Store
	people   *identity.People
	accounts *identity.Accounts
	tokens   *identity.Tokens
	sessions *session.Keeper
	desk     *desk.Desk
	shadow   *desk.Shadow // nil: no draft runs beside
	lines    []line
	nats     *embedded.Server
	bus      *bus.Conn
	relay    *relay.Relay
	writer   *writer.Writer
	sync     *campaign.Sync
	intake   *intake.Intake
	office   *governance.Office
	api      *api.API
	http     *httpServer

	rotating sync.Mutex // the data key: one at a time
	trials   trials     // probes under way

	staffing sync.Mutex // people, tokens and campaigns: one change at a time
	staffed  *config.Config

	forgetting sync.Mutex // held by who erases somebody

	chores sync.WaitGroup  // what runs by the clock or after a reload
	during context.Context // of them: ends with the hub
	undo   []func()        // what Stop does, last first
}

// New builds a hub up to the point where it touches the network: the store is
// open and the policy loaded.
func New(ctx context.Context, opts Options) (_ *App, err error) {
	opts = opts.defaults()
	a := &App{opts: opts, cfg: opts.Config, log: opts.Log}
	defer func() {
		if err != nil {
			a.unwind()
		}
	}()
	if err := opts.Config.Check(opts.Registry); err != nil {
		return nil, err
	}
	a.observe()
	for _, step := range []func(context.Context) error{
		a.openStore, a.openLines, a.openDesk, a.openDown, a.openIntake,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *App) onStop(f func()) { a.undo = append(a.undo, f) }

func (a *App) unwind() {
	for len(a.undo) > 0 {
		last := a.undo[len(a.undo)-1]
		a.undo = a.undo[:len(a.undo)-1]
		last()
	}
}

// StorePath is where a config's store lies.
func StorePath(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "store.db") }

func (a *App) openStore(context.Context) error {
	err := a.openData()
	if errors.Is(err, syscall.EROFS) || errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("data_dir %s cannot be written to: %w", a.cfg.DataDir, err)
	}
	return err
}

func (a *App) openData() error {
	if err := makeDurable(a.cfg.DataDir); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	var err error
	if a.key, err = DataKey(a.cfg); err != nil {
		return err
	}
	a.store, err = store.Open(StorePath(a.cfg), store.Options{
		Observe: a.metrics.Committed, Trouble: a.storeTrouble, Migrations: migrations(a.key), Log: a.log,
	})
	if err != nil {
		return err
	}
	a.onStop(func() {
		if err := a.store.Close(); err != nil {
			a.log.Error("close the store", "err", err)
		}
	})
	var last time.Time
	err = a.store.View(func(tx *store.Tx) (err error) {
		last, err = lastMoment(tx)
		return err
	})
	a.clock = newClock(a.opts.Now, last)
	return err
}

// openDesk seeds or loads the policy and makes the desk on it.
func (a *App) openDesk(ctx context.Context) error {
	text, err := a.activePolicy(ctx)
	if err != nil {
		return err
	}
	p, err := policy.Load("policy.yaml", text, a.cfg.Catalog)
	if err != nil {
		return fmt.Errorf("the active policy does not fit the config: %w", err)
	}
	dir, err := a.directory(a.cfg)
	if err != nil {
		return err
	}
	a.people, a.staffed = identity.NewPeople(dir), a.cfg
	rules, err := a.rules(a.cfg, p, dir)
	if err != nil {
		return err
	}
	if err := a.startShadow(); err != nil {
		return err
	}
	a.desk, err = desk.New(ctx, desk.Options{
		Store: a.store, Rules: rules, Shadow: a.shadow, Seal: a.key, Zone: a.cfg.Zone.String(),
		Now: a.opts.Now, Jumped: a.clock.jumped, Log: a.log, Logged: a.metrics.Outcome,
		Wake: func(c bridge.ConnectionName) {
			if a.relay != nil {
				a.relay.Wake(c)
			}
		},
		CallBack: func(c bridge.CampaignID, l bridge.LeadID) { a.sync.CallBack(c, l) },
	})
	return errors.Join(err, a.openAccounts())
}

// activePolicy is the text of the store's active policy. The config's seeds an
// empty store and is not looked at afterwards.
func (a *App) activePolicy(ctx context.Context) ([]byte, error) {
	line, text, err := a.storedPolicy()
	if errors.Is(err, governance.ErrNoPolicy) && a.cfg.PolicyText != nil {
		if err := a.seedPolicy(ctx); err != nil {
			return nil, err
		}
		line, text, err = a.storedPolicy()
	}
	if err != nil {
		return nil, err
	}
	a.copyPolicy(line, text)
	return text, nil
}

func (a *App) storedPolicy() (line governance.Line, text []byte, err error) {
	err = a.store.View(func(tx *store.Tx) (err error) {
		line, text, err = governance.Active(tx)
		return err
	})
	return line, text, err
}

func (a *App) seedPolicy(ctx context.Context) error {
	p, err := policy.Load(a.cfg.PolicyFile, a.cfg.PolicyText, a.cfg.Catalog)
	if err != nil {
		return err
	}
	seeded, err := governance.Seed(ctx, a.store, p.Text(), p.Hash(), a.opts.Now())
	if seeded {
		a.log.Info("the config's policy is active", "policy", p.Hash(), "reason", governance.Bootstrap)
	}
	return err
}

// copyPolicy writes the active policy out for people to read. A copy that
// somebody edited is reported and left: only the store's decides.
func (a *App) copyPolicy(line governance.Line, text []byte) {
	path := filepath.Join(a.cfg.DataDir, "policy.yaml")
	old, err := os.ReadFile(path)
	if err == nil && string(old) == string(text) {
		return
	}
	if err == nil && !a.onceActive(old) {
		a.log.Warn("policy.yaml was edited and has no effect: propose it as a draft", "file", path, "policy", line.Policy)
		return
	}
	if err := writeDurable(path, text); err != nil {
		a.log.Warn("the copy of the policy could not be written out; nothing hangs on it", "file", path, "err", err)
	}
}

// onceActive says whether the text is of a policy that the store knows.
func (a *App) onceActive(text []byte) (known bool) {
	err := a.store.View(func(tx *store.Tx) error {
		_, known = governance.Text(tx, policy.HashOf(text))
		return nil
	})
	return err == nil && known
}

// openOffice makes the place where policies are proposed and activated.
func (a *App) openOffice() {
	a.office = governance.New(governance.Options{
		Store: a.store, Desk: a.desk, Now: a.opts.Now, Log: a.log,
		People: func() []bridge.Person { return a.people.Directory().People() },
		Kept:   a.cfg.Retention.Decisions.Before,
		Activated: func() {
			a.chores.Go(a.followPolicy)
		},
	})
}

// followPolicy does what a new policy asks for beside deciding: the copy for
// people to read, and the cards on the platforms.
func (a *App) followPolicy() {
	if line, text, err := a.storedPolicy(); err == nil {
		a.copyPolicy(line, text)
	}
	a.watchRights()
	a.sync.Poke()
}

func rulesOf(cfg *config.Config, p *policy.Policy, dir *identity.Directory) *desk.Rules {
	r := &desk.Rules{
		Policy: p.With(policy.StaffOf(dir.People())), Catalog: cfg.Catalog,
		Campaigns: map[bridge.CampaignID]bridge.Campaign{},
		Mapped:    map[bridge.ConnectionName]map[bridge.FieldName]bool{},
		Zones:     map[bridge.ConnectionName]string{},
		Person:    dir.Person,
	}
	for _, c := range cfg.Campaigns {
		r.Campaigns[c.ID] = c
	}
	for _, c := range cfg.Connections {
		r.Zones[c.Name] = c.Zone.String()
		fields := map[bridge.FieldName]bool{}
		for _, name := range c.Fields.Names() {
			fields[name] = true
		}
		r.Mapped[c.Name] = fields
	}
	byCRM := map[bridge.ConnectionName]map[string]bridge.PersonID{}
	for _, person := range dir.People() {
		for conn, user := range person.CRM {
			if byCRM[conn] == nil {
				byCRM[conn] = map[string]bridge.PersonID{}
			}
			byCRM[conn][user] = person.ID
		}
	}
	r.ByCRM = func(c bridge.ConnectionName, user string) (bridge.PersonID, bool) {
		id, ok := byCRM[c][user]
		return id, ok
	}
	return r
}

func (a *App) openIntake(context.Context) error {
	var err error
	if a.schemas, err = schema.Compile(schemas.FS); err != nil {
		return err
	}
	var lines []intake.Line
	for _, l := range a.lines {
		if hook, ok := l.conn.(connector.Hook); ok {
			lines = append(lines, intake.Line{Name: l.cfg.Name, Hook: hook, Codes: l.cfg.Codes, Campaigns: l.cfg.Campaigns})
		}
	}
	a.intake = intake.New(intake.Options{
		Desk: a.desk, People: a.people, Store: a.store, Seal: a.key, Schemas: a.schemas, Lines: lines,
		BodyLimit: a.cfg.HTTP.BodyLimit, Now: a.opts.Now, Log: a.log,
		Acknowledged: a.metrics.Acknowledged,
	})
	return nil
}

// Start begins to serve: NATS, the way out, the way down, and last the doors.
func (a *App) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			a.Stop()
		}
	}()
	for _, step := range []func(context.Context) error{
		a.startBus, a.startOut, a.startChores, a.startDoors, a.startDown, a.startTelling,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends everything, the doors first.
func (a *App) Stop() { a.unwind() }

// Addr is the address that HTTP is served on.
func (a *App) Addr() net.Addr { return a.http.addr }

// Routes lists everything that is served, as "POST /v1/leads/close".
func (a *App) Routes() []string { return a.api.Patterns() }

// Desk gives the commands to those who run the hub in their own process.
func (a *App) Desk() *desk.Desk { return a.desk }

// Accounts gives them the accounts of those who sign in with a browser.
func (a *App) Accounts() *identity.Accounts { return a.accounts }

// Tokens gives them the service tokens of programs.
func (a *App) Tokens() *identity.Tokens { return a.tokens }
