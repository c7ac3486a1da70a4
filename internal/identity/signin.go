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
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Visitor is a browser that wants to sign in.
type Visitor struct {
	Login    string
	Password secret.String
	Client   netip.Addr
	Agent    string // what the browser calls itself
	Former   string // the key it holds already, "" for none
}

// ErrSignIn is a login and a password that do not belong together. It does not
// tell which is wrong, nor whether there is such an account.
var ErrSignIn = errors.New("the login or the password is wrong")

// Locked is an account, or an address, from which too many wrong passwords came.
type Locked struct{ For time.Duration }

func (e *Locked) Error() string { return "too many wrong passwords" }

// SignIn opens a session and answers its key, which only the browser may know.
// It takes as long for an account that does not exist.
func (a *Accounts) SignIn(ctx context.Context, v Visitor) (key string, err error) {
	now := a.opts.Now()
	p, acc, err := a.account(v.Login)
	if err != nil {
		return "", err
	}
	if wait := a.try(p.ID, v, now); wait > 0 {
		return "", errors.Join(&Locked{wait}, a.enter(ctx, Access{At: now.UTC(), What: Refusal, Person: p.ID, Client: text(v.Client)}))
	}
	good, err := a.matches(acc, v.Password)
	if err != nil {
		return "", err
	}
	if !good || acc.Disabled || !p.Active {
		return "", errors.Join(ErrSignIn, a.enter(ctx, Access{At: now.UTC(), What: Refusal, Person: p.ID, Client: text(v.Client)}))
	}
	a.tries.forget(p.ID)
	actor := bridge.Actor{Person: p, Connection: a.door(p)}
	err = a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		latest, ok, err := accounts.Get(tx, string(p.ID))
		if err != nil || !ok || latest.Hash != acc.Hash || latest.Disabled {
			return errors.Join(err, ErrSignIn) // it has changed meanwhile
		}
		latest.LastLogin = now.UTC()
		if err := accounts.Put(tx, string(p.ID), latest); err != nil {
			return err
		}
		s := Session{Person: p.ID, Connection: actor.Connection, Began: now.UTC(), Seen: now.UTC(), Client: text(v.Client), Agent: short(v.Agent)}
		if key, err = a.begin(tx, actor, s, v.Former); err != nil {
			return err
		}
		return enter(tx, Access{At: now.UTC(), What: SignedIn, Person: p.ID, Client: s.Client})
	})
	return key, err
}

// account finds whose login it is; nobody's is the zero account.
func (a *Accounts) account(login string) (p bridge.Person, acc Account, err error) {
	login = strings.TrimSpace(login)
	for _, door := range a.opts.Doors {
		if found, ok := a.opts.People.ByLogin(door, login); ok && a.door(found) == door {
			p = found
			break
		}
	}
	if p.ID == "" {
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

// matches compares the password with the account's, or with nobody's.
func (a *Accounts) matches(acc Account, password secret.String) (bool, error) {
	if len(password.Reveal()) > maxPassword {
		return false, nil
	}
	hash := acc.Hash
	if hash == "" {
		hash = decoy
	}
	a.hashing <- struct{}{}
	defer func() { <-a.hashing }()
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
	var acc Account
	err := a.opts.Store.View(func(tx *store.Tx) (err error) {
		acc, _, err = accounts.Get(tx, string(who))
		return err
	})
	if err != nil {
		return err
	}
	if wait := a.tries.take(who, a.opts.Now()); wait > 0 {
		return &Locked{wait}
	}
	if same, err := a.matches(acc, old); err != nil || !same {
		return errors.Join(err, ErrSignIn)
	}
	a.tries.forget(who)
	hash := a.hash(fresh)
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		latest, ok, err := accounts.Get(tx, string(who))
		if err != nil || !ok || latest.Hash != acc.Hash {
			return errors.Join(err, ErrSignIn)
		}
		latest.Hash, latest.Changed = hash, a.opts.Now().UTC()
		if err := accounts.Put(tx, string(who), latest); err != nil {
			return err
		}
		if err := endAll(tx, who, key); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "change password", who, "")
	})
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
