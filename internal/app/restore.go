package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Restore says what to put back.
type Restore struct {
	File     string
	Identity store.Identity // the zero one opens no encrypted backup
	// Lists are newer backups, or copies of them: who was forgotten since File
	// was taken is forgotten again. Those in File's own folder are found.
	Lists []string
	Aside bool // a store that is there is moved aside; otherwise it is in the way
}

// Restored is what was put back.
type Restored struct {
	Backup    store.Manifest `json:"backup"`
	Lists     []string       `json:"lists"`                // files whose lists of forgotten ids were read
	Newest    time.Time      `json:"newest_list"`          // of the newest of them
	Forgotten int            `json:"forgotten_again"`      // prospects of the backup
	Open      int            `json:"open_writes"`          // all are looked for in the CRM first
	Keys      int            `json:"live_keys"`            // tokens and calendars' addresses that are good as they were then
	Aside     string         `json:"moved_aside,omitzero"` // where the former store is
	Line      uint64         `json:"ledger_line"`          // that says so
}

// The names of what a restore leaves beside the store, behind the store's own.
const (
	restoringSuffix = ".restoring" // a folder, while it is under way
	asideSuffix     = ".aside-"    // and the time
)

// ErrInTheWay says that data_dir holds a store.
var ErrInTheWay = errors.New("data_dir holds a store already")

// RestoreStore puts a backup in the place of the store: it is made ready and
// verified beside it first, so that whatever happens either the old store or
// the whole new one is there. No hub may run.
func RestoreStore(ctx context.Context, opts Options, what Restore) (Restored, error) {
	opts = opts.defaults()
	r := restoring{opts: opts, what: what, at: StorePath(opts.Config), began: opts.Now().UTC()}
	if err := r.prepare(); err != nil {
		return r.out, err
	}
	defer func() { _ = os.RemoveAll(r.dir()) }() // the next restore would
	if err := r.extract(); err != nil {
		return r.out, err
	}
	if err := r.revive(ctx); err != nil {
		return r.out, err
	}
	err := r.replace()
	return r.out, err
}

// restoring is one under way.
type restoring struct {
	opts  Options
	what  Restore
	at    string // where the store is to be
	began time.Time
	key   secret.Key
	known []string // keyed hashes of those forgotten
	out   Restored
}

func (r *restoring) dir() string { return r.at + restoringSuffix }

// prepare makes sure that nothing is in the way, and asks the store that is
// there whom it has forgotten.
func (r *restoring) prepare() error {
	cfg := r.opts.Config
	if _, err := os.Stat(cfg.KeyPath()); cfg.Key.IsZero() && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing: a backup does not hold the data key, put back the one that the hub had when it was taken, or give it as `key:`", cfg.KeyPath())
	}
	var err error
	if r.key, err = DataKey(cfg); err != nil {
		return err
	}
	_, err = os.Stat(r.at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !r.what.Aside:
		return ErrInTheWay
	default:
		if err := r.askFormer(); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(r.dir()); err != nil {
		return err
	}
	return os.MkdirAll(r.dir(), 0o700)
}

// askFormer reads the list of the store that is to go. One that cannot be read
// may be why it is to go.
func (r *restoring) askFormer() error {
	err := store.Peek(r.at, func(tx *store.Tx) error {
		r.known = desk.ForgottenIDs(tx)
		return nil
	})
	if errors.Is(err, store.ErrLocked) {
		return err
	}
	if err == nil {
		r.list(r.at, r.began)
		return nil
	}
	r.opts.Log.Warn("the store that is to be moved aside cannot be asked whom it has forgotten", "file", r.at, "err", err)
	return nil
}

func (r *restoring) list(file string, taken time.Time) {
	r.out.Lists = append(r.out.Lists, file)
	if taken.After(r.out.Newest) {
		r.out.Newest = taken
	}
}

