package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Account is what somebody signs in with.
type Account struct {
	Person    bridge.PersonID `json:"person"`
	Hash      string          `json:"hash"` // argon2id
	Changed   time.Time       `json:"changed"`
	Disabled  bool            `json:"disabled,omitempty"`
	LastLogin time.Time       `json:"last_login,omitzero"`
	Renew     bool            `json:"renew,omitempty"` // the password opens no session until it is changed
}

var (
	accounts = store.NewTable[Account]("identity.accounts") // by person
	// added are the people who do not stand in the config.
	added = store.NewTable[bridge.Person]("identity.people")
)

// AccountOptions make accounts.
type AccountOptions struct {
	Store  *store.Store
	People *People
	// Doors are the connections that people come through in a browser.
	Doors []bridge.ConnectionName
	// Terms are those of the sessions of somebody in their role.
	Terms func(bridge.Actor) Terms
	// ByPassword says who may sign in with a password; nil is everybody.
	ByPassword func(bridge.PersonID) bool
	// Seal seals the seeds of second factors.
	Seal secret.Key
	// Issuer is what people's own devices call the bridge.
	Issuer string
	// Note writes the ledger's line of a command on an account, in its
	// transaction.
	Note func(tx *store.Tx, by bridge.Actor, kind string, on bridge.PersonID, motive string) error
	// Governs says who may change the policy: the last of them stays.
	Governs func(bridge.Person) bool
	// Left puts the leads on the line of somebody who leaves back, in the
	// transaction in which they do.
	Left func(tx *store.Tx, by bridge.Actor, who bridge.PersonID) error
	// Changed is told that there are other people than before.
	Changed func() error
	Now     func() time.Time
}

// Accounts are the people who sign in, their passwords and their sessions. It is
// safe for concurrent use.
type Accounts struct {
	opts AccountOptions
	// hashing bounds how many passwords are hashed at a time: each takes memory.
	hashing chan struct{}
	// tries and strangers bound how often a password is tried: for those there
	// are and for those there are not, alike.
	tries     *limiter[bridge.PersonID]
	strangers *limiter[digest]
	failures  *limiter[netip.Addr]
	guesses   *limiter[netip.Addr] // at the addresses of calendars
	requests  *limiter[digest]     // of each session
	findings  *limiter[string]     // of each person, way and address
}

// Ten wrong passwords lock an account; a try comes back every ninety seconds.
const (
	triesAtOnce = 10
	tryEvery    = 90 * time.Second
)

// NewAccounts begins with what the store holds.
func NewAccounts(o AccountOptions) (*Accounts, error) {
	if o.ByPassword == nil {
		o.ByPassword = func(bridge.PersonID) bool { return true }
	}
	a := &Accounts{
		opts:      o,
		hashing:   make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		tries:     newLimiter[bridge.PersonID](rate.Every(tryEvery), triesAtOnce),
		strangers: newLimiter[digest](rate.Every(tryEvery), triesAtOnce),
		failures:  newLimiter[netip.Addr](rate.Every(time.Minute/failuresPerMin), failureBurst),
		guesses:   newLimiter[netip.Addr](rate.Every(time.Minute/failuresPerMin), failureBurst),
		requests:  newLimiter[digest](DefaultRate, DefaultBurst),
		findings:  newLimiter[string](rate.Every(findingEvery), 1),
	}
	return a, a.recall()
}

// Added are the people whom the store knows beside the config's.
func Added(s *store.Store) (out []bridge.Person, err error) {
	err = s.View(func(tx *store.Tx) error {
		return added.Each(tx, "", "", func(_ string, p bridge.Person) (bool, error) {
			out = append(out, p)
			return true, nil
		})
	})
	return out, err
}

// Apart refuses people who stand in both the config and the store: whose record
// counts would be a guess.
func Apart(written, added []bridge.Person) error {
	var all []error
	for _, p := range added {
		for _, w := range written {
			if w.ID == p.ID {
				all = append(all, fmt.Errorf("people.%s: was added with `passerelle user add` already: somebody stands in the config or in the store, not in both; take them out of the config, or name this one otherwise", p.ID))
			}
			for c, login := range p.Phoning {
				if other, has := w.Phoning[c]; has && w.ID != p.ID && other.Name == login.Name {
					all = append(all, fmt.Errorf("people.%s.phoning.%s: the login is that of %s, who was added with `passerelle user add`", w.ID, c, p.ID))
				}
			}
		}
	}
	return errors.Join(all...)
}

