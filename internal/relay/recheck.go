package relay

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// RecheckAsk asks for a page of applied writes to be looked up in the CRM again.
type RecheckAsk struct {
	Connection bridge.ConnectionName
	Since      time.Time // when they were confirmed, or later
	From       string    // what the page before answered as Next; "" begins
	PutBack    bool      // what is gone goes back to pending
}

// Rechecked is what such a page found.
type Rechecked struct {
	Looked int      // writes looked up
	Gone   []string // ids of those that the CRM does not show any more
	Next   string   // where to go on; "" at the end
}

// recheckAtOnce is how many writes one page looks up: a change of fields costs
// a request.
const recheckAtOnce = 50

// Recheck looks up what the CRM has confirmed since a time: it was restored
// from a backup, or somebody deleted too much there. It works while the
// connection is paused, and counts against its limits.
func (r *Relay) Recheck(ctx context.Context, ask RecheckAsk) (Rechecked, error) {
	var out Rechecked
	l, err := r.lane(ask.Connection)
	if err != nil {
		return out, err
	}
	finder, ok := l.Conn.(connector.Finder)
	if !ok {
		return out, fmt.Errorf("%s cannot be searched for what it holds", ask.Connection)
	}
	were, until, err := l.replacedSince(ask)
	if err != nil {
		return out, err
	}
	var found []outbox.Entry
	err = r.opts.Store.View(func(tx *store.Tx) (err error) {
		found, out.Next, err = appliedPage(tx, ask, until)
		return err
	})
	if err != nil || len(found) == 0 {
		return out, err
	}
	writes := make([]bridge.Write, len(found))
	for i, e := range found {
		writes[i] = e.Write
	}
	sightings, err := finder.Find(ctx, writes)
	if err != nil {
		return out, err
	}
	if len(sightings) != len(found) {
		return out, fmt.Errorf("%s: %d sightings of %d writes", l.Name, len(sightings), len(found))
	}
	out.Looked = len(found)
	out.Gone, err = l.recheck(ctx, found, sightings, were, ask.PutBack)
	if ask.PutBack {
		l.poke()
	}
	return out, err
}

func appliedPage(tx *store.Tx, ask RecheckAsk, until time.Time) (found []outbox.Entry, next string, err error) {
	ids, next := outbox.AppliedBetween(tx, ask.Connection, ask.Since, until, ask.From, recheckAtOnce)
	for _, id := range ids {
		e, ok, err := outbox.Get(tx, id)
		if err != nil {
			return nil, "", err
		}
		if ok {
			found = append(found, e)
		}
	}
	return found, next, nil
}

func (l *lane) recheck(ctx context.Context, found []outbox.Entry, sightings []connector.Sighting, were *outbox.Replaced, putBack bool) (lost []string, err error) {
	err = l.commit(ctx, func(tx *store.Tx) error {
		lost = nil
		for i, e := range found {
			_, missing, err := outbox.Recheck(tx, e.ID, sightings[i], were, putBack, l.now())
			if err != nil {
				return err
			}
			if !missing {
				continue
			}
			lost = append(lost, e.ID)
			if !e.SaidLost() {
				if err := l.found(tx, outbox.Vanished, e.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return lost, err
}

// replacedSince answers what our writes since then replaced, read once for all
// pages, and when that was: what is written again meanwhile is not looked up,
// since with a CRM that goes on losing it there would be no end.
func (l *lane) replacedSince(ask RecheckAsk) (*outbox.Replaced, time.Time, error) {
	l.rechecking.Lock()
	defer l.rechecking.Unlock()
	if l.were != nil && ask.From != "" && l.were.Since().Equal(ask.Since) {
		return l.were, l.until, nil
	}
	l.until = l.now()
	err := l.relay.opts.Store.View(func(tx *store.Tx) (err error) {
		l.were, err = outbox.ReplacedSince(tx, l.Name, ask.Since)
		return err
	})
	return l.were, l.until, err
}
