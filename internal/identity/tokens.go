package identity

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// TokenOptions make service tokens.
type TokenOptions struct {
	Store  *store.Store
	People *People
	// Policy is the one in force: who may change it may give tokens.
	Policy func() *policy.Policy
	// Note writes the ledger's line of a command on a token, in its transaction.
	Note func(tx *store.Tx, by bridge.Actor, kind string, on bridge.PersonID, motive string) error
	Now  func() time.Time
}

// Tokens are the service tokens: what programs come in with. It is safe for
// concurrent use.
type Tokens struct{ opts TokenOptions }

// NewTokens begins with what the store holds.
func NewTokens(o TokenOptions) *Tokens { return &Tokens{o} }

// How long a token may be good for, and how many of one name are good at a time:
// the one in use, and the one that takes its place.
const (
	MaxTokenDays = 366
	tokensAtOnce = 2
	maxTokenName = 100 // bytes
)

// TokenRequest is a service token to be made.
type TokenRequest struct {
	Name       string // of the program
	Person     bridge.PersonID
	Connection bridge.ConnectionName // "" is the person's only one
	ReadOnly   bool
	Days       int // until it ends, 1 to [MaxTokenDays]
}

// MayGive says whether somebody gives tokens, and looks after those of others:
// the operator, and who may change the policy.
func (t *Tokens) MayGive(by bridge.Actor) bool { return by.Operator || t.governs(by) }

func (t *Tokens) governs(a bridge.Actor) bool {
	return t.opts.Policy().Allows(policy.SubjectOf(a), policy.Write, bridge.PolicyObj, policy.Record{})
}

// MayGiveFor says whether they may give one that acts as somebody. Nobody gives
// themselves the second key to the policy: who holds one asks for their own token.
func (t *Tokens) MayGiveFor(by bridge.Actor, who bridge.Actor) bool {
	if by.Operator || by.Person.ID == who.Person.ID {
		return t.MayGive(by)
	}
	return t.governs(by) && !t.holdsKey(who)
}

// holdsKey says whether somebody has a part in changing the policy.
func (t *Tokens) holdsKey(a bridge.Actor) bool {
	return t.governs(a) || t.opts.Policy().Allows(policy.SubjectOf(a), policy.Propose, bridge.PolicyObj, policy.Record{})
}

// Make makes a token and shows it, this once. Its errors: [*Refused].
func (t *Tokens) Make(ctx context.Context, by bridge.Actor, r TokenRequest) (ServiceToken, secret.String, error) {
	who, err := t.bearerOf(&r)
	if err != nil {
		return ServiceToken{}, secret.String{}, err
	}
	if !t.MayGiveFor(by, who) {
		return ServiceToken{}, secret.String{}, &Refused{phrase{
			"you may not give a token that acts as {person}: the operator may, on the hub's machine",
			"vous ne pouvez pas donner de jeton qui agisse au nom de {person} : l'exploitant le peut, sur la machine du pont",
		}.With("{person}", r.Person)}
	}
	now := t.opts.Now().UTC()
	token, id, hash := newToken()
	made := ServiceToken{
		ID: id, Hash: hash, Name: r.Name, Person: r.Person, Connection: r.Connection, ReadOnly: r.ReadOnly,
		By: by.Name(), Made: now, Expires: now.AddDate(0, 0, r.Days),
	}
	err = t.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if err := t.room(tx, made, now); err != nil {
			return err
		}
		if err := serviceTokens.Put(tx, id, made); err != nil {
			return err
		}
		if err := t.opts.Note(tx, by, "make token", r.Person, r.Name+", "+id); err != nil {
			return err
		}
		return enter(tx, Access{At: now, What: TokenMade, Person: r.Person, Client: text(Client(ctx))})
	})
	if err != nil {
		return ServiceToken{}, secret.String{}, err
	}
	return made, token, nil
}

// bearerOf is whom a token would act as.
func (t *Tokens) bearerOf(r *TokenRequest) (bridge.Actor, error) {
	r.Name = strings.TrimSpace(r.Name)
	p, known := t.opts.People.Directory().Person(r.Person)
	if r.Connection == "" && len(p.Phoning) == 1 {
		for c := range p.Phoning {
			r.Connection = c
		}
	}
	switch {
	case r.Name == "" || len(r.Name) > maxTokenName || !printable(r.Name):
		return bridge.Actor{}, &Refused{phrase{
			"say which program the token is for, in {most} bytes at most", "dites à quel programme le jeton est destiné, en {most} octets au plus",
		}.With("{most}", maxTokenName)}
	case !known || !p.Active:
		return bridge.Actor{}, &Refused{phrase{
			"there is nobody called {person} here: a token acts as a person of the config or of passerelle user list",
			"il n'y a ici personne du nom de {person} : un jeton agit au nom d'une personne de la configuration ou de passerelle user list",
		}.With("{person}", strconv.Quote(string(r.Person)))}
	case p.Phoning[r.Connection].Name == "":
		return bridge.Actor{}, &Refused{phrase{
			"name the connection that the token comes through: {person} has a login on {connections}",
			"nommez la connexion par laquelle passe le jeton : {person} a un identifiant sur {connections}",
		}.With("{person}", r.Person, "{connections}", logins(p))}
	case r.Days < 1 || r.Days > MaxTokenDays:
		return bridge.Actor{}, &Refused{phrase{
			"say in how many days the token ends: 1 to {most}", "dites dans combien de jours le jeton prend fin : de 1 à {most}",
		}.With("{most}", MaxTokenDays)}
	}
	return bridge.Actor{Person: p, Connection: r.Connection}, nil
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '�' })
}

