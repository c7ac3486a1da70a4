package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/sync/errgroup"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
)

// Options make a replay.
type Options struct {
	Config   string    // the replay's config; see deploy/examples/bank
	Data     string    // the bank marketing data, CSV
	Out      string    // the folder to work in: new or empty
	Rows     int       // how many prospects; 0 is all
	Version  string    // of the program
	Progress io.Writer // a terminal, or nil
}

// Misuse is a wish that cannot be granted: a file that is not there, a folder
// that is not empty.
type Misuse struct{ error }

func misusef(format string, args ...any) error { return Misuse{fmt.Errorf(format, args...)} }

// Run replays the campaign. It answers what it counted in the folder's files,
// and what does not hold there; the error is for a replay that did not come to
// its end, a [Misuse] for one that cannot begin.
func Run(ctx context.Context, opts Options) (*Report, []string, error) {
	if opts.Rows < 0 {
		return nil, nil, misusef("--rows: must be 1 or more; leave it out for all")
	}
	rows, err := readRows(opts.Data, opts.Rows)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > maxRows {
		return nil, nil, misusef("--data: %d rows, but there are made-up numbers for %d only: use --rows", len(rows), maxRows)
	}
	e, err := readExample(opts.Config)
	if err != nil {
		return nil, nil, err
	}
	dir, err := openFolder(opts.Out)
	if err != nil {
		return nil, nil, err
	}
	r := &replay{opts: opts, dir: dir, rows: rows, progress: newProgress(opts.Progress)}
	requests, err := r.run(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	return r.conclude(requests)
}

// replay is one run.
type replay struct {
	opts     Options
	dir      folder
	rows     []row
	progress *progress

	cfg     *config.Config
	cast    *cast
	secrets secrets
	dialler *dialler
	hub     *app.App
	sup     *supervisor
	undo    []func() error // what close does, last first
}

// run plays the campaign to its end and answers how many requests the CRM got
// for it.
func (r *replay) run(ctx context.Context, e *example) (requests float64, err error) {
	defer func() { err = errors.Join(err, r.close()) }()
	for _, step := range []func() error{
		func() error { return r.prepare(e) },
		func() error { return r.start(ctx) },
		func() error { return r.awaitCards(ctx) },
	} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	before, err := r.sup.requests(ctx, r.cast.crm)
	if err != nil {
		return 0, err
	}
	if err := r.play(ctx); err != nil {
		return 0, err
	}
	if err := r.awaitWrites(ctx); err != nil {
		return 0, err
	}
	after, err := r.sup.requests(ctx, r.cast.crm)
	return after - before, err
}

func (r *replay) onClose(f func() error) { r.undo = append(r.undo, f) }

func (r *replay) close() error {
	var all error
	for i := len(r.undo) - 1; i >= 0; i-- {
		all = errors.Join(all, r.undo[i]())
	}
	r.undo = nil
	return all
}

// prepare fills the folder and opens the dialler.
func (r *replay) prepare(e *example) error {
	listen, err := listenAt(e.pushURL.Host)
	if err != nil {
		return err
	}
	if r.secrets, err = r.dir.writeSecrets(); err != nil {
		return errors.Join(err, listen.Close())
	}
	if r.dialler, err = startDialler(listen, r.secrets.push, r.dir.path(cardsFile)); err != nil {
		return errors.Join(err, listen.Close())
	}
	r.onClose(r.dialler.Close)
	if r.cfg, err = r.dir.copyConfig(e, listen.Addr()); err != nil {
		return err
	}
	if r.cast, err = castOf(r.cfg); err != nil {
		return err
	}
	giveSlots(r.rows, r.cast.sales)
	return r.dir.writeProspects(r.rows)
}

// start starts the bridge.
func (r *replay) start(ctx context.Context) error {
	file, err := os.Create(r.dir.path(logFile))
	if err != nil {
		return err
	}
	r.onClose(file.Close)
	log, err := obs.New(file, slog.LevelWarn, obs.FormatText)
	if err != nil {
		return err
	}
	r.hub, err = app.New(ctx, app.Options{Config: r.cfg, Version: r.opts.Version, Log: log})
	if err != nil {
		return err
	}
	r.onClose(func() error { r.hub.Stop(); return nil })
	if err := r.hub.Start(ctx); err != nil {
		return err
	}
	r.sup = &supervisor{client: newClient(), base: "http://" + r.hub.Addr().String(), token: r.secrets.token}
	return nil
}

// newClient keeps a connection for each caller.
func newClient() *http.Client {
	return &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: callersAtOnce, DisableCompression: true},
	}
}

// play lets callers and the supervisor work.
func (r *replay) play(ctx context.Context) error {
	file, err := createLines(r.dir.path(postedFile))
	if err != nil {
		return err
	}
	key, err := standardwebhooks.NewWebhook(r.secrets.hook)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	calls, appointments := 0, 0
	for _, row := range r.rows {
		calls += row.calls
		if row.yes {
			appointments++
		}
	}
	step := r.progress.step("calls", calls)
	floor := &callFloor{
		cast: r.cast, client: newClient(), url: r.sup.base + "/hooks/" + r.cast.dialler,
		key: key, posted: file, done: step.add,
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return floor.call(ctx, r.rows) })
	group.Go(func() error { return r.sup.validate(ctx, appointments) })
	err = group.Wait()
	step.end()
	return errors.Join(err, file.Close())
}

// How often waiting looks, and for how long nothing may move.
const (
	watchEvery = 100 * time.Millisecond
	stalled    = 2 * time.Minute
)

// awaitCards waits until every prospect's card has reached the dialler.
func (r *replay) awaitCards(ctx context.Context) error {
	return r.await(ctx, "cards", len(r.rows), func() (int, error) {
		return len(r.rows) - r.dialler.count(), nil
	})
}

// awaitWrites waits until the CRM has confirmed every write.
func (r *replay) awaitWrites(ctx context.Context) error {
	left := func() (int, error) {
		byState, err := r.sup.writes(ctx, r.cast.crm)
		n := 0
		for _, count := range byState {
			n += count
		}
		if people := byState["parked"] + byState["conflict"]; err == nil && people > 0 && people == n {
			err = fmt.Errorf("%d writes are parked or in conflict: `passerelle outbox list --config %s` names them", people, r.dir.path(configFile))
		}
		return n, err
	}
	total, err := left()
	if err != nil {
		return err
	}
	return r.await(ctx, "writes", total, left)
}

// await watches what is left of total until nothing is.
func (r *replay) await(ctx context.Context, what string, total int, left func() (int, error)) error {
	step := r.progress.step(what, total)
	defer step.end()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	last, since := total, time.Now()
	for {
		n, err := left()
		if err != nil || n == 0 {
			return err
		}
		if n != last {
			step.add(last - n)
			last, since = n, time.Now()
		}
		if time.Since(since) > stalled {
			return fmt.Errorf("%s: %d are left and none has moved for %v; %s may tell why", what, n, stalled, r.dir.path(logFile))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
