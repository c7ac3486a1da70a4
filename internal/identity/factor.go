package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// factor is somebody's second factor: a seed that an application on their own
// device has as well, from which both make a code every thirty seconds (RFC 6238).
type factor struct {
	Seed     []byte    `json:"seed,omitempty"` // sealed
	Since    time.Time `json:"since,omitzero"`
	Step     int64     `json:"step,omitempty"`     // whose code was used last: none before it counts any more
	Recovery []string  `json:"recovery,omitempty"` // hashes of the codes that are left
	// Offer is a seed that was shown, and is not theirs before a code of it was.
	Offer     []byte    `json:"offer,omitempty"` // sealed
	Offered   time.Time `json:"offered,omitzero"`
	OfferedTo string    `json:"offered_to,omitempty"` // the session's id: no other is shown it
}

// offers says whether a session may see the offer, and confirm it.
func (f factor) offers(s Session, now time.Time) bool {
	return f.Offer != nil && now.Sub(f.Offered) < offerLasts && s.ID != "" && f.OfferedTo == s.ID
}

// factors are by person.
var factors = store.NewTable[factor]("identity.factors")

const (
	stepLength = 30 * time.Second
	// stepsAside is by how many steps two clocks may differ.
	stepsAside = 1
	// offerLasts is how long a seed that was shown may be confirmed.
	offerLasts = 15 * time.Minute
	// freshFor is how long after signing in nobody is asked for the password again.
	freshFor = 10 * time.Minute
	// recoveryCodes are given at a time, of so many random bytes.
	recoveryCodes = 10
	recoveryBytes = 10
)

// ErrCode is a code that is wrong, or was used before.
var ErrCode = errors.New("the code is wrong, or was used before")

func factorOf(tx *store.Tx, who bridge.PersonID) (factor, error) {
	f, _, err := factors.Get(tx, string(who))
	return f, err
}

// seedPlace binds a seed to its owner.
func seedPlace(who bridge.PersonID) []byte { return []byte("second factor\x00" + string(who)) }

// Factor is a second factor as its owner sees it.
type Factor struct {
	Since time.Time // zero: there is none
	Left  int       // recovery codes
	// Seed and URI are of the offer that waits for its first code; zero for none,
	// and for one that another session has asked for.
	Seed, URI secret.String
}

// Factor is the second factor of a session's owner.
func (a *Accounts) Factor(s Session) (out Factor, err error) {
	var f factor
	err = a.opts.Store.View(func(tx *store.Tx) (err error) {
		f, err = factorOf(tx, s.Person)
		return err
	})
	if err != nil {
		return out, err
	}
	out = Factor{Since: f.Since, Left: len(f.Recovery)}
	if !f.offers(s, a.opts.Now()) {
		return out, nil
	}
	seed, err := a.opts.Seal.Open(f.Offer, seedPlace(s.Person))
	if err != nil {
		return out, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: a.opts.Issuer, AccountName: string(s.Person), Secret: seed})
	if err != nil {
		return out, err
	}
	out.Seed, out.URI = secret.New(key.Secret()), secret.New(key.URL())
	return out, nil
}

// seedBytes is the length of a seed, as long as what its hash makes of it.
const seedBytes = 20

// OfferFactor makes a seed for somebody who has no second factor; [Accounts.Factor]
// shows it to the same session until [Accounts.ConfirmFactor].
func (a *Accounts) OfferFactor(ctx context.Context, s Session) error {
	seed := make([]byte, seedBytes)
	rand.Read(seed)
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		f, err := factorOf(tx, s.Person)
		if err == nil && f.Seed != nil {
			err = &Refused{phrase{"there is a second factor already: remove it first", "il y a déjà un second facteur : retirez-le d'abord"}}
		}
		if err != nil {
			return err
		}
		f.Offer, f.Offered, f.OfferedTo = a.opts.Seal.Seal(seed, seedPlace(s.Person)), a.opts.Now().UTC(), s.ID
		return factors.Put(tx, string(s.Person), f)
	})
}

