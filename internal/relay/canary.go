package relay

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// A CRM that was restored from a backup has lost what it had confirmed, and may
// give the ids of what it lost to others. So we look back, now and then and
// always before the first writes after it did not answer: a few of the newest
// confirmed calls are read again.
const (
	lookBackEvery  = 5 * time.Minute
	lookBackWithin = 5 * time.Second
	// lookBackAt is how many calls of as many prospects are read, and setBackFrom
	// how many of the newest in a row must be gone to take the CRM for set back:
	// people delete a call now and then.
	lookBackAt  = 5
	setBackFrom = 3
	// among is how many calls are gone through for those of different prospects.
	among = 50
)

// Loss is what a CRM that was set back has lost.
type Loss struct {
	// StillThere is when the newest call that is still there was confirmed; zero:
	// none is, as far as we remember.
	StillThere time.Time `json:"still_there,omitzero"`
	Writes     int       `json:"writes"` // confirmed since: they may be gone
}

// trusted is from when on what a connection confirmed is read again: a person
// has decided on what was before.
var trusted = store.NewTable[time.Time]("relay.trusted_since")

// lookBack reads some of what the CRM has confirmed, if it is time to and the
// CRM answers. It says whether it did: the connection may be paused then.
func (l *lane) lookBack(ctx context.Context) (looked bool, err error) {
	finder, ok := l.Conn.(connector.Finder)
	due := l.doubt || !l.now().Before(l.nextLook)
	if !ok || !due || l.Breaker.State() != httpx.BreakerClosed {
		return false, nil
	}
	l.doubt, l.nextLook = false, l.now().Add(lookBackEvery)
	newest, err := l.newestApplied()
	if err != nil || len(newest) == 0 {
		return false, err
	}
	there, err := l.stillThere(ctx, finder, newest)
	if err != nil {
		return false, nil // it does not answer: said by what is sent to it
	}
	return true, l.judge(ctx, finder, newest, there)
}

// newestApplied reads the newest applied calls of different prospects.
func (l *lane) newestApplied() (out []outbox.Entry, err error) {
	err = l.relay.opts.Store.View(func(tx *store.Tx) error {
		since, _, err := trusted.Get(tx, string(l.Name))
		if err != nil {
			return err
		}
		met := map[bridge.Ref]bool{}
		for _, id := range outbox.LastApplied(tx, l.Name, since, among) {
			e, ok, err := outbox.Get(tx, id)
			if err != nil {
				return err
			}
			if ok && !met[e.Write.Prospect] && len(out) < lookBackAt {
				met[e.Write.Prospect] = true
				out = append(out, e)
			}
		}
		return nil
	})
	return out, err
}

// stillThere says of each entry whether the CRM shows it.
func (l *lane) stillThere(ctx context.Context, finder connector.Finder, entries []outbox.Entry) ([]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookBackWithin)
	defer cancel()
	writes := make([]bridge.Write, len(entries))
	for i, e := range entries {
		writes[i] = e.Write
	}
	sightings, err := finder.Find(ctx, writes)
	if err != nil {
		l.Breaker.Report(fault.Of(err).Kind)
		return nil, err
	}
	if len(sightings) != len(entries) {
		return nil, fmt.Errorf("%s: %d sightings of %d writes", l.Name, len(sightings), len(entries))
	}
	there := make([]bool, len(entries))
	for i, s := range sightings {
		there[i] = s.Present
	}
	return there, nil
}

// gone is how a write is told of that the CRM has lost.
const gone = "showed it and does not any more"

// judge draws the consequences: what is gone is counted, and where the newest
// are all gone nothing more is written before a person has looked.
func (l *lane) judge(ctx context.Context, finder connector.Finder, newest []outbox.Entry, there []bool) error {
	inARow := 0
	for inARow < len(there) && !there[inARow] {
		inARow++
	}
	var loss *Loss
	if inARow >= setBackFrom {
		var err error
		if loss, err = l.loss(ctx, finder, newest[inARow-1].Changed); err != nil {
			return err
		}
	}
	return l.commit(ctx, func(tx *store.Tx) error {
		for i, e := range newest {
			if there[i] {
				continue
			}
			news, err := outbox.Note(tx, e.ID, gone, l.now())
			if err == nil && news {
				err = l.found(tx, outbox.Vanished, e.ID)
			}
			if err != nil {
				return err
			}
		}
		if loss == nil {
			return nil
		}
		reason := loss.words(l.Name)
		l.relay.opts.Log.Error("connection paused: the CRM has lost what it had confirmed", "connection", l.Name, "reason", reason, "count", loss.Writes)
		return pauses.Put(tx, string(l.Name), Pause{Reason: reason, Since: l.now(), Lost: loss})
	})
}

func (l *Loss) words(c bridge.ConnectionName) string {
	since, told := "2000-01-01T00:00:00Z", "no call that we remember is still there"
	if !l.StillThere.IsZero() {
		since = l.StillThere.UTC().Format(time.RFC3339)
		told = "the newest call still there was confirmed at " + since
	}
	return fmt.Sprintf("the CRM does not show what it has shown before (restored from a backup?): %s, %d writes since may be gone. "+
		"`passerelle outbox recheck --connection %s --since %s` looks, with --put-back it writes again what is gone; then `passerelle connection resume %s`",
		told, l.Writes, c, since, c)
}

// searchAtMost bounds how many reads the search for the moment of the loss
// takes.
const searchAtMost = 24

// loss searches for the newest call that is still there, before a moment whose
// call is gone.
func (l *lane) loss(ctx context.Context, finder connector.Finder, until time.Time) (*Loss, error) {
	lo, hi := time.Time{}, until
	mid := time.Time{} // first of all the oldest
	for range searchAtMost {
		e, at, err := l.firstApplied(mid, hi)
		switch {
		case err != nil:
			return nil, err
		case at.IsZero() && mid.IsZero():
			return l.lostSince(lo)
		case at.IsZero():
			hi = mid
		default:
			there, err := l.stillThere(ctx, finder, []outbox.Entry{e})
			if err != nil {
				return nil, err
			}
			if !there[0] && mid.IsZero() {
				return l.lostSince(lo)
			}
			if there[0] {
				lo = at
			} else {
				hi = mid
			}
		}
		if hi.Sub(lo) < time.Second {
			break
		}
		mid = lo.Add(hi.Sub(lo) / 2)
	}
	return l.lostSince(lo)
}

func (l *lane) firstApplied(from, until time.Time) (e outbox.Entry, at time.Time, err error) {
	err = l.relay.opts.Store.View(func(tx *store.Tx) error {
		id, when, ok := outbox.FirstApplied(tx, l.Name, from, until)
		if !ok {
			return nil
		}
		at = when
		e, _, err = outbox.Get(tx, id)
		return err
	})
	return e, at, err
}

func (l *lane) lostSince(at time.Time) (*Loss, error) {
	loss := &Loss{StillThere: at}
	err := l.relay.opts.Store.View(func(tx *store.Tx) error {
		loss.Writes = outbox.CountApplied(tx, l.Name, at)
		return nil
	})
	return loss, err
}
