package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/strict"
)

// Check compares the connections with the connectors that the binary has:
// types, sides and the names of their settings. What the settings hold is the
// connectors' own to check. Its error is [strict.Findings].
func (c *Config) Check(reg connector.Registry) error {
	var all strict.Findings
	for _, conn := range c.Connections {
		if conn.Type == ConsoleType {
			continue
		}
		d, ok := reg[conn.Type]
		switch {
		case !ok:
			all = append(all, conn.node.Findf("type", "there is no such connector: write one of %s", strings.Join(reg.Names(), ", ")))
		case d.Kind != conn.Kind:
			all = append(all, conn.node.Findf("type", "is a %s connector: name the connection %s.something, or take another", d.Kind, d.Kind))
		default:
			all = append(all, checkSettings(conn, d)...)
		}
	}
	return all.Err()
}

// CheckProfiles finds the profiles of people and of feeds that stand for no
// role: who has one has no right at all. Its error is [strict.Findings].
func (c *Config) CheckProfiles(known func(bridge.ConnectionName, bridge.Profile) bool) error {
	var all strict.Findings
	without := func(name bridge.ConnectionName, profile bridge.Profile) bool {
		_, there := c.Connection(name)
		return there && profile != "" && !known(name, profile)
	}
	const text = "the policy gives this profile no role on %s, so no right at all: write it under profiles there, or another one here"
	for _, p := range c.People {
		logins := c.root.Child("people").Child(string(p.ID)).Child("phoning")
		for _, name := range slices.Sorted(maps.Keys(p.Phoning)) {
			if profile := p.Phoning[name].Profile; p.Active && without(name, profile) {
				all = append(all, logins.Child(string(name)).Findf("profile", text, name))
			}
		}
	}
	for _, campaign := range c.Campaigns {
		node := c.root.Child("campaigns").Child(string(campaign.ID))
		for i, f := range campaign.Feeds {
			if without(f.Connection, f.Profile) {
				all = append(all, node.Findf(fmt.Sprintf("feeds[%d].profile", i), text, f.Connection))
			}
		}
	}
	return all.Err()
}

// CheckClasses finds the customer's own fields that no connection gives a
// class: they are confidential, which few roles are given. Its error is
// [strict.Findings].
func (c *Config) CheckClasses() error {
	var all strict.Findings
	classed := func(name bridge.FieldName) bool {
		return slices.ContainsFunc(c.Connections, func(conn Connection) bool {
			return slices.ContainsFunc(conn.Defs, func(d bridge.FieldDef) bool { return d.Name == name && d.Class != "" })
		})
	}
	standard := bridge.Standard()
	for _, conn := range c.Connections {
		for _, name := range conn.Fields.Names() {
			if _, known := standard.Def(name); known || classed(name) {
				continue
			}
			all = append(all, conn.node.Child("fields").Child(string(name)).Findf("", "has no class, so it is confidential: write class: one of %s", joined(bridge.Classes())))
		}
	}
	return all.Err()
}

// CheckTerritories finds the people whose territory is none of those that the
// policy defines, if it defines any: nothing would ever lie in it. Its error is
// [strict.Findings].
func (c *Config) CheckTerritories(defined []string) error {
	var all strict.Findings
	for _, p := range c.People {
		if len(defined) > 0 && p.Territory != "" && !slices.Contains(defined, p.Territory) {
			all = append(all, c.root.Child("people").Child(string(p.ID)).Findf("territory", "the policy defines no such territory; there are %s", strings.Join(defined, ", ")))
		}
	}
	return all.Err()
}

func checkSettings(conn Connection, d connector.Descriptor) strict.Findings {
	return checkKeys(conn.Settings, "", d)
}

// checkKeys compares the keys of a mapping with the settings below prefix. A
// setting named with dots, "auth.value", lies in mappings; what lies below a
// setting is its connector's own.
func checkKeys(node strict.Node, prefix string, d connector.Descriptor) strict.Findings {
	var all strict.Findings
	for _, key := range unique(node) {
		child, name := node.Child(key), prefix+key
		i := slices.IndexFunc(d.Settings, func(s connector.Setting) bool { return s.Key == name })
		switch {
		case i >= 0:
			text, _ := child.Scalar()
			if !d.Settings[i].Secret && strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}") {
				all = append(all, child.Findf("", "references are resolved in secret settings only: write the value itself"))
			}
		case slices.ContainsFunc(d.Settings, func(s connector.Setting) bool { return strings.HasPrefix(s.Key, name+".") }):
			all = append(all, checkKeys(child, name+".", d)...)
		default:
			all = append(all, child.Findf("", "unknown setting of %s: its settings are %s", d.Name, joined(settingKeys(d))))
		}
	}
	return all
}

func settingKeys(d connector.Descriptor) []string {
	names := make([]string, len(d.Settings))
	for i, s := range d.Settings {
		names[i] = s.Key
	}
	return names
}
