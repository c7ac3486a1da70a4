package policy

import (
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Strength is what somebody has shown when they signed in with a browser.
type Strength string

const (
	PasswordAlone Strength = ""              // or what stands for a password
	SecondFactor  Strength = "second_factor" // something that they have as well
)

// strengths are what a role may require, from weak to strong.
var strengths = []Strength{SecondFactor}

// Satisfies says whether it is as much as what is required.
func (s Strength) Satisfies(required Strength) bool {
	return slices.Index(strengths, s) >= slices.Index(strengths, required)
}

// Requires is what the subject must have shown when they signed in with a
// browser. Tokens are not asked: programs hold them.
func (p *Policy) Requires(s Subject) Strength {
	if ro, mapped := p.paths[Path{s.Connection, s.Profile}]; mapped {
		return ro.requires
	}
	return PasswordAlone
}

func (l *loader) requires(n strict.Node, text string) Strength {
	if text == "" || slices.Contains(strengths, Strength(text)) {
		return Strength(text)
	}
	l.find(n, "requires", phrase{
		"what the role's people must show beside a password when they sign in: {strengths}; without it nothing",
		"ce que les gens du rôle doivent montrer en plus d'un mot de passe pour se connecter : {strengths} ; sans cela, rien",
	}.With("{strengths}", list(strengths)))
	return PasswordAlone
}

// StrengthChange is what the people of a role must show when they sign in, from
// one policy to the next.
type StrengthChange struct {
	Role  bridge.Role `json:"role"`
	From  Strength    `json:"from"`
	To    Strength    `json:"to"`
	Gains bool        `json:"gains"` // less is asked of them
}

func strengthChanges(old, new *Policy) []StrengthChange {
	var out []StrengthChange
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append(old.Roles(), new.Roles()...)))) {
		from, to := old.role(name).required(), new.role(name).required()
		if from != to {
			out = append(out, StrengthChange{name, from, to, from.Satisfies(to)})
		}
	}
	return out
}

func (ro *role) required() Strength {
	if ro == nil {
		return PasswordAlone
	}
	return ro.requires
}

var (
	strengthHeading = phrase{"Signing in", "Connexion"}
	strengthPhrase  = phrase{"{role} signs in with {what} (until now with {before})", "{role} se connecte avec {what} (jusqu'ici avec {before})"}
	strengthNote    = phrase{"{role}: signs in with {what}; tokens are not asked for it", "{role} : se connecte avec {what} ; cela n'est pas demandé aux jetons"}
)

var strengthNames = map[Strength]phrase{
	PasswordAlone: {"a password", "un mot de passe"},
	SecondFactor:  {"a password and a second factor", "un mot de passe et un second facteur"},
}

// StrengthText says what a role's people must show when they sign in.
func StrengthText(role bridge.Role, s Strength, lang string) string {
	return strengthNote.Fill(lang, "{role}", string(role), "{what}", strengthNames[s].In(lang))
}

// Text says the change as one sentence without a full stop.
func (c StrengthChange) Text(lang string) string {
	return strengthPhrase.Fill(lang, "{role}", string(c.Role), "{what}", strengthNames[c.To].In(lang), "{before}", strengthNames[c.From].In(lang))
}
