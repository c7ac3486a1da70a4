package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Terms bound the sessions of somebody.
type Terms struct {
	Idle    time.Duration // without a request
	Longest time.Duration // since signing in
	AtOnce  int           // sessions of one person; one more ends the oldest
	// Strength is what must have been shown.
	Strength policy.Strength
}

// Awaits is what is still asked of somebody before their session opens anything.
type Awaits string

const (
	AwaitsCode     Awaits = "code"     // of the second factor that they have
	AwaitsFactor   Awaits = "factor"   // their role requires one, and they have none
	AwaitsPassword Awaits = "password" // another one
)

// codeWithin is how long a code is awaited.
const codeWithin = 10 * time.Minute

// Session is somebody signed in with a browser.
type Session struct {
	ID         string                `json:"-"` // names it to its owner; opens nothing
	Person     bridge.PersonID       `json:"person"`
	Connection bridge.ConnectionName `json:"connection"`
	Began      time.Time             `json:"began"`
	Seen       time.Time             `json:"seen"`
	Client     string                `json:"client,omitempty"` // network address
	Agent      string                `json:"agent,omitempty"`  // what the browser calls itself
	Device     string                `json:"device,omitempty"` // our name for the browser
	Shown      policy.Strength       `json:"shown,omitempty"`  // when they signed in
	Awaits     Awaits                `json:"-"`                // "": nothing, they are signed in
}

// sessions are found by the hash of what the browser holds.
var sessions = store.NewTable[Session]("identity.sessions")

// ErrNoSession is a browser whose session has ended, or that never had one.
var ErrNoSession = errors.New("nobody is signed in")

// seenEvery is how exactly the last request of a session is kept.
const seenEvery = time.Minute

// keyBytes is the length of what a browser holds.
const keyBytes = 32

// keyLength is its length as text.
var keyLength = base64.RawURLEncoding.EncodedLen(keyBytes)

func newKey() string {
	raw := make([]byte, keyBytes)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// hidden is a session's key as the store has it: nobody who reads the store can
// come in with it.
func hidden(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// handle names a session to people.
const handle = 16

// Session is who holds the key, and their session. [ErrNoSession] if it has
// ended. As long as it awaits something, nobody is signed in with it.
func (a *Accounts) Session(ctx context.Context, key string) (bridge.Actor, Session, error) {
	now := a.opts.Now()
	var found Session
	var actor bridge.Actor
	err := a.opts.Store.View(func(tx *store.Tx) error {
		s, ok, err := sessions.Get(tx, hidden(key))
		if err != nil || !ok {
			return errors.Join(err, ErrNoSession)
		}
		actor, found, err = a.holder(tx, s, now)
		return err
	})
	if err != nil {
		return bridge.Actor{}, Session{}, err
	}
	found.ID = hidden(key)[:handle]
	if now.Sub(found.Seen) < seenEvery {
		return actor, found, nil
	}
	return actor, found, a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		s, ok, err := sessions.Get(tx, hidden(key))
		if err != nil || !ok {
			return errors.Join(err, ErrNoSession)
		}
		s.Seen = now.UTC()
		return sessions.Put(tx, hidden(key), s)
	})
}

// comes is somebody as they come through a connection: [ErrNoSession] if they
// may not, or may not any more.
func (a *Accounts) comes(tx *store.Tx, who bridge.PersonID, through bridge.ConnectionName) (bridge.Actor, Account, error) {
	acc, ok, err := accounts.Get(tx, string(who))
	if err != nil {
		return bridge.Actor{}, acc, err
	}
	p, known := a.opts.People.Directory().Person(who)
	if _, has := p.Phoning[through]; !ok || !known || !p.Active || acc.Disabled || !has {
		return bridge.Actor{}, acc, ErrNoSession
	}
	return bridge.Actor{Person: p, Connection: through}, acc, nil
}

// holder is who a session makes the browser, and what it awaits of them: nobody
// once it has run out, or once they may not sign in any more.
func (a *Accounts) holder(tx *store.Tx, s Session, now time.Time) (bridge.Actor, Session, error) {
	actor, acc, err := a.comes(tx, s.Person, s.Connection)
	if err != nil {
		return bridge.Actor{}, s, err
	}
	terms := a.opts.Terms(actor)
	if now.Sub(s.Seen) >= terms.Idle || now.Sub(s.Began) >= terms.Longest || s.Seen.After(now.Add(seenEvery)) {
		return bridge.Actor{}, s, ErrNoSession
	}
	if s.Awaits, err = awaits(tx, s, acc, terms); err != nil {
		return bridge.Actor{}, s, err
	}
	if s.Awaits == AwaitsCode && now.Sub(s.Began) >= codeWithin {
		return bridge.Actor{}, s, ErrNoSession
	}
	return actor, s, nil
}

// awaits is what is asked of a session's holder, as things stand now.
func awaits(tx *store.Tx, s Session, acc Account, terms Terms) (Awaits, error) {
	if s.Shown != policy.SecondFactor {
		if f, err := factorOf(tx, s.Person); err != nil || f.Seed != nil {
			return AwaitsCode, err
		}
	}
	switch {
	case acc.Renew:
		return AwaitsPassword, nil
	case !s.Shown.Satisfies(terms.Strength):
		return AwaitsFactor, nil
	}
	return "", nil
}

