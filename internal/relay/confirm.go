package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/faultpoint"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// confirmEvery is how often sent writes are looked for in the CRM. A read of
// a list waits a little longer, so that one read confirms many.
const (
	confirmEvery     = 500 * time.Millisecond
	confirmListEvery = 5 * time.Second
	confirmAtOnce    = 200
)

// confirm reads back what was sent until the CRM shows it.
func (l *lane) confirm(ctx context.Context) {
	finder, ok := l.Conn.(connector.Finder)
	if !ok {
		return
	}
	every := confirmEvery
	if l.Descriptor.Confirmation == connector.ByList {
		every = confirmListEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for { // at once: what an earlier life sent has waited long enough
		if err := l.confirmAll(ctx, finder); err != nil && ctx.Err() == nil {
			l.relay.opts.Log.Warn("what was sent could not be looked up in the CRM yet", "connection", l.Name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// confirmAll looks for everything that was sent, as much in one read as the
// CRM may be asked for.
func (l *lane) confirmAll(ctx context.Context, finder connector.Finder) error {
	var ids []string
	err := l.relay.opts.Store.View(func(tx *store.Tx) error {
		ids = outbox.Ids(tx, l.Name, outbox.Sent, 0)
		return nil
	})
	for len(ids) > 0 && err == nil {
		part := ids[:min(confirmAtOnce, len(ids))]
		ids = ids[len(part):]
		err = l.confirmSome(ctx, finder, part)
	}
	return err
}

// confirmSome looks for one batch of sent writes.
func (l *lane) confirmSome(ctx context.Context, finder connector.Finder, ids []string) error {
	halted, _, err := l.halted()
	if err != nil || halted {
		return err
	}
	var sent []outbox.Entry
	err = l.relay.opts.Store.View(func(tx *store.Tx) error {
		for _, id := range ids {
			e, ok, err := outbox.Get(tx, id)
			if err != nil {
				return err
			}
			if ok && e.State == outbox.Sent {
				sent = append(sent, e)
			}
		}
		return nil
	})
	if err != nil || len(sent) == 0 {
		return err
	}
	writes := make([]bridge.Write, len(sent))
	for i, e := range sent {
		writes[i] = e.Write
	}
	if l.Breaker.Allow() != nil {
		return nil // a CRM that is only being probed is not read besides
	}
	sightings, err := finder.Find(ctx, writes)
	if err != nil {
		return l.unread(ctx, err)
	}
	l.Breaker.Report("")
	if len(sightings) != len(sent) {
		return fmt.Errorf("%s: %d sightings of %d writes", l.Name, len(sightings), len(sent))
	}
	return l.confirmed(ctx, sent, sightings)
}

// unread draws the consequences of a confirming read that failed.
func (l *lane) unread(ctx context.Context, cause error) error {
	kind := fault.Of(cause).Kind
	l.Breaker.Report(kind)
	if kind != fault.Permanent {
		return cause
	}
	err := l.commit(ctx, func(tx *store.Tx) error { return pause(tx, l.Name, cause.Error(), l.now()) })
	return errors.Join(cause, err)
}

func (l *lane) confirmed(ctx context.Context, sent []outbox.Entry, sightings []connector.Sighting) error {
	faultpoint.Hit("relay.confirm.before")
	err := l.commit(ctx, func(tx *store.Tx) error {
		for i, e := range sent {
			got, found, err := outbox.Confirm(tx, e.ID, e.Fence, sightings[i], l.now(), l.Descriptor.Settle)
			if errors.Is(err, outbox.ErrStale) {
				continue
			}
			if err != nil {
				return err
			}
			if found != "" {
				if err := l.found(tx, found, e.ID); err != nil {
					return err
				}
			}
			if err := l.settled(tx, got); err != nil {
				return err
			}
		}
		return nil
	})
	faultpoint.Hit("relay.confirm.after")
	l.poke()
	return err
}
