package config

import (
	"slices"
	"strings"

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

func checkSettings(conn Connection, d connector.Descriptor) strict.Findings {
	var all strict.Findings
	names := make([]string, len(d.Settings))
	for i, s := range d.Settings {
		names[i] = s.Key
	}
	for _, key := range unique(conn.Settings) {
		node := conn.Settings.Child(key)
		i := slices.Index(names, key)
		if i < 0 {
			all = append(all, node.Findf("", "unknown setting of %s: its settings are %s", d.Name, strings.Join(names, ", ")))
			continue
		}
		text, _ := node.Scalar()
		if !d.Settings[i].Secret && strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}") {
			all = append(all, node.Findf("", "references are resolved in secret settings only: write the value itself"))
		}
	}
	return all
}
