package policy

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

// counts is the naive answer: whether somebody sees the statistics of a person
// of a team.
func (m model) counts(s Subject, person bridge.PersonID, team string) bool {
	name, mapped := m.profiles[Path{s.Connection, s.Profile}]
	if !mapped || s.Person == "" {
		return false
	}
	switch m.roles[name].counts {
	case Own:
		return s.Person == person
	case Team:
		return s.Person == person || s.Team == team && team != ""
	}
	return m.roles[name].counts == All
}

func TestStatisticsAreThoseOfTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p, s := load(t, m), drawSubject(t)
		for _, person := range []bridge.PersonID{"", "alice", "bob", "carl"} {
			for _, team := range []string{"", "red", "blue"} {
				if got, want := p.Counts(s, person, team), m.counts(s, person, team); got != want {
					t.Fatalf("%+v of %q in %q: %v, want %v\n%s", s, person, team, got, want, m.text())
				}
			}
		}
	})
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	const text = `version: 1
roles: {caller: {statistics: %s, grants: [{on: report, scope: all, actions: [read]}]}}
profiles: {phoning.console: {agent: caller}}
`
	alice := Subject{Person: "alice", Team: "red", Connection: "phoning.console", Profile: "agent"}
	alone, nobody, stranger := alice, alice, alice
	alone.Team, nobody.Person, stranger.Profile = "", "", "stranger"
	cases := []struct {
		scope  Scope
		who    Subject
		person bridge.PersonID
		team   string
		want   bool
	}{
		{Own, alice, "alice", "red", true}, {Own, alice, "bob", "red", false},
		{Team, alice, "bob", "red", true}, {Team, alice, "carl", "blue", false}, {Team, alice, "alice", "blue", true},
		{Team, alone, "bob", "", false}, {Team, alone, "alice", "", true},
		{All, alice, "carl", "blue", true}, {All, alice, "", "", true},
		{All, nobody, "bob", "red", false}, {All, stranger, "bob", "red", false}, {All, stranger, "alice", "red", false},
	}
	for _, c := range cases {
		p := loadText(t, fmt.Appendf(nil, text, c.scope))
		if got := p.Counts(c.who, c.person, c.team); got != c.want {
			t.Errorf("%s: %+v of %s in %q: %v", c.scope, c.who, c.person, c.team, got)
		}
	}
	without := loadText(t, []byte(strings.Replace(text, "statistics: %s, ", "", 1)))
	if without.Counts(alice, "alice", "red") {
		t.Error("who may read every report sees statistics without the switch")
	}
	own, all := loadText(t, fmt.Appendf(nil, text, Own)), loadText(t, fmt.Appendf(nil, text, All))
	for _, c := range []struct {
		old, new *Policy
		want, fr string
	}{
		{own, all, "true caller sees everybody's statistics (until now their own statistics)", "caller voit les statistiques de tous (jusqu'ici ses propres statistiques)"},
		{all, without, "false caller sees no statistics (until now everybody's statistics)", "caller ne voit aucune statistique (jusqu'ici les statistiques de tous)"},
		{without, own, "true caller sees their own statistics (until now no statistics)", "caller voit ses propres statistiques (jusqu'ici aucune statistique)"},
	} {
		if got := statisticsChanges(c.old, c.new); len(got) != 1 || fmt.Sprint(got[0].Gains, " ", got[0].Text("en")) != c.want || got[0].Text("fr") != c.fr {
			t.Errorf("%+v, want %s", got, c.want)
		}
	}
	if _, err := Load("policy.yaml", fmt.Appendf(nil, text, "campaign"), catalog); err == nil || !strings.HasPrefix(err.Error(), "policy.yaml:2:30 roles.caller.statistics: ") {
		t.Errorf("another scope: %v", err)
	}
}
