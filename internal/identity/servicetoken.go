package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// ServiceToken lets a program act as a person through a connection, until it
// ends: with that person's role, in that person's scopes, and nothing beyond.
type ServiceToken struct {
	ID         string                `json:"id"` // names it; opens nothing
	Hash       []byte                `json:"hash"`
	Name       string                `json:"name"` // of the program
	Person     bridge.PersonID       `json:"person"`
	Connection bridge.ConnectionName `json:"connection"`
	ReadOnly   bool                  `json:"read_only,omitempty"`
	By         string                `json:"by"` // who made it
	Made       time.Time             `json:"made"`
	Expires    time.Time             `json:"expires"`
	Revoked    time.Time             `json:"revoked,omitzero"`
	Used       time.Time             `json:"used,omitzero"` // last, to the minute
	Client     string                `json:"client,omitempty"`
}

// serviceTokens are found by their id; what is secret in them is kept as a hash.
var serviceTokens = store.NewTable[ServiceToken]("identity.tokens")

// Ended says whether the token opens nothing any more.
func (t ServiceToken) Ended(now time.Time) bool { return !t.Revoked.IsZero() || !now.Before(t.Expires) }

// A service token is passerelle_<id>_<secret>, so that scanners for leaked
// secrets know it when they see it.
const (
	tokenMark   = "passerelle_"
	tokenIDSize = 10 // bytes
)

var inBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newToken is a fresh token, and what the store keeps of it.
func newToken() (token secret.String, id string, hash []byte) {
	raw := make([]byte, tokenIDSize+keyBytes)
	rand.Read(raw)
	id, own := inBase32.EncodeToString(raw[:tokenIDSize]), inBase32.EncodeToString(raw[tokenIDSize:])
	sum := sha256.Sum256([]byte(own))
	return secret.New(tokenMark + id + "_" + own), id, sum[:]
}

// cutToken parts a service token; false for anything else.
func cutToken(token string) (id, own string, ok bool) {
	rest, ok := strings.CutPrefix(token, tokenMark)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "_")
}

// exposed says whether an address holds a token: it stands in histories and in
// the logs of proxies then.
func exposed(u *url.URL) bool {
	return strings.Contains(u.RawQuery, tokenMark) || strings.Contains(u.Path, tokenMark) || u.Query().Has("access_token")
}

// endedToken is a token that was good once.
type endedToken struct {
	person bridge.PersonID
	why    phrase
}

func (e *endedToken) Error() string { return e.why.String() }

// find is the token as the store has it: [ErrUnknownToken] if it is nobody's,
// [ErrInactive] if its person is gone, [*endedToken] if it is over.
func (t *Tokens) find(token string) (ServiceToken, bridge.Actor, error) {
	id, own, ok := cutToken(token)
	if !ok {
		return ServiceToken{}, bridge.Actor{}, ErrUnknownToken
	}
	var found ServiceToken
	err := t.opts.Store.View(func(tx *store.Tx) (err error) {
		found, _, err = serviceTokens.Get(tx, id)
		return err
	})
	if err != nil {
		return ServiceToken{}, bridge.Actor{}, err
	}
	sum, now := sha256.Sum256([]byte(own)), t.opts.Now()
	switch p, known := t.opts.People.Directory().Person(found.Person); {
	case subtle.ConstantTimeCompare(sum[:], found.Hash) != 1:
		return ServiceToken{}, bridge.Actor{}, ErrUnknownToken
	case !found.Revoked.IsZero():
		return ServiceToken{}, bridge.Actor{}, &endedToken{found.Person, phrase{"this token was revoked: ask for another one", "ce jeton a été révoqué : demandez-en un autre"}}
	case found.Ended(now):
		return ServiceToken{}, bridge.Actor{}, &endedToken{found.Person, phrase{"this token has expired: ask for another one", "ce jeton a expiré : demandez-en un autre"}}
	case !known || !p.Active || p.Phoning[found.Connection].Name == "":
		return ServiceToken{}, bridge.Actor{}, ErrInactive
	case !t.stillGiven(found, bridge.Actor{Person: p, Connection: found.Connection}):
		return ServiceToken{}, bridge.Actor{}, &endedToken{found.Person, phrase{
			"who gave this token could not give it today: ask for another one",
			"la personne qui a donné ce jeton ne pourrait plus le donner aujourd'hui : demandez-en un autre",
		}}
	default:
		return found, bridge.Actor{Person: p, Connection: found.Connection}, nil
	}
}

// stillGiven says whether a token that somebody else gave its bearer is theirs to
// use: its giver knows it, so it ends when they leave, and when its bearer comes
// to hold a key to the policy.
func (t *Tokens) stillGiven(found ServiceToken, bearer bridge.Actor) bool {
	if found.By == (bridge.Actor{Operator: true}).Name() || found.By == string(found.Person) {
		return true
	}
	giver, known := t.opts.People.Directory().Person(bridge.PersonID(found.By))
	return known && giver.Active && !t.holdsKey(bearer)
}

// use keeps when a token was used last, to the minute, and notes in the access
// log where from: once a day, and whenever that is another address.
func (t *Tokens) use(ctx context.Context, found ServiceToken, from netip.Addr) error {
	now, client := t.opts.Now().UTC(), text(from)
	if now.Sub(found.Used) < seenEvery {
		return nil
	}
	return t.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		latest, ok, err := serviceTokens.Get(tx, found.ID)
		if err != nil || !ok {
			return err
		}
		news := latest.Client != client || latest.Used.Format(time.DateOnly) != now.Format(time.DateOnly)
		latest.Used, latest.Client = now, client
		if err := serviceTokens.Put(tx, found.ID, latest); err != nil || !news {
			return err
		}
		return enter(tx, Access{At: now, What: TokenUsed, Person: found.Person, Client: client})
	})
}

// refused notes that somebody tried a token that is over.
func (t *Tokens) refused(ctx context.Context, who bridge.PersonID, from netip.Addr) error {
	return t.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		return enter(tx, Access{At: t.opts.Now().UTC(), What: Refusal, Person: who, Client: text(from)})
	})
}