// Newcomer is an account to be made. Somebody whom the config knows needs no
// more than Person.
type Newcomer struct {
	Person     bridge.PersonID
	Name, Team string
	Profile    bridge.Profile
	Connection bridge.ConnectionName // "" is the only door
	Zone       string
	Password   secret.String
}

// Add makes an account: for a person of the config, or of somebody new.
func (a *Accounts) Add(ctx context.Context, by bridge.Actor, n Newcomer) error {
	if err := CheckPassword(n.Password, string(n.Person)); err != nil {
		return err
	}
	known, there := a.opts.People.Directory().Person(n.Person)
	person, err := a.newcomer(n, there)
	if err != nil {
		return err
	}
	if there && a.door(known) == "" {
		return &Refused{phrase{
			"{person} has no login on {doors}: write one under people.{person}.phoning",
			"{person} n'a pas d'identifiant sur {doors} : écrivez-en un sous people.{person}.phoning",
		}.With("{person}", n.Person, "{doors}", a.doors())}
	}
	hash := a.hash(n.Password)
	err = a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if _, again, err := accounts.Get(tx, string(n.Person)); again || err != nil {
			return errors.Join(err, &Refused{phrase{
				"{person} has an account: passerelle user reset gives it another password",
				"{person} a déjà un compte : passerelle user reset lui donne un autre mot de passe",
			}.With("{person}", n.Person)})
		}
		if !there {
			if err := added.Put(tx, string(n.Person), person); err != nil {
				return err
			}
		}
		if err := accounts.Put(tx, string(n.Person), Account{Person: n.Person, Hash: hash, Changed: a.opts.Now().UTC()}); err != nil {
			return err
		}
		return a.opts.Note(tx, by, "add account", n.Person, "")
	})
	if err != nil || there {
		return err
	}
	return a.opts.Changed()
}

// newcomer is the record of somebody whom nobody knows yet.
func (a *Accounts) newcomer(n Newcomer, there bool) (bridge.Person, error) {
	if there {
		if n.Name != "" || n.Team != "" || n.Profile != "" || n.Connection != "" || n.Zone != "" {
			return bridge.Person{}, &Refused{phrase{
				"{person} stands in the config, which says their name, team and profile: change them there, and give the password alone here",
				"{person} figure dans la configuration, qui dit son nom, son équipe et son profil : changez-les là-bas, et ne donnez ici que le mot de passe",
			}.With("{person}", n.Person)}
		}
		return bridge.Person{}, nil
	}
	if n.Connection == "" && len(a.opts.Doors) == 1 {
		n.Connection = a.opts.Doors[0]
	}
	switch {
	case len(a.opts.Doors) == 0:
		return bridge.Person{}, &Refused{phrase{
			"nobody can sign in: the config has no connection of the type console",
			"personne ne peut se connecter : la configuration n'a pas de connexion de type console",
		}}
	case !slices.Contains(a.opts.Doors, n.Connection):
		return bridge.Person{}, &Refused{phrase{
			"name the connection that they come through: one of {doors}", "nommez la connexion par laquelle passe cette personne, parmi : {doors}",
		}.With("{doors}", a.doors())}
	case n.Profile == "":
		return bridge.Person{}, &Refused{phrase{
			"{person} is new: say their profile on {connection}, which gives them a role",
			"{person} est une nouvelle personne : dites son profil sur {connection}, qui lui donne un rôle",
		}.With("{person}", n.Person, "{connection}", n.Connection)}
	}
	p := bridge.Person{
		ID: n.Person, Name: n.Name, Team: n.Team, Zone: n.Zone, Active: true,
		Phoning: map[bridge.ConnectionName]bridge.Login{n.Connection: {Name: string(n.Person), Profile: n.Profile}},
	}
	_, err := NewDirectory(append(a.opts.People.Directory().People(), p), nil)
	if err != nil {
		return p, &Refused{bilingual.Of(err)}
	}
	return p, nil
}

func (a *Accounts) doors() string {
	names := make([]string, len(a.opts.Doors))
	for i, d := range a.opts.Doors {
		names[i] = string(d)
	}
	return strings.Join(names, ", ")
}

// door is the connection that somebody comes through in a browser, "" if they
// have no login on any.
func (a *Accounts) door(p bridge.Person) bridge.ConnectionName {
	for _, d := range a.opts.Doors {
		if _, has := p.Phoning[d]; has {
			return d
		}
	}
	return ""
}

// hash hashes a password when there is room for it.
func (a *Accounts) hash(password secret.String) string {
	a.hashing <- struct{}{}
	defer func() { <-a.hashing }()
	return hashPassword(password)
}

