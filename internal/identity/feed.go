package identity

import (
	"context"
	"errors"
	"net/http"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Feed is an address at which somebody's own calendar finds their appointments.
// It opens nothing else, has no session, and ends with their account.
type Feed struct {
	Person     bridge.PersonID       `json:"person"`
	Connection bridge.ConnectionName `json:"connection"` // that they came through to make it
	Language   string                `json:"language"`
	Made       time.Time             `json:"made"`
	Used       time.Time             `json:"used,omitzero"` // last, to the hour
}

// feeds are found by the hash of the key in their address.
var feeds = store.NewTable[Feed]("identity.feeds")

// ErrNoFeed is an address that nobody has, or has any more.
var ErrNoFeed = errors.New("there is no calendar at this address: make another on the account page")

// TooOften is somebody who asks more often than is taken.
type TooOften struct{ Wait time.Duration }

func (e *TooOften) Error() string { return "too many requests: wait a moment" }

// usedEvery is how exactly the last use of a feed is kept.
const usedEvery = time.Hour

// MakeFeed gives the actor an address of their own in the place of the former
// one, and answers the key in it: 256 random bits, which nobody can be shown again.
func (a *Accounts) MakeFeed(ctx context.Context, actor bridge.Actor, language string) (key string, err error) {
	key = newKey()
	who := actor.Person.ID
	return key, a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if _, _, err := a.comes(tx, who, actor.Connection); err != nil {
			return err
		}
		if err := endFeed(tx, who); err != nil {
			return err
		}
		made := Feed{Person: who, Connection: actor.Connection, Language: language, Made: a.opts.Now().UTC()}
		if err := feeds.Put(tx, hidden(key), made); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "make calendar address", who, "")
	})
}

// EndFeed ends somebody's address; none is no error.
func (a *Accounts) EndFeed(ctx context.Context, by bridge.Actor, who bridge.PersonID) error {
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if _, _, there, err := feedOf(tx, who); err != nil || !there {
			return err
		}
		if err := endFeed(tx, who); err != nil {
			return err
		}
		return a.opts.Note(tx, by, "end calendar address", who, "")
	})
}

// FeedOf is somebody's feed, false if they have none.
func (a *Accounts) FeedOf(who bridge.PersonID) (f Feed, ok bool, err error) {
	err = a.opts.Store.View(func(tx *store.Tx) error {
		_, f, ok, err = feedOf(tx, who)
		return err
	})
	return f, ok, err
}

func feedOf(tx *store.Tx, who bridge.PersonID) (key string, f Feed, ok bool, err error) {
	err = feeds.Each(tx, "", "", func(at string, found Feed) (bool, error) {
		if ok = found.Person == who; ok {
			key, f = at, found
		}
		return !ok, nil
	})
	return key, f, ok, err
}

func endFeed(tx *store.Tx, who bridge.PersonID) error {
	key, _, ok, err := feedOf(tx, who)
	if err != nil || !ok {
		return err
	}
	return feeds.Delete(tx, key)
}

// Subscriber is whose calendar asks, by the key in its address: [ErrNoFeed] if
// that is nobody's who may come in, [TooOften] if it asks again and again.
func (a *Accounts) Subscriber(r *http.Request, key string) (actor bridge.Actor, f Feed, err error) {
	now := a.opts.Now()
	err = a.opts.Store.View(func(tx *store.Tx) error {
		found, ok, err := feeds.Get(tx, hidden(key))
		if err != nil || !ok {
			return errors.Join(err, ErrNoFeed)
		}
		f = found
		actor, _, err = a.comes(tx, found.Person, found.Connection)
		if errors.Is(err, ErrNoSession) {
			return ErrNoFeed
		}
		return err
	})
	if errors.Is(err, ErrNoFeed) {
		if wait := a.guesses.take(neighbourhood(Client(r.Context())), now); wait > 0 {
			return actor, f, &TooOften{wait}
		}
	}
	if err != nil {
		return actor, f, err
	}
	if wait := a.requests.take(digestOf(key), now); wait > 0 {
		return actor, f, &TooOften{wait}
	}
	if now.Sub(f.Used) < usedEvery {
		return actor, f, nil
	}
	return actor, f, a.used(r.Context(), key, now)
}

// used notes that a feed was asked for.
func (a *Accounts) used(ctx context.Context, key string, now time.Time) error {
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		f, ok, err := feeds.Get(tx, hidden(key))
		if err != nil || !ok {
			return err
		}
		f.Used = now.UTC().Truncate(usedEvery)
		return feeds.Put(tx, hidden(key), f)
	})
}

// endFeeds ends those of people who cannot come in any more.
func (a *Accounts) endFeeds(tx *store.Tx) (n int, err error) {
	var over []string
	err = feeds.Each(tx, "", "", func(key string, f Feed) (bool, error) {
		_, _, err := a.comes(tx, f.Person, f.Connection)
		if errors.Is(err, ErrNoSession) {
			over, err = append(over, key), nil
		}
		return true, err
	})
	for _, key := range over {
		err = errors.Join(err, feeds.Delete(tx, key))
	}
	return len(over), err
}
