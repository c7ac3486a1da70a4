package desk

import (
	"context"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
)

// Keep says whose value a conflict is settled for.
type Keep string

// The two sides of a conflict.
const (
	KeepCRM  Keep = "crm"
	KeepOurs Keep = "ours"
)

// Resolve settles a conflict.
func (d *Desk) Resolve(ctx context.Context, actor bridge.Actor, entry string, keep Keep) (outbox.Entry, error) {
	return d.onEntry(ctx, actor, entry, policy.CommandResolve, string(keep), func(c *command, e outbox.Entry) (outbox.Entry, error) {
		if e.State != outbox.Conflicted {
			return e, &outbox.NotNow{ID: e.ID, State: e.State, Why: outbox.NoConflict}
		}
		switch keep {
		case KeepCRM:
			return outbox.Discard(c.tx, entry, "the CRM's value was kept", c.now)
		case KeepOurs:
			return outbox.KeepOurs(c.tx, entry, c.now)
		}
		return e, &Invalid{"keep", phrase{"crm or ours", "crm ou ours"}}
	})
}

// RetryWrite lets a parked write go again.
func (d *Desk) RetryWrite(ctx context.Context, actor bridge.Actor, entry string) (outbox.Entry, error) {
	return d.onEntry(ctx, actor, entry, policy.CommandRetry, "", func(c *command, _ outbox.Entry) (outbox.Entry, error) {
		return outbox.TryAgain(c.tx, entry, c.now)
	})
}

// DiscardWrite gives a write up.
func (d *Desk) DiscardWrite(ctx context.Context, actor bridge.Actor, entry, motive string) (outbox.Entry, error) {
	if strings.TrimSpace(motive) == "" {
		return outbox.Entry{}, &Invalid{"motive", phrase{"say why it is given up", "dites pourquoi on y renonce"}}
	}
	return d.onEntry(ctx, actor, entry, policy.CommandDiscard, motive, func(c *command, _ outbox.Entry) (outbox.Entry, error) {
		return outbox.Discard(c.tx, entry, motive, c.now)
	})
}

func (d *Desk) onEntry(ctx context.Context, actor bridge.Actor, id string, what policy.Command, reason string, fn func(*command, outbox.Entry) (outbox.Entry, error)) (outbox.Entry, error) {
	var out outbox.Entry
	err := d.run(ctx, actor, func(c *command) error {
		e, ok, err := outbox.Get(c.tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return &outbox.ErrNoEntry{ID: id}
		}
		if err := c.mayTend(e, what); err != nil {
			return err
		}
		if err := c.spend(what, 1); err != nil {
			return err
		}
		if out, err = fn(c, e); err != nil {
			return err
		}
		if out.State == outbox.Discarded {
			if err := c.givenUp(out); err != nil {
				return err
			}
		}
		c.wake(e.Connection())
		return c.note(string(what)+" write", reason, nil, e.Write.Prospect.Key())
	})
	return out, err
}

// mayTend: a supervisor tends the writes of their leads, the operator those of
// all.
func (c *command) mayTend(e outbox.Entry, what policy.Command) error {
	if c.actor.Operator {
		return nil
	}
	scope, err := c.scopeOf(e)
	if err != nil {
		return err
	}
	return c.supervised(scope, doing[what].And(phrase{" a write", " une écriture"}))
}

// scopeOf is what scopes on a write are decided by: its lead's, or for one that
// came without a lead, that of a lead of its prospect which the actor looks
// after.
func (c *command) scopeOf(e outbox.Entry) (policy.Record, error) {
	ids := []string{string(e.Lead)}
	if e.Lead == "" {
		ids = suffixes(c.tx, byProspect, e.Write.Prospect.Key()+"\x00")
	}
	var scope policy.Record
	for _, id := range ids {
		l, p, err := c.load(bridge.LeadID(id))
		if err != nil {
			return scope, err
		}
		scope = c.record(l, p)
		if c.Policy.Allows(c.who, policy.Write, bridge.CampaignObj, scope) {
			break
		}
	}
	return scope, nil
}
