package policy

import (
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// statisticsScopes are whose statistics a role may be let see.
var statisticsScopes = []Scope{Own, Team, All}

// Statistics is whose statistics the subject may see: their own, those of their
// team (their own among them), or everybody's; "" is nobody's. No grant, rank or
// sharing rule widens it.
func (p *Policy) Statistics(s Subject) Scope {
	if ro, mapped := p.paths[Path{s.Connection, s.Profile}]; mapped && s.Person != "" {
		return ro.statistics
	}
	return ""
}

// Counts says whether the subject may see the statistics of a person of a team.
func (p *Policy) Counts(s Subject, person bridge.PersonID, team string) bool {
	switch p.Statistics(s) {
	case Own:
		return person == s.Person
	case Team:
		return person == s.Person || team != "" && team == s.Team
	case All:
		return true
	}
	return false
}

func (l *loader) statistics(n strict.Node, text string) Scope {
	if text == "" || slices.Contains(statisticsScopes, Scope(text)) {
		return Scope(text)
	}
	l.find(n, "statistics", phrase{
		"whose statistics the role sees: {scopes}; without it nobody's",
		"de qui le rôle voit les statistiques : {scopes} ; sans cela, de personne",
	}.With("{scopes}", list(statisticsScopes)))
	return ""
}

// StatisticsChange is whose statistics a role sees from one policy to the next;
// "" is nobody's.
type StatisticsChange struct {
	Role  bridge.Role `json:"role"`
	From  Scope       `json:"from"`
	To    Scope       `json:"to"`
	Gains bool        `json:"gains"`
}

func statisticsChanges(old, new *Policy) []StatisticsChange {
	var out []StatisticsChange
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append(old.Roles(), new.Roles()...)))) {
		from, to := old.role(name).counted(), new.role(name).counted()
		if from != to {
			wider := slices.Index(statisticsScopes, to) > slices.Index(statisticsScopes, from)
			out = append(out, StatisticsChange{name, from, to, wider})
		}
	}
	return out
}

func (ro *role) counted() Scope {
	if ro == nil {
		return ""
	}
	return ro.statistics
}

var (
	statisticsHeading = phrase{"Statistics", "Statistiques"}
	statisticsPhrase  = phrase{"{role} sees {whose} (until now {before})", "{role} voit {whose} (jusqu'ici {before})"}
	noStatistics      = phrase{"{role} sees no statistics (until now {before})", "{role} ne voit aucune statistique (jusqu'ici {before})"}
)

var statisticsNames = map[Scope]phrase{
	"":   {"no statistics", "aucune statistique"},
	Own:  {"their own statistics", "ses propres statistiques"},
	Team: {"their team's statistics", "les statistiques de son équipe"},
	All:  {"everybody's statistics", "les statistiques de tous"},
}

// StatisticsText says whose statistics a scope of them is.
func StatisticsText(s Scope, lang string) string { return statisticsNames[s].In(lang) }

// Text says the change as one sentence without a full stop.
func (c StatisticsChange) Text(lang string) string {
	p := statisticsPhrase
	if c.To == "" {
		p = noStatistics
	}
	return p.Fill(lang, "{role}", string(c.Role), "{whose}", StatisticsText(c.To, lang), "{before}", StatisticsText(c.From, lang))
}
