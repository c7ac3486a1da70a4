package policy

import (
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// KeyUse is what the key of a CRM could do, and how much of that the policy uses.
type KeyUse struct {
	Connection bridge.ConnectionName `json:"connection"`
	Bound      Bound                 `json:"bound,omitempty"` // "": the policy does not name it
	At         time.Time             `json:"at,omitzero"`     // when it told; zero: never
	Key        string                `json:"key,omitempty"`   // whom the key belongs to
	CouldRead  int                   `json:"could_read"`      // fields
	CouldWrite int                   `json:"could_write"`
	Reads      int                   `json:"reads"`  // fields that some role may read through the bridge
	Writes     int                   `json:"writes"` // that some role may write or propose
	Withheld   []Withheld            `json:"withheld,omitempty"`
	Problem    string                `json:"problem,omitempty"` // why it did not tell now
}

var (
	couldPhrase    = phrase{"{connection}: the key could write {writes} fields, the policy uses {uses}; it could read {reads}, the policy uses {seen} (told {at})", "{connection} : la clé pourrait modifier {writes} champs, la politique en utilise {uses} ; elle pourrait en lire {reads}, la politique en utilise {seen} (dit le {at})"}
	untoldPhrase   = phrase{"{connection}: what the key may do was never told; the policy writes {uses} fields and reads {seen}", "{connection} : ce que la clé peut faire n'a jamais été dit ; la politique modifie {uses} champs et en lit {seen}"}
	problemPhrase  = phrase{"it did not tell now: {problem}", "le CRM ne l'a pas dit cette fois : {problem}"}
	keptBackPhrase = phrase{"kept from roles that would have it: {rights}", "refusé à des rôles qui l'auraient : {rights}"}
)

// Text says it in words, a line each.
func (u KeyUse) Text(lang string) string {
	say := couldPhrase
	if u.At.IsZero() {
		say = untoldPhrase
	}
	n := strconv.Itoa
	out := say.Fill(lang, "{connection}", string(u.Connection), "{writes}", n(u.CouldWrite), "{reads}", n(u.CouldRead),
		"{uses}", n(u.Writes), "{seen}", n(u.Reads), "{at}", minute(u.At)) + "\n"
	if u.Problem != "" {
		out += "  " + problemPhrase.Fill(lang, "{problem}", u.Problem) + "\n"
	}
	if u.Bound != "" {
		out += "  " + BoundChange{Connection: u.Connection, New: u.Bound}.Text(lang) + "\n"
	}
	if len(u.Withheld) > 0 {
		kept := make([]string, len(u.Withheld))
		for i, w := range u.Withheld {
			kept[i] = verbs[w.Action].In(lang) + " " + w.Target.String()
		}
		out += "  " + keptBackPhrase.Fill(lang, "{rights}", strings.Join(kept, ", ")) + "\n"
	}
	return out
}
