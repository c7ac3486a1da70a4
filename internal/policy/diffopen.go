package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// RankChange is a role whose people see, or no longer see, what those of
// another own.
type RankChange struct {
	Role  bridge.Role `json:"role"` // the superior
	Gains bool        `json:"gains"`
	Of    bridge.Role `json:"of"`
}

// ShareChange is a sharing rule that comes or goes.
type ShareChange struct {
	Share
	Gains bool `json:"gains"`
}

// Share is what a sharing rule says: its name decides nothing.
type Share struct {
	Object bridge.Object `json:"object"`
	From   Party         `json:"from"` // whose records
	To     Party         `json:"to"`   // to whom
	Access Access        `json:"access"`
}

// Party is one side of a sharing rule: a role, perhaps with those below it, or
// a team.
type Party struct {
	Role         bridge.Role `json:"role,omitempty"`
	Subordinates bool        `json:"subordinates,omitempty"`
	Team         string      `json:"team,omitempty"`
}

// Text is the party in words.
func (pa Party) Text(lang string) string {
	switch {
	case pa.Team != "":
		return teamWords.Fill(lang, "{team}", pa.Team)
	case pa.Subordinates:
		return treeWords.Fill(lang, "{role}", string(pa.Role))
	}
	return string(pa.Role)
}

func rankChanges(old, new *Policy) []RankChange {
	var out []RankChange
	before, after := old.rankOrder(), new.rankOrder()
	for _, pair := range after {
		if !slices.Contains(before, pair) {
			out = append(out, RankChange{pair[0], true, pair[1]})
		}
	}
	for _, pair := range before {
		if !slices.Contains(after, pair) {
			out = append(out, RankChange{pair[0], false, pair[1]})
		}
	}
	return out
}

// rankOrder lists who sees whose records by rank: superior, subordinate.
func (p *Policy) rankOrder() [][2]bridge.Role {
	var out [][2]bridge.Role
	for _, ro := range p.roles {
		for _, other := range p.roles {
			if ro.outranks(other) {
				out = append(out, [2]bridge.Role{ro.name, other.name})
			}
		}
	}
	return out
}

func shareChanges(old, new *Policy) []ShareChange {
	before, after := old.Sharing(), new.Sharing()
	var out []ShareChange
	for _, s := range after {
		if !slices.Contains(before, s) {
			out = append(out, ShareChange{s, true})
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			out = append(out, ShareChange{s, false})
		}
	}
	return out
}

// Sharing lists what the sharing rules say, in their order.
func (p *Policy) Sharing() []Share {
	var out []Share
	for _, s := range p.sharing {
		if said := (Share{s.object, s.from.named(), s.to.named(), s.access}); !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return out
}

// territoryChanges names the territories that are not the same in both, or not
// in the same place: the first that fits counts.
func territoryChanges(old, new *Policy) []string {
	var out []string
	for _, one := range [][2]*Policy{{new, old}, {old, new}} {
		for i, t := range one[0].territories {
			same := i < len(one[1].territories) && t.equal(one[1].territories[i])
			if !same && !slices.Contains(out, t.name) {
				out = append(out, t.name)
			}
		}
	}
	return out
}

func (t territory) equal(o territory) bool {
	return t.name == o.name && t.field == o.field && slices.Equal(t.prefixes, o.prefixes) && slices.Equal(t.values, o.values)
}

var (
	territoriesHeading = phrase{"Territories", "Territoires"}
	territoryPhrase    = phrase{"other records lie in {names}: the scope territory holds for others", "d'autres fiches se trouvent dans {names} : le périmètre territory change"}

	ranksHeading   = phrase{"Hierarchy", "Hiérarchie"}
	sharingHeading = phrase{"Sharing", "Partage"}
	rankGain       = phrase{"{role} stands above {of} and reaches what they own, as far as its own grants go", "{role} passe au-dessus de {of} et atteint leurs fiches, dans la limite de ses propres droits"}
	rankLoss       = phrase{"{role} no longer reaches by rank what {of} owns", "{role} n'atteint plus par la hiérarchie les fiches de {of}"}
	teamWords      = phrase{"team {team}", "équipe {team}"}
	treeWords      = phrase{"{role} and those below", "{role} et ses subordonnés"}
	shareGain      = phrase{"{to}: {access} access to records of {object} of {from}", "{to} : accès {access} aux fiches {object} de {from}"}
	shareLoss      = phrase{"{to}: no more {access} access by sharing to records of {object} of {from}", "{to} : plus d'accès {access} par partage aux fiches {object} de {from}"}
)

var accessNames = map[Access]phrase{
	AccessPrivate: {"private", "privé"},
	AccessRead:    {"read", "lecture"},
	AccessWrite:   {"read-write", "lecture et modification"},
	AccessFull:    {"full", "complet"},
}

// Text says the change as one sentence without a full stop.
func (c RankChange) Text(lang string) string {
	p := rankLoss
	if c.Gains {
		p = rankGain
	}
	return p.Fill(lang, "{role}", string(c.Role), "{of}", string(c.Of))
}

// Text says the change as one sentence without a full stop.
func (c ShareChange) Text(lang string) string {
	if c.Gains {
		return c.Share.Text(lang)
	}
	return c.fill(shareLoss, lang)
}

// Text says what the rule opens as one sentence without a full stop.
func (s Share) Text(lang string) string { return s.fill(shareGain, lang) }

func (s Share) fill(p phrase, lang string) string {
	return p.Fill(lang, "{object}", string(s.Object), "{from}", s.From.Text(lang), "{to}", s.To.Text(lang), "{access}", accessNames[s.Access].In(lang))
}
