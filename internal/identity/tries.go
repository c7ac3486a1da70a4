package identity

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// tried is how many tries at an account were left at a moment.
type tried struct {
	Left float64   `json:"left"`
	At   time.Time `json:"at"`
}

// tries are those of each person after a wrong password or code: a restart must
// not give new ones. Logins that are nobody's are not kept, since people type
// passwords there.
var tries = store.NewTable[tried]("identity.tries")

// recall takes up the tries of before the restart.
func (a *Accounts) recall() error {
	return a.opts.Store.View(func(tx *store.Tx) error {
		return tries.Each(tx, "", "", func(who string, t tried) (bool, error) {
			a.tries.restore(bridge.PersonID(who), t)
			return true, nil
		})
	})
}

// keepTries notes how many tries somebody has left.
func (a *Accounts) keepTries(tx *store.Tx, who bridge.PersonID, now time.Time) error {
	if who == "" {
		return nil
	}
	return tries.Put(tx, string(who), a.tries.left(who, now))
}

// spare forgets the wrong tries of somebody who has shown who they are.
func spare(tx *store.Tx, who bridge.PersonID) error {
	if !tries.Has(tx, string(who)) {
		return nil
	}
	return tries.Delete(tx, string(who))
}

// Unlock gives somebody their tries back: it was them who mistyped.
func (a *Accounts) Unlock(ctx context.Context, by bridge.Actor, who bridge.PersonID) error {
	err := a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if !accounts.Has(tx, string(who)) {
			return &Unknown{who}
		}
		if err := spare(tx, who); err != nil {
			return err
		}
		return a.opts.Note(tx, by, "unlock account", who, "")
	})
	if err == nil {
		a.tries.forget(who)
	}
	return err
}

// forgive erases the tries that have all come back.
func forgive(tx *store.Tx, now time.Time) (n int, err error) {
	var over []string
	err = tries.Each(tx, "", "", func(who string, t tried) (bool, error) {
		if now.Sub(t.At) > triesAtOnce*tryEvery {
			over = append(over, who)
		}
		return true, nil
	})
	for _, who := range over {
		if err := tries.Delete(tx, who); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// left is how many tokens the key's bucket holds.
func (l *limiter[K]) left(key K, now time.Time) tried {
	return tried{Left: l.bucket(key, now).TokensAt(now), At: now.UTC()}
}

// restore begins a bucket as it was.
func (l *limiter[K]) restore(key K, t tried) {
	b := rate.NewLimiter(l.limit, l.burst)
	b.AllowN(t.At, l.burst-max(0, int(t.Left)))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buckets[key] = b
}