// keyed is a session and where the store has it.
type keyed struct {
	key string
	Session
}

// open are the sessions that have not run out, by person, the oldest first.
// Those that await a code do not count.
func (a *Accounts) open(tx *store.Tx, now time.Time) (map[bridge.PersonID][]keyed, error) {
	out := map[bridge.PersonID][]keyed{}
	err := sessions.Each(tx, "", "", func(key string, s Session) (bool, error) {
		_, s, err := a.holder(tx, s, now)
		switch {
		case errors.Is(err, ErrNoSession) || err == nil && s.Awaits == AwaitsCode:
			return true, nil
		case err != nil:
			return false, err
		}
		s.ID = key[:handle]
		out[s.Person] = append(out[s.Person], keyed{key, s})
		return true, nil
	})
	for _, theirs := range out {
		slices.SortFunc(theirs, func(a, b keyed) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.key, b.key)) })
	}
	return out, err
}

// Sessions are somebody's own, the oldest first.
func (a *Accounts) Sessions(who bridge.PersonID) (out []Session, err error) {
	err = a.opts.Store.View(func(tx *store.Tx) error {
		open, err := a.open(tx, a.opts.Now())
		for _, s := range open[who] {
			out = append(out, s.Session)
		}
		return err
	})
	return out, err
}

// begin makes a session, in the place of the browser's former one: whoever knew
// that key knows nothing of the new one. The oldest ends that are too many.
func (a *Accounts) begin(tx *store.Tx, actor bridge.Actor, s Session, former string) (key string, err error) {
	if former != "" {
		if err := sessions.Delete(tx, hidden(former)); err != nil {
			return "", err
		}
	}
	open, err := a.open(tx, s.Began)
	if err != nil {
		return "", err
	}
	theirs := open[s.Person]
	for s.Awaits != AwaitsCode && len(theirs) >= max(1, a.opts.Terms(actor).AtOnce) {
		if err := sessions.Delete(tx, theirs[0].key); err != nil {
			return "", err
		}
		theirs = theirs[1:]
	}
	key = newKey()
	return key, sessions.Put(tx, hidden(key), s)
}

// renew gives a session another key, and notes what its holder has shown; their
// others end.
func renew(tx *store.Tx, who bridge.PersonID, key string, shown policy.Strength) (fresh string, err error) {
	s, ok, err := sessions.Get(tx, hidden(key))
	if err != nil || !ok {
		return "", errors.Join(err, ErrNoSession)
	}
	if err := endAll(tx, who, ""); err != nil {
		return "", err
	}
	s.Shown = shown
	fresh = newKey()
	return fresh, sessions.Put(tx, hidden(fresh), s)
}

// SignOut ends the session of a browser.
func (a *Accounts) SignOut(ctx context.Context, key string) error {
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		s, ok, err := sessions.Get(tx, hidden(key))
		if err != nil || !ok {
			return err
		}
		if err := enter(tx, Access{At: a.opts.Now().UTC(), What: SignedOut, Person: s.Person, Client: s.Client}); err != nil {
			return err
		}
		return sessions.Delete(tx, hidden(key))
	})
}

// End ends one of somebody's own sessions, by its id.
func (a *Accounts) End(ctx context.Context, who bridge.PersonID, id string) error {
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		for key := range sessions.Scan(tx, id, "") {
			s, ok, err := sessions.Get(tx, key)
			if err != nil {
				return err
			}
			if len(id) == handle && ok && s.Person == who {
				return sessions.Delete(tx, key)
			}
		}
		return ErrNoSession
	})
}

// endAll ends all sessions of somebody but the one of the key except, "" for none.
func endAll(tx *store.Tx, who bridge.PersonID, except string) error {
	var over []string
	err := sessions.Each(tx, "", "", func(key string, s Session) (bool, error) {
		if s.Person == who && (except == "" || key != hidden(except)) {
			over = append(over, key)
		}
		return true, nil
	})
	for _, key := range over {
		err = errors.Join(err, sessions.Delete(tx, key))
	}
	return err
}

// Prune erases sessions that have run out, feeds of people who are gone, what the
// access log says of before the given moment, tries that are over and browsers
// that do not come back.
func (a *Accounts) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		now := a.opts.Now()
		n = 0
		var over []string
		err := sessions.Each(tx, "", "", func(key string, s Session) (bool, error) {
			_, _, err := a.holder(tx, s, now)
			if errors.Is(err, ErrNoSession) {
				over, err = append(over, key), nil
			}
			return true, err
		})
		if err != nil {
			return err
		}
		for _, key := range over {
			if err := sessions.Delete(tx, key); err != nil {
				return err
			}
		}
		n = len(over)
		for _, erase := range []func() (int, error){
			func() (int, error) { return a.endFeeds(tx) },
			func() (int, error) { return leave(tx, before) },
			func() (int, error) { return forgive(tx, now) },
			func() (int, error) { return forgetDevices(tx, now) },
		} {
			gone, err := erase()
			if err != nil {
				return err
			}
			n += gone
		}
		return nil
	})
	return n, err
}