// Fresh says whether somebody has signed in so lately that they are not asked for
// their password again.
func (a *Accounts) Fresh(s Session) bool { return a.opts.Now().Sub(s.Began) < freshFor }

// again asks for the password once more, unless it was just given.
func (a *Accounts) again(ctx context.Context, s Session, password secret.String) error {
	if a.Fresh(s) {
		return nil
	}
	_, err := a.owner(ctx, s.Person, password)
	return err
}

// ConfirmFactor makes the offered seed somebody's second factor, by a code of it.
// It answers the recovery codes, which nobody can read again, and the session's
// new key; their other sessions end.
func (a *Accounts) ConfirmFactor(ctx context.Context, actor bridge.Actor, s Session, key string, password, code secret.String) (codes []string, fresh string, err error) {
	if err := a.again(ctx, s, password); err != nil {
		return nil, "", err
	}
	codes = newRecovery()
	err = a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		now := a.opts.Now().UTC()
		f, err := factorOf(tx, s.Person)
		if err != nil || f.Seed != nil || !f.offers(s, now) {
			return errors.Join(err, ErrCode)
		}
		f = factor{Seed: f.Offer, Since: now, Recovery: hashedAll(s.Person, codes)}
		if good, err := a.taken(&f, s.Person, code); err != nil || !good {
			return errors.Join(err, ErrCode)
		}
		if err := factors.Put(tx, string(s.Person), f); err != nil {
			return err
		}
		if fresh, err = renew(tx, s.Person, key, policy.SecondFactor); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "set up second factor", s.Person, "")
	})
	return codes, fresh, err
}

// Prove goes on with a session that awaits a code: it ends, and another one opens.
func (a *Accounts) Prove(ctx context.Context, key string, code secret.String, v Visitor) (e Entry, err error) {
	actor, s, err := a.Session(ctx, key)
	if err != nil {
		return e, err
	}
	if s.Awaits != AwaitsCode {
		return e, ErrNoSession
	}
	v.Former = key
	err = a.show(ctx, s.Person, code, v, func(tx *store.Tx, how string) error {
		if !sessions.Has(tx, hidden(key)) {
			return ErrNoSession
		}
		e, err = a.admit(tx, actor.Person, v, policy.SecondFactor, how)
		return err
	})
	return e, err
}

// RemoveFactor removes somebody's own second factor. Their other sessions end,
// and what this one has shown counts no more.
func (a *Accounts) RemoveFactor(ctx context.Context, actor bridge.Actor, s Session, key string, password, code secret.String) (fresh string, err error) {
	if err := a.again(ctx, s, password); err != nil {
		return "", err
	}
	err = a.show(ctx, s.Person, code, Visitor{Client: Client(ctx)}, func(tx *store.Tx, _ string) error {
		if err := factors.Delete(tx, string(s.Person)); err != nil {
			return err
		}
		if fresh, err = renew(tx, s.Person, key, policy.PasswordAlone); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "remove second factor", s.Person, "")
	})
	return fresh, err
}

// RenewRecovery gives somebody other recovery codes in the place of those they
// have.
func (a *Accounts) RenewRecovery(ctx context.Context, actor bridge.Actor, s Session, password, code secret.String) (codes []string, err error) {
	if err := a.again(ctx, s, password); err != nil {
		return nil, err
	}
	codes = newRecovery()
	err = a.show(ctx, s.Person, code, Visitor{Client: Client(ctx)}, func(tx *store.Tx, _ string) error {
		f, err := factorOf(tx, s.Person)
		if err != nil {
			return err
		}
		f.Recovery = hashedAll(s.Person, codes)
		if err := factors.Put(tx, string(s.Person), f); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "renew recovery codes", s.Person, "")
	})
	return codes, err
}

