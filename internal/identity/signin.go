package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Visitor is a browser that wants to sign in.
type Visitor struct {
	Login    string
	Password secret.String
	Client   netip.Addr
	Agent    string // what the browser calls itself
	Former   string // the session's key that it holds already, "" for none
	Device   string // what we know the browser by, "" for one that was never here
}

// Entry is what a browser holds from now on.
type Entry struct {
	Key    string // of its session
	Device string // what we know it by, "" as long as a code is awaited
	Awaits Awaits
}

// ErrSignIn is a login and a password that do not belong together. It does not
// tell which is wrong, nor whether there is such an account.
var ErrSignIn = errors.New("the login or the password is wrong")

// ErrRenew is a password that was right, but that somebody else may know.
var ErrRenew = errors.New("the account waits for another password")

// Locked is an account, or an address, from which too many wrong passwords came.
type Locked struct{ For time.Duration }

func (e *Locked) Error() string { return "too many wrong passwords" }

// SignIn opens a session, whose key only the browser may know. It takes as long
// for an account that does not exist.
func (a *Accounts) SignIn(ctx context.Context, v Visitor) (e Entry, err error) {
	p, acc, err := a.account(v.Login)
	if err != nil {
		return e, err
	}
	if wait := a.try(p.ID, v, a.opts.Now()); wait > 0 {
		return e, errors.Join(&Locked{wait}, a.turnedAway(ctx, p.ID, v.Client, ""))
	}
	good, err := a.matches(acc, v.Password, v.Client)
	if err != nil {
		return e, err
	}
	if !good || acc.Disabled || !p.Active || !a.opts.ByPassword(p.ID) {
		return e, errors.Join(ErrSignIn, a.refused(ctx, p.ID, v.Client, ""))
	}
	if acc.Renew {
		return e, errors.Join(ErrRenew, a.refused(ctx, p.ID, v.Client, ""))
	}
	err = a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		latest, ok, err := accounts.Get(tx, string(p.ID))
		if err != nil || !ok || latest.Hash != acc.Hash || latest.Disabled || latest.Renew {
			return errors.Join(err, ErrSignIn) // it has changed meanwhile
		}
		e, err = a.admit(tx, p, v, policy.PasswordAlone, ByPassword)
		return err
	})
	if err == nil && e.Awaits != AwaitsCode {
		a.tries.forget(p.ID)
	}
	return e, err
}

// admit opens a session for somebody who has shown who they are, in the way that
// how names. As long as a code is awaited it is none that counts: nobody is
// signed out for it, and the guesses at the code go on from those at the password.
func (a *Accounts) admit(tx *store.Tx, p bridge.Person, v Visitor, shown policy.Strength, how string) (e Entry, err error) {
	now := a.opts.Now().UTC()
	actor := bridge.Actor{Person: p, Connection: a.door(p)}
	acc, _, err := accounts.Get(tx, string(p.ID))
	if err != nil {
		return e, err
	}
	s := Session{Person: p.ID, Connection: actor.Connection, Began: now, Seen: now, Client: text(v.Client), Agent: short(v.Agent), Shown: shown}
	if s.Awaits, err = awaits(tx, s, acc, a.opts.Terms(actor)); err != nil {
		return e, err
	}
	e.Awaits = s.Awaits
	if s.Awaits == AwaitsCode {
		if err := errors.Join(enter(tx, Access{At: now, What: Asked, Person: p.ID, Client: s.Client, How: how}), a.keepTries(tx, p.ID, now)); err != nil {
			return e, err
		}
		e.Key, err = a.begin(tx, actor, s, v.Former)
		return e, err
	}
	acc.LastLogin = now
	if err := errors.Join(accounts.Put(tx, string(p.ID), acc), spare(tx, p.ID)); err != nil {
		return e, err
	}
	if err := enter(tx, Access{At: now, What: SignedIn, Person: p.ID, Client: s.Client, How: how}); err != nil {
		return e, err
	}
	if e.Device, s.Device, err = a.meet(tx, p.ID, v, now); err != nil {
		return e, err
	}
	e.Key, err = a.begin(tx, actor, s, v.Former)
	return e, err
}

// refused notes a refusal, and how many tries are left. The lines of the access
// log cost a token of their address each, so that nobody can fill the store.
func (a *Accounts) refused(ctx context.Context, who bridge.PersonID, client netip.Addr, how string) error {
	now := a.opts.Now()
	quiet := a.failures.take(neighbourhood(client), now) > 0
	if quiet && who == "" {
		return nil
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if err := a.keepTries(tx, who, now); err != nil || quiet {
			return err
		}
		return enter(tx, Access{At: now.UTC(), What: Refusal, Person: who, Client: text(client), How: how})
	})
}

