package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/identity"
	"passerelle/internal/strict"
)

func (l *loader) campaigns(cfg *Config) {
	nodes := l.root.Child("campaigns")
	for _, id := range unique(nodes) {
		raw, node := l.file.Campaigns[id], nodes.Child(id)
		l.id(node, id)
		c := bridge.Campaign{
			ID: bridge.CampaignID(id), Name: cmp.Or(raw.Name, id), CRM: bridge.ConnectionName(raw.CRM),
			Selection: raw.Selection, Team: raw.Team, Principal: raw.Principal, Rules: raw.Rules, Script: raw.Script,
		}
		l.refer(cfg, node, "crm", raw.CRM, "crm")
		if _, err := calling.Rules(raw.Rules); raw.Rules != "" && err != nil {
			l.fault(node, "rules", "there is no such rule set: write one of %s", joined(calling.RuleSetNames()))
		}
		if raw.Ends != (end{}) {
			c.Ends = raw.Ends.in(cfg.Zone)
		}
		for i, feed := range raw.Feeds {
			l.feed(cfg, node.At(fmt.Sprintf("feeds[%d]", i)), &c, feed)
		}
		cfg.Campaigns = append(cfg.Campaigns, c)
	}
}

func (l *loader) feed(cfg *Config, node strict.Node, c *bridge.Campaign, raw feedFile) {
	list := bridge.PlatformList{
		Connection: bridge.ConnectionName(raw.Connection), List: raw.List, Profile: bridge.Profile(raw.Profile),
	}
	if l.refer(cfg, node, "connection", raw.Connection, "phoning") {
		if conn, _ := cfg.Connection(list.Connection); conn.Type == ConsoleType {
			l.fault(node, "connection", "the console needs no feed: it asks for the next lead itself")
		}
	}
	for _, other := range c.Feeds {
		if other.Connection == list.Connection && other.List == list.List {
			l.fault(node, "list", "this campaign feeds the list already")
		}
	}
	c.Feeds = append(c.Feeds, list)
}

func (l *loader) people(cfg *Config) {
	nodes := l.root.Child("people")
	logins := map[bridge.ConnectionName]map[string]string{} // connection, login: person
	for _, id := range unique(nodes) {
		raw, node := l.file.People[id], nodes.Child(id)
		l.id(node, id)
		l.zone(node, "zone", raw.Zone, time.UTC)
		p := bridge.Person{
			ID: bridge.PersonID(id), Name: raw.Name, Team: raw.Team, Territory: raw.Territory, Principal: raw.Principal, Zone: raw.Zone,
			Active:  raw.Active == nil || *raw.Active,
			CRM:     make(map[bridge.ConnectionName]string, len(raw.CRM)),
			Phoning: make(map[bridge.ConnectionName]bridge.Login, len(raw.Phoning)),
		}
		for _, name := range slices.Sorted(maps.Keys(raw.CRM)) {
			at := node.Child("crm").Child(name)
			l.refer(cfg, at, "", name, "crm")
			if raw.CRM[name] == "" && at.Kind() == strict.Scalar {
				l.fault(at, "", "must be the person's user id in this CRM")
			}
			p.CRM[bridge.ConnectionName(name)] = raw.CRM[name]
		}
		for _, name := range slices.Sorted(maps.Keys(raw.Phoning)) {
			at, conn, login := node.Child("phoning").Child(name), bridge.ConnectionName(name), raw.Phoning[name]
			l.refer(cfg, at, "", name, "phoning")
			p.Phoning[conn] = bridge.Login{Name: login.Login, Profile: bridge.Profile(login.Profile)}
			if logins[conn] == nil {
				logins[conn] = map[string]string{}
			}
			if first, taken := logins[conn][login.Login]; taken && login.Login != "" {
				l.fault(at, "login", "is the login of %s on this connection already", first)
				continue
			}
			logins[conn][login.Login] = id
		}
		cfg.People = append(cfg.People, p)
	}
}

func (l *loader) tokens(cfg *Config) {
	nodes := l.root.Child("tokens")
	seen := map[string]int{}
	for i, raw := range l.file.Tokens {
		node := nodes.At(fmt.Sprintf("[%d]", i))
		cfg.Tokens = append(cfg.Tokens, Token{bridge.PersonID(raw.Person), bridge.ConnectionName(raw.Connection), raw.Token})
		person, known := l.file.People[raw.Person]
		if raw.Person != "" && !known {
			l.fault(node, "person", "there is no such person: write one of people")
		}
		if l.refer(cfg, node, "connection", raw.Connection, "phoning") && known {
			if _, may := person.Phoning[raw.Connection]; !may {
				l.fault(node, "connection", "this person has no login there: add it under people, or name another connection")
			}
		}
		text := raw.Token.Reveal()
		if err := identity.CheckToken(text); text != "" && err != nil {
			l.fault(node, "token", "%v", err)
		}
		if first, again := seen[text]; again && text != "" {
			l.fault(node, "token", "is the same as that of tokens[%d]: make one for each", first)
		}
		seen[text] = i
	}
}

func (l *loader) id(node strict.Node, id string) {
	if !idPattern.MatchString(id) {
		l.fault(node, "", "an id must be letters, digits, dots, hyphens and underscores, 63 at most")
	}
}
