package identity

import (
	"strconv"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
)

// phrase is what is said to people, in both of their languages.
type phrase = bilingual.Text

// Refused is a command on an account that makes no sense as things stand.
type Refused struct{ Why phrase }

func (e *Refused) Error() string { return e.Why.String() }

// Said is why, in both languages.
func (e *Refused) Said() phrase { return e.Why }

// Unknown is somebody who has no account.
type Unknown struct{ Person bridge.PersonID }

func (e *Unknown) Error() string { return e.Said().String() }

// Said is that they have none, in both languages.
func (e *Unknown) Said() phrase {
	return phrase{
		"{person} has no account: passerelle user list shows who has", "{person} n'a pas de compte : passerelle user list montre qui en a un",
	}.With("{person}", e.Person)
}

// NoToken is an id that no service token has.
type NoToken struct{ ID string }

func (e *NoToken) Error() string { return e.Said().String() }

// Said is that there is none, in both languages.
func (e *NoToken) Said() phrase {
	return phrase{
		"there is no token {id}: passerelle token list shows them", "il n'y a pas de jeton {id} : passerelle token list les montre",
	}.With("{id}", strconv.Quote(e.ID))
}

// sayWhy is said to who does something to somebody else's account.
var sayWhy = phrase{"say why: a motive is missing", "dites pourquoi : il manque un motif"}