// turnedAway notes a refusal of somebody who was not let try: as many lines as
// their address may leave, and nothing beyond, whosever the login is.
func (a *Accounts) turnedAway(ctx context.Context, who bridge.PersonID, client netip.Addr, how string) error {
	now := a.opts.Now()
	if a.failures.take(neighbourhood(client), now) > 0 {
		return nil
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		return enter(tx, Access{At: now.UTC(), What: Refusal, Person: who, Client: text(client), How: how})
	})
}

// account finds whose login it is; nobody's is the zero account.
func (a *Accounts) account(login string) (p bridge.Person, acc Account, err error) {
	if p = a.known(login); p.ID == "" {
		return p, acc, nil
	}
	err = a.opts.Store.View(func(tx *store.Tx) (err error) {
		var ok bool
		if acc, ok, err = accounts.Get(tx, string(p.ID)); !ok {
			p = bridge.Person{}
		}
		return err
	})
	return p, acc, err
}

// known is who comes in by a login, the zero person if it is nobody's.
func (a *Accounts) known(login string) bridge.Person {
	login = strings.TrimSpace(login)
	for _, door := range a.opts.Doors {
		if p, ok := a.opts.People.ByLogin(door, login); ok && a.door(p) == door {
			return p
		}
	}
	return bridge.Person{}
}

// try counts a try, and says how long to wait if there were too many: with this
// login, whether or not it is anybody's, and from this address.
func (a *Accounts) try(who bridge.PersonID, v Visitor, now time.Time) time.Duration {
	if wait := a.failures.wait(neighbourhood(v.Client), now); wait > 0 {
		return wait
	}
	if who == "" {
		return a.strangers.take(sha256.Sum256([]byte(v.Login)), now)
	}
	return a.tries.take(who, now)
}

// matches compares the password with the account's, or with nobody's. Many may
// wait for their turn at once: it does not come to those from an address, the
// zero one for none, that has brought too many wrong ones meanwhile ([*Locked]).
func (a *Accounts) matches(acc Account, password secret.String, from netip.Addr) (bool, error) {
	if len(password.Reveal()) > maxPassword {
		return false, nil
	}
	hash := acc.Hash
	if hash == "" {
		hash = decoy
	}
	a.hashing <- struct{}{}
	defer func() { <-a.hashing }()
	if wait := a.failures.wait(neighbourhood(from), a.opts.Now()); from.IsValid() && wait > 0 {
		return false, &Locked{wait}
	}
	same, err := samePassword(hash, password)
	return same && acc.Hash != "", err
}

// ChangePassword gives somebody another password of their own choice, and ends
// their sessions but the one of key.
func (a *Accounts) ChangePassword(ctx context.Context, actor bridge.Actor, key string, old, fresh secret.String) error {
	who := actor.Person.ID
	if err := CheckPassword(fresh, string(who)); err != nil {
		return err
	}
	acc, err := a.owner(ctx, who, old)
	if err != nil {
		return err
	}
	hash := a.hash(fresh)
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		latest, ok, err := accounts.Get(tx, string(who))
		if err != nil || !ok || latest.Hash != acc.Hash {
			return errors.Join(err, ErrSignIn)
		}
		latest.Hash, latest.Changed, latest.Renew = hash, a.opts.Now().UTC(), false
		if err := accounts.Put(tx, string(who), latest); err != nil {
			return err
		}
		if err := endAll(tx, who, key); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "change password", who, "")
	})
}

// owner asks who is signed in for their password once more. [ErrSignIn] if it is
// another one, [Locked] after too many.
func (a *Accounts) owner(ctx context.Context, who bridge.PersonID, password secret.String) (acc Account, err error) {
	err = a.opts.Store.View(func(tx *store.Tx) (err error) {
		acc, _, err = accounts.Get(tx, string(who))
		return err
	})
	if err != nil {
		return acc, err
	}
	if wait := a.tries.take(who, a.opts.Now()); wait > 0 {
		return acc, &Locked{wait}
	}
	same, err := a.matches(acc, password, netip.Addr{})
	if err != nil {
		return acc, err
	}
	if !same {
		return acc, errors.Join(ErrSignIn, a.refused(ctx, who, Client(ctx), "at the account"))
	}
	a.tries.forget(who)
	return acc, a.opts.Store.Commit(ctx, func(tx *store.Tx) error { return spare(tx, who) })
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// agentAtMost bounds what is kept of a browser's name for itself, in bytes.
const agentAtMost = 160

func short(agent string) string {
	if len(agent) > agentAtMost {
		agent = agent[:agentAtMost]
	}
	return strings.ToValidUTF8(agent, string(utf8.RuneError))
}