// ResetFactor takes somebody's second factor from them, who has lost it, and ends
// their sessions.
func (a *Accounts) ResetFactor(ctx context.Context, by bridge.Actor, who bridge.PersonID, motive string) error {
	if strings.TrimSpace(motive) == "" {
		return &Refused{sayWhy}
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if !accounts.Has(tx, string(who)) {
			return &Unknown{who}
		}
		if f, err := factorOf(tx, who); err != nil || f.Seed == nil {
			return errors.Join(err, &Refused{phrase{"{person} has no second factor", "{person} n'a pas de second facteur"}.With("{person}", who)})
		}
		if err := errors.Join(factors.Delete(tx, string(who)), endAll(tx, who, "")); err != nil {
			return err
		}
		return a.opts.Note(tx, by, "reset second factor", who, motive)
	})
}

// show takes a code of somebody's and goes on in the same transaction, so that no
// code is good for two. [ErrCode], or [Locked] after too many.
func (a *Accounts) show(ctx context.Context, who bridge.PersonID, code secret.String, v Visitor, then func(tx *store.Tx, how string) error) error {
	if own, err := a.Factor(Session{Person: who}); err != nil || own.Since.IsZero() {
		return errors.Join(err, ErrCode) // no guess: there is nothing to be guessed
	}
	if wait := a.try(who, v, a.opts.Now()); wait > 0 {
		return errors.Join(&Locked{wait}, a.turnedAway(ctx, who, v.Client, ByCode))
	}
	err := a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		f, err := factorOf(tx, who)
		if err != nil {
			return err
		}
		how, err := a.spend(&f, who, code)
		if err != nil {
			return err
		}
		if err := errors.Join(factors.Put(tx, string(who), f), spare(tx, who)); err != nil {
			return err
		}
		return then(tx, how)
	})
	if errors.Is(err, ErrCode) {
		return errors.Join(err, a.refused(ctx, who, v.Client, ByCode))
	}
	if err == nil {
		a.tries.forget(who)
	}
	return err
}

// spend uses a code up, and says of which kind it was.
func (a *Accounts) spend(f *factor, who bridge.PersonID, code secret.String) (how string, err error) {
	if f.Seed == nil {
		return "", ErrCode
	}
	if good, err := a.taken(f, who, code); good || err != nil {
		return ByCode, err
	}
	at := slices.Index(f.Recovery, hashedCode(who, code.Reveal()))
	if at < 0 {
		return "", ErrCode
	}
	f.Recovery = slices.Delete(f.Recovery, at, at+1)
	return ByRecovery, nil
}

// taken says whether a code is the seed's, of now or a step aside, and of a later
// step than any used before: whoever overhears one has it too late.
func (a *Accounts) taken(f *factor, who bridge.PersonID, code secret.String) (bool, error) {
	seed, err := a.opts.Seal.Open(f.Seed, seedPlace(who))
	if err != nil {
		return false, err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed)
	typed := []byte(strings.Join(strings.Fields(code.Reveal()), ""))
	now := a.opts.Now().Unix() / int64(stepLength/time.Second)
	for step := max(f.Step+1, now-stepsAside); step <= now+stepsAside; step++ {
		want, err := hotp.GenerateCode(text, uint64(step))
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), typed) == 1 {
			f.Step = step
			return true, nil
		}
	}
	return false, nil
}

// newRecovery are codes in groups of four, as people can write them down.
func newRecovery() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		raw := make([]byte, recoveryBytes)
		rand.Read(raw)
		text := base32.StdEncoding.EncodeToString(raw)
		out[i] = strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
	}
	return out
}

// hashedCode is a recovery code as the store has it. Its 80 random bits cannot be
// tried through, so that a fast hash will do.
func hashedCode(who bridge.PersonID, code string) string {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte(string(who) + "\x00" + plain))
	return hex.EncodeToString(sum[:])
}

func hashedAll(who bridge.PersonID, codes []string) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = hashedCode(who, c)
	}
	return out
}