// Reset gives an account another password, opens it again and ends its sessions.
func (a *Accounts) Reset(ctx context.Context, by bridge.Actor, who bridge.PersonID, password secret.String) error {
	if err := CheckPassword(password, string(who)); err != nil {
		return err
	}
	hash := a.hash(password)
	err := a.change(ctx, by, who, "reset account", "", func(acc *Account) error {
		acc.Hash, acc.Changed, acc.Disabled, acc.Renew = hash, a.opts.Now().UTC(), false, false
		return nil
	})
	if err == nil {
		a.tries.forget(who)
	}
	return err
}

// Disable closes an account and ends its sessions.
func (a *Accounts) Disable(ctx context.Context, by bridge.Actor, who bridge.PersonID, motive string) error {
	if strings.TrimSpace(motive) == "" {
		return &Refused{sayWhy}
	}
	return a.change(ctx, by, who, "disable account", motive, func(acc *Account) error {
		acc.Disabled = true
		return nil
	})
}

// change changes an account, ends its sessions and brings the record of somebody
// added in line with it: in one transaction.
func (a *Accounts) change(ctx context.Context, by bridge.Actor, who bridge.PersonID, kind, motive string, fn func(*Account) error) error {
	staff := false
	err := a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		return a.spareAdmin(tx, func() (err error) {
			staff, err = a.changed(tx, by, who, kind, motive, fn)
			return err
		})
	})
	if err != nil || !staff {
		return err
	}
	return a.opts.Changed()
}

// changed is [Accounts.change] in its transaction. It says whether the record of
// somebody added has become another.
func (a *Accounts) changed(tx *store.Tx, by bridge.Actor, who bridge.PersonID, kind, motive string, fn func(*Account) error) (staff bool, err error) {
	acc, ok, err := accounts.Get(tx, string(who))
	if err == nil && !ok {
		err = &Unknown{who}
	}
	if err == nil {
		err = fn(&acc)
	}
	if err != nil {
		return false, err
	}
	if err := errors.Join(accounts.Put(tx, string(who), acc), endAll(tx, who, ""), endFeed(tx, who), spare(tx, who)); err != nil {
		return false, err
	}
	if acc.Disabled {
		_, err := endTokens(tx, a.opts.Now().UTC(), func(id bridge.PersonID) bool { return id == who })
		if err = errors.Join(err, a.opts.Left(tx, by, who)); err != nil {
			return false, err
		}
	}
	p, ours, err := added.Get(tx, string(who))
	if err != nil {
		return false, err
	}
	if staff = ours && p.Active == acc.Disabled; staff {
		p.Active = !acc.Disabled
		if err := added.Put(tx, string(who), p); err != nil {
			return false, err
		}
	}
	return staff, a.opts.Note(tx, by, kind, who, motive)
}

// Standing is an account as those who look after accounts see it.
type Standing struct {
	Person     bridge.Person
	Connection bridge.ConnectionName // that they come through, "" for none
	Added      bool                  // in the store; else the config has the record
	Disabled   bool
	Changed    time.Time // the password
	LastLogin  time.Time
	Sessions   int
	Feed       bool          // a calendar of theirs has an address
	Locked     time.Duration // until a password may be tried again
	Renew      bool          // the password opens no session until it is changed
	Factor     time.Time     // since when they have a second factor; zero for none
}

// List is every account, by person.
func (a *Accounts) List() (out []Standing, err error) {
	now := a.opts.Now()
	err = a.opts.Store.View(func(tx *store.Tx) error {
		open, err := a.open(tx, now)
		if err != nil {
			return err
		}
		return accounts.Each(tx, "", "", func(_ string, acc Account) (bool, error) {
			p, known := a.opts.People.Directory().Person(acc.Person)
			if !known {
				p = bridge.Person{ID: acc.Person}
			}
			_, _, feed, err := feedOf(tx, acc.Person)
			if err != nil {
				return false, err
			}
			f, err := factorOf(tx, acc.Person)
			if err != nil {
				return false, err
			}
			out = append(out, Standing{
				Person: p, Connection: a.door(p), Added: added.Has(tx, string(acc.Person)),
				Disabled: acc.Disabled || !p.Active, Changed: acc.Changed, LastLogin: acc.LastLogin,
				Sessions: len(open[acc.Person]), Feed: feed, Locked: a.tries.wait(acc.Person, now),
				Renew: acc.Renew, Factor: f.Since,
			})
			return true, nil
		})
	})
	return out, err
}
