package identity

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
)

// minToken is the shortest token taken, in bytes: shorter ones can be guessed.
const minToken = 16

// Token lets programs act as a person through a phoning connection.
type Token struct {
	Person     bridge.PersonID
	Connection bridge.ConnectionName
	Secret     secret.String
}

// Errors of [Directory.Actor].
var (
	ErrUnknownToken = unknownToken.Err()
	ErrInactive     = errors.New("the person is not active")
)

// digest is what a token is found by. Looking up a hash tells nothing about how
// much of a guess was right.
type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

type login struct {
	connection bridge.ConnectionName
	name       string
}

type grant struct {
	person     bridge.PersonID
	connection bridge.ConnectionName
}

// Directory is the people and tokens of one moment. It never changes.
type Directory struct {
	people map[bridge.PersonID]bridge.Person
	logins map[login]bridge.PersonID
	tokens map[digest]grant
}

// NewDirectory checks people and tokens and reports everything that is wrong,
// joined. Its errors name persons and connections, never a token.
func NewDirectory(people []bridge.Person, tokens []Token) (*Directory, error) {
	d := &Directory{
		people: make(map[bridge.PersonID]bridge.Person, len(people)),
		logins: make(map[login]bridge.PersonID),
		tokens: make(map[digest]grant, len(tokens)),
	}
	var all []error
	for _, p := range people {
		all = append(all, d.addPerson(p)...)
	}
	for i, t := range tokens {
		if err := d.addToken(t); err != nil {
			all = append(all, fmt.Errorf("tokens[%d]: %w", i, err))
		}
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Directory) addPerson(p bridge.Person) []error {
	if p.ID == "" {
		return []error{errors.New("people: a person without an id")}
	}
	if p.ID == operator {
		return []error{fmt.Errorf("people.%s: this id is the machine operator's: choose another", p.ID)}
	}
	if _, twice := d.people[p.ID]; twice {
		return []error{fmt.Errorf("people.%s: stands twice", p.ID)}
	}
	p.CRM, p.Phoning = maps.Clone(p.CRM), maps.Clone(p.Phoning)
	d.people[p.ID] = p
	var errs []error
	for _, c := range slices.Sorted(maps.Keys(p.Phoning)) {
		if err := d.addLogin(p, c); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// operator is what the ledger calls who works at the machine itself.
var operator = bridge.PersonID(bridge.Actor{Operator: true}.Name())

func (d *Directory) addLogin(p bridge.Person, c bridge.ConnectionName) error {
	key := login{c, p.Phoning[c].Name}
	if key.name == "" {
		return fmt.Errorf("people.%s.phoning.%s: the login is missing", p.ID, c)
	}
	if first, taken := d.logins[key]; taken {
		return fmt.Errorf("people.%s.phoning.%s: the login is already that of %s", p.ID, c, first)
	}
	d.logins[key] = p.ID
	return nil
}

func (d *Directory) addToken(t Token) error {
	p, known := d.people[t.Person]
	if !known {
		return fmt.Errorf("there is no person %q", t.Person)
	}
	if _, has := p.Phoning[t.Connection]; !has {
		return fmt.Errorf("%s has no login on %q: add it under people.%s.phoning", t.Person, t.Connection, t.Person)
	}
	token := t.Secret.Reveal()
	if err := CheckToken(token); err != nil {
		return fmt.Errorf("the token of %s %w", t.Person, err)
	}
	key := digestOf(token)
	if first, taken := d.tokens[key]; taken {
		return fmt.Errorf("the token of %s is also that of %s: a token says who acts", t.Person, first.person)
	}
	d.tokens[key] = grant{t.Person, t.Connection}
	return nil
}

// CheckToken says whether a token will do. Its error does not hold it.
func CheckToken(token string) error {
	if len(token) < minToken || !visible(token) {
		return fmt.Errorf("must have at least %d characters, none of them a space: try openssl rand -hex 24", minToken)
	}
	return nil
}

// visible says that a token can stand in a header as it is.
func visible(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return true
}

// Person finds somebody by id.
func (d *Directory) Person(id bridge.PersonID) (bridge.Person, bool) {
	p, ok := d.people[id]
	return p, ok
}

// ByLogin finds somebody by their login on a phoning connection.
func (d *Directory) ByLogin(c bridge.ConnectionName, name string) (bridge.Person, bool) {
	id, ok := d.logins[login{c, name}]
	if !ok {
		return bridge.Person{}, false
	}
	return d.Person(id)
}

// actor is who acts with a token: [ErrUnknownToken] if nobody does,
// [ErrInactive] if they may no longer.
func (d *Directory) actor(key digest) (bridge.Actor, error) {
	g, ok := d.tokens[key]
	if !ok {
		return bridge.Actor{}, ErrUnknownToken
	}
	p := d.people[g.person]
	if !p.Active {
		return bridge.Actor{}, ErrInactive
	}
	return bridge.Actor{Person: p, Connection: g.connection}, nil
}

// People lists everybody by id.
func (d *Directory) People() []bridge.Person {
	out := slices.Collect(maps.Values(d.people))
	slices.SortFunc(out, func(a, b bridge.Person) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