// extract opens the backup and gathers whom newer ones know to be forgotten.
func (r *restoring) extract() (err error) {
	f, err := os.Open(r.what.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	in := bufio.NewReaderSize(f, 1<<20)
	m, err := store.ReadManifest(in)
	if err != nil {
		return fmt.Errorf("%s: %w", r.what.File, err)
	}
	r.out.Backup = m
	if m.Hub != r.opts.Config.Hub {
		return fmt.Errorf("%s is a backup of hub %s, and this is %s: two hubs on one past would both write it to the CRM", r.what.File, m.Hub, r.opts.Config.Hub)
	}
	if err := r.lists(); err != nil {
		return err
	}
	if err := m.Extract(in, r.what.Identity, filepath.Join(r.dir(), "store.db")); err != nil {
		return fmt.Errorf("%s: %w", r.what.File, err)
	}
	return nil
}

// lists reads the manifests of the backup itself, of those named and of those
// beside it.
func (r *restoring) lists() error {
	for i, file := range append([]string{r.what.File}, r.what.Lists...) {
		m, err := readManifest(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if m.Hub != r.opts.Config.Hub {
			return fmt.Errorf("%s is a backup of hub %s, and this is %s", file, m.Hub, r.opts.Config.Hub)
		}
		r.known = append(r.known, m.Forgotten...)
		if i > 0 {
			r.list(file, m.Taken)
		}
	}
	beside, err := os.ReadDir(filepath.Dir(r.what.File))
	if err != nil {
		return err
	}
	for _, e := range beside {
		file := filepath.Join(filepath.Dir(r.what.File), e.Name())
		if !e.Type().IsRegular() || slices.Contains(r.out.Lists, file) {
			continue
		}
		m, err := readManifest(file)
		if err != nil || m.Hub != r.opts.Config.Hub || !m.Taken.After(r.out.Backup.Taken) {
			continue // something else, or nothing new
		}
		r.known = append(r.known, m.Forgotten...)
		r.list(file, m.Taken)
	}
	return nil
}

func readManifest(file string) (store.Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return store.Manifest{}, err
	}
	defer func() { _ = f.Close() }() // read only
	return store.ReadManifest(bufio.NewReader(f))
}

// revive opens the store as the hub would, verifies it and makes it ready to be
// lived with.
func (r *restoring) revive(ctx context.Context) (err error) {
	cfg := *r.opts.Config
	cfg.DataDir, cfg.Key = r.dir(), r.key
	opts := r.opts
	opts.Config = &cfg
	a, err := New(ctx, opts)
	if err != nil {
		return fmt.Errorf("the backup's store does not open with this config and data key: %w", err)
	}
	defer a.Stop()
	for _, step := range []func(context.Context, *App) error{r.verify, r.resume, r.forgetAgain} {
		if err := step(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// verify walks every page and the whole ledger, to the line that the backup was
// taken at.
func (r *restoring) verify(_ context.Context, a *App) error {
	if err := a.store.Check(); err != nil {
		return fmt.Errorf("the backup's store is damaged: %w", err)
	}
	m := r.out.Backup
	return a.store.View(func(tx *store.Tx) error {
		_, err := ledger.Verify(tx, &ledger.Checkpoint{N: m.Ledger.N, Hash: m.Ledger.Hash, At: m.Taken})
		if err != nil {
			return fmt.Errorf("the backup's ledger does not hold: %w", err)
		}
		return nil
	})
}

// resume lets the store live on: every open write is looked for first, and what
// was given out since the backup is given out by nobody else.
func (r *restoring) resume(ctx context.Context, a *App) error {
	m, now := r.out.Backup, r.began
	var open []string
	err := a.store.Commit(ctx, func(tx *store.Tx) error {
		if _, err := outbox.Restored(tx, m.Taken, now); err != nil {
			return err
		}
		reason := fmt.Sprintf("from the backup of %s, line %d", m.Taken.Format(time.RFC3339), m.Ledger.N)
		if err := ledger.Append(tx, ledger.Line{At: now, Kind: ledger.Restored, Who: bridge.Actor{Operator: true}.Name(), Reason: reason}); err != nil {
			return err
		}
		head, err := ledger.Head(tx, now)
		if err != nil {
			return err
		}
		r.out.Line = head.N
		r.out.Keys, err = identity.Restored(tx, now)
		open = outbox.Open(tx)
		return err
	})
	if err != nil {
		return err
	}
	r.out.Open = len(open)
	for part := range slices.Chunk(open, reviveAtOnce) {
		if err := a.store.Commit(ctx, func(tx *store.Tx) error { return r.look(tx, a, part) }); err != nil {
			return err
		}
	}
	return a.desk.Restored(ctx)
}

// reviveAtOnce is how many writes one transaction moves.
const reviveAtOnce = 1000

// look has writes looked for, not before a writer of the life that was lost,
// somewhere else, must have ended.
func (r *restoring) look(tx *store.Tx, a *App, ids []string) error {
	for _, id := range ids {
		e, ok, err := outbox.Get(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := outbox.Revive(tx, id, r.began, r.began.Add(a.opts.claimTimeout()+a.settle(e.Connection()))); err != nil {
			return err
		}
	}
	return nil
}

// claimTimeout is how long a writer may be at a claim.
func (o Options) claimTimeout() time.Duration {
	if o.ClaimTimeout > 0 {
		return o.ClaimTimeout
	}
	return 30 * time.Second
}

// settle is how late a connection's writes may still appear.
func (a *App) settle(name bridge.ConnectionName) time.Duration {
	for _, l := range a.lines {
		if l.cfg.Name == name && l.desc.Kind == connector.CRM {
			return l.desc.Settle
		}
	}
	return 0
}

// forgetAgain forgets whom the backup still knows.
func (r *restoring) forgetAgain(ctx context.Context, a *App) error {
	again, err := a.desk.Mark(ctx, r.known)
	if err != nil {
		return err
	}
	r.out.Forgotten = len(again)
	for _, ref := range again {
		if _, err := a.desk.Forget(ctx, bridge.Actor{Operator: true}, ref, "forgotten since the backup was taken"); err != nil {
			return err
		}
	}
	if _, err := a.carryOn(ctx); err != nil {
		return err
	}
	_, err = a.clean(ctx)
	return err
}

// replace puts the store that is ready in its place.
func (r *restoring) replace() error {
	aside := r.at + asideSuffix + r.began.Format("20060102T150405Z")
	if _, err := os.Stat(r.at); err == nil {
		r.out.Aside = aside
	}
	// The copy of the active policy, for people to read.
	copied := filepath.Join(filepath.Dir(r.at), "policy.yaml")
	if err := os.Rename(filepath.Join(r.dir(), "policy.yaml"), copied); err != nil {
		return err
	}
	if err := store.Replace(filepath.Join(r.dir(), "store.db"), r.at, aside); err != nil {
		return fmt.Errorf("put the store in its place: %w", err)
	}
	return nil
}