func logins(p bridge.Person) phrase {
	var names []string
	for c := range p.Phoning {
		names = append(names, string(c))
	}
	slices.Sort(names)
	if names == nil {
		return phrase{"none", "aucune"}
	}
	return bilingual.Same(strings.Join(names, ", "))
}

// room says whether one more token of the name may be good.
func (t *Tokens) room(tx *store.Tx, made ServiceToken, now time.Time) error {
	good := 0
	return serviceTokens.Each(tx, "", "", func(_ string, other ServiceToken) (bool, error) {
		if other.Name != made.Name || other.Ended(now) {
			return true, nil
		}
		if other.Person != made.Person || other.Connection != made.Connection {
			return false, &Refused{phrase{
				"{name} names a token of {person} already: name this one otherwise", "{name} désigne déjà un jeton de {person} : donnez un autre nom à celui-ci",
			}.With("{name}", strconv.Quote(made.Name), "{person}", other.Person)}
		}
		if good++; good == tokensAtOnce {
			return false, &Refused{phrase{
				"{n} tokens named {name} are good already: revoke the older one first", "{n} jetons du nom de {name} sont déjà valables : révoquez d'abord le plus ancien",
			}.With("{n}", tokensAtOnce, "{name}", strconv.Quote(made.Name))}
		}
		return true, nil
	})
}

// List is every token that is kept, the ones that are good first, by name.
func (t *Tokens) List() (out []ServiceToken, err error) {
	now := t.opts.Now()
	err = t.opts.Store.View(func(tx *store.Tx) error {
		return serviceTokens.Each(tx, "", "", func(_ string, one ServiceToken) (bool, error) {
			out = append(out, one)
			return true, nil
		})
	})
	slices.SortFunc(out, func(a, b ServiceToken) int {
		if a.Ended(now) != b.Ended(now) {
			if a.Ended(now) {
				return 1
			}
			return -1
		}
		return cmp.Or(strings.Compare(a.Name, b.Name), b.Made.Compare(a.Made), strings.Compare(a.ID, b.ID))
	})
	return out, err
}

// Revoke ends a token at once. One that has ended already stays as it is. Its
// errors: [*Refused], [*NoToken].
func (t *Tokens) Revoke(ctx context.Context, by bridge.Actor, id, motive string) error {
	now := t.opts.Now().UTC()
	return t.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		found, ok, err := serviceTokens.Get(tx, id)
		switch {
		case err != nil:
			return err
		case !ok:
			return &NoToken{id}
		case !t.MayGive(by):
			return &Refused{phrase{"tokens are revoked by those who may give them", "les jetons sont révoqués par qui peut en donner"}}
		case found.Ended(now):
			return nil
		}
		if err := endToken(tx, found, now, text(Client(ctx))); err != nil {
			return err
		}
		reason := found.Name + ", " + id
		if motive = strings.TrimSpace(motive); motive != "" {
			reason += ": " + motive
		}
		return t.opts.Note(tx, by, "revoke token", found.Person, reason)
	})
}

func endToken(tx *store.Tx, found ServiceToken, now time.Time, client string) error {
	found.Revoked = now
	return errors.Join(
		serviceTokens.Put(tx, found.ID, found),
		enter(tx, Access{At: now, What: TokenRevoked, Person: found.Person, Client: client}),
	)
}

// endTokens ends the tokens of those who are gone.
func endTokens(tx *store.Tx, now time.Time, gone func(bridge.PersonID) bool) (n int, err error) {
	var over []ServiceToken
	err = serviceTokens.Each(tx, "", "", func(_ string, one ServiceToken) (bool, error) {
		if !one.Ended(now) && gone(one.Person) {
			over = append(over, one)
		}
		return true, nil
	})
	for _, one := range over {
		err = errors.Join(err, endToken(tx, one, now, ""))
	}
	return len(over), err
}

// Prune ends the tokens of people who are gone, so that a name that comes back
// finds none, and erases those that ended before a moment.
func (t *Tokens) Prune(ctx context.Context, before time.Time) (n int, err error) {
	now := t.opts.Now().UTC()
	err = t.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		people := t.opts.People.Directory()
		_, err := endTokens(tx, now, func(id bridge.PersonID) bool {
			p, known := people.Person(id)
			return !known || !p.Active
		})
		if err != nil {
			return err
		}
		var over []string
		err = serviceTokens.Each(tx, "", "", func(id string, one ServiceToken) (bool, error) {
			if one.Ended(before) && (one.Revoked.IsZero() || one.Revoked.Before(before)) {
				over = append(over, id)
			}
			return true, nil
		})
		for _, id := range over {
			err = errors.Join(err, serviceTokens.Delete(tx, id))
		}
		n = len(over)
		return err
	})
	return n, err
}
