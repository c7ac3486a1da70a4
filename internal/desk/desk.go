package desk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/faultpoint"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Rules are what the desk decides by. They are replaced as a whole: a command
// never sees a mix.
type Rules struct {
	Policy *policy.Policy
	// Draft is compared with it on every decision, in the desk's Shadow; nil for
	// none.
	Draft     *policy.Policy
	Catalog   bridge.Catalog
	Campaigns map[bridge.CampaignID]bridge.Campaign
	// Mapped says which fields a CRM connection has.
	Mapped map[bridge.ConnectionName]map[bridge.FieldName]bool
	// Zones are the connections' time zones, "" for the bridge's.
	Zones map[bridge.ConnectionName]string
	// Person finds somebody by id.
	Person func(bridge.PersonID) (bridge.Person, bool)
	// ByCRM finds somebody by their user id in a CRM.
	ByCRM func(bridge.ConnectionName, string) (bridge.PersonID, bool)
}

// Fed says whether a connection is a platform that campaigns push lists to: it
// sees the cards of its own campaigns only.
func (r *Rules) Fed(c bridge.ConnectionName) bool {
	for _, camp := range r.Campaigns {
		for _, feed := range camp.Feeds {
			if feed.Connection == c {
				return true
			}
		}
	}
	return false
}

// Options make a desk.
type Options struct {
	Store *store.Store
	Rules *Rules
	Seal  secret.Key    // seals the key that oppositions are found by
	Lease time.Duration // how long a handed-out lead is one person's; 0 is 15 minutes
	Zone  string        // where nothing nearer says so; "" is Europe/Paris
	Now   func() time.Time
	// Jumped is by how much the clock of Now was set since the hub began: leases
	// run by the time that passes. nil is a clock that nobody sets.
	Jumped func() time.Duration
	Wake   func(bridge.ConnectionName) // is told of new writes, after the commit
	// CallBack is told, after the commit, of leads on a platform's list that must
	// not be called from it any more, or not on all their numbers.
	CallBack func(bridge.CampaignID, bridge.LeadID)
	// Logged is told of each outcome that its CRM shows; may be nil.
	Logged func(bridge.ConnectionName)
	// Shadow decides beside the desk under the rules' draft; may be nil.
	Shadow *Shadow
	Log    *slog.Logger
}

// Desk carries out commands. It is safe for concurrent use.
type Desk struct {
	opts   Options
	rules  atomic.Pointer[Rules]
	hidden []byte // the key of oppositions
	zone   *time.Location
	// restored is when the store was last put back from a backup.
	restored outbox.Restoration
	sights   sights
	ready    atomic.Pointer[ready]
	looks    looks
}

// The defaults of Options.
const (
	defaultLease = 15 * time.Minute
	defaultZone  = "Europe/Paris"
)

// New makes a desk on a store.
func New(ctx context.Context, opts Options) (*Desk, error) {
	if opts.Lease == 0 {
		opts.Lease = defaultLease
	}
	if opts.Zone == "" {
		opts.Zone = defaultZone
	}
	if opts.Jumped == nil {
		opts.Jumped = func() time.Duration { return 0 }
	}
	d := &Desk{opts: opts}
	d.rules.Store(opts.Rules)
	var err error
	if d.zone, err = time.LoadLocation(opts.Zone); err != nil {
		return nil, fmt.Errorf("the desk's zone: %w", err)
	}
	if d.hidden, err = hiddenKey(ctx, opts.Store, opts.Seal); err != nil {
		return nil, err
	}
	err = opts.Store.View(func(tx *store.Tx) (err error) {
		d.restored, err = outbox.LastRestoration(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Swap replaces the rules from the next command on, if they are still the old
// ones: two who change different parts of them must not undo each other.
func (d *Desk) Swap(old, new *Rules) bool { return d.rules.CompareAndSwap(old, new) }

// Rules are those of the moment.
func (d *Desk) Rules() *Rules { return d.rules.Load() }

// hide is the keyed hash that an opposition is found by.
func (d *Desk) hide(what string) string {
	h := hmac.New(sha256.New, d.hidden)
	h.Write([]byte(what))
	return string(h.Sum(nil))
}

// command is one command under way, inside its transaction.
type command struct {
	*Desk
	*Rules
	tx    *store.Tx
	actor bridge.Actor
	who   policy.Subject
	role  bridge.Role
	now   time.Time
	// happened is when what the command is about did: now, unless it is a report
	// of something, or a decision on it.
	happened time.Time
	// What is decided again under a draft: so far, and what is being tried.
	glimpses  []glimpse
	attempt   *Decision
	attempted bridge.Lead
	// Whose cards leave for somebody who looks at them, and what stands on those.
	lookedAt []string
	shown    []bridge.FieldName
}

// run carries out a command in one transaction.
func (d *Desk) run(ctx context.Context, actor bridge.Actor, fn func(*command) error) error {
	return d.submit(ctx, actor, fn)()
}

// submit begins to carry out a command, and answers how to wait for its end.
func (d *Desk) submit(ctx context.Context, actor bridge.Actor, fn func(*command) error) (wait func() error) {
	var last atomic.Pointer[command] // the attempt that counts
	kept := d.opts.Store.Submit(ctx, func(tx *store.Tx) error {
		c := d.begin(tx, actor)
		last.Store(c)
		return fn(c)
	})
	return func() error {
		err := kept()
		faultpoint.Hit("desk.commit.after")
		d.shade(last.Load(), err)
		return err
	}
}

// look answers a question over a snapshot.
func (d *Desk) look(actor bridge.Actor, fn func(*command) error) error {
	var c *command
	err := d.opts.Store.View(func(tx *store.Tx) error {
		c = d.begin(tx, actor)
		return fn(c)
	})
	d.shade(c, err)
	d.lookOver(c, err)
	return err
}

func (d *Desk) begin(tx *store.Tx, actor bridge.Actor) *command {
	rules := d.rules.Load()
	c := &command{Desk: d, Rules: rules, tx: tx, actor: actor, who: policy.SubjectOf(actor), now: d.opts.Now()}
	c.happened = c.now
	c.role, _ = rules.Policy.RoleOf(c.who.Connection, c.who.Profile)
	return c
}

// note writes the command's ledger line.
func (c *command) note(kind, reason string, fields []bridge.FieldName, records ...string) error {
	return ledger.Append(c.tx, ledger.Line{
		At: c.now, Kind: kind, Who: c.actor.Name(), Role: c.role, Connection: c.actor.Connection,
		Records: records, Fields: ledger.FieldSet(fields), Policy: c.Policy.Hash(), Reason: reason,
	})
}

// wake tells relay of new writes once the command is kept.
func (c *command) wake(connection bridge.ConnectionName) {
	if c.opts.Wake != nil {
		c.tx.OnCommit(func() { c.opts.Wake(connection) })
	}
}

// callBack tells campaign of a lead that a platform must hear of soon.
func (c *command) callBack(l bridge.Lead) {
	if c.opts.CallBack != nil && len(l.HeldBy) > 0 {
		c.tx.OnCommit(func() { c.opts.CallBack(l.Campaign, l.ID) })
	}
}

// need is the question every command asks.
func (c *command) need(a policy.Action, o bridge.Object, r policy.Record, what phrase) error {
	allowed := c.Policy.Allows(c.who, a, o, r)
	c.noted(allowed, a, o, r)
	if allowed {
		return nil
	}
	return denied(c.Policy, c.who, a, o, r, what)
}
