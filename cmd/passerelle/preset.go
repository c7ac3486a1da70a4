package main

import (
	"strings"

	"passerelle/internal/policy/presets"
)

type policyPresetCmd struct {
	Name string `arg:"" optional:"" help:"Print this one, to keep as policy.yaml; without a name they are listed."`
	Lang string `enum:"en,fr" default:"en" help:"Of the list: ${enum}."`
}

func (c policyPresetCmd) Run(s *session) error {
	if c.Name == "" {
		return c.list(s)
	}
	text, ok := presets.Text(c.Name)
	switch {
	case !ok:
		return usagef("there is no preset %s; there are %s", c.Name, strings.Join(presets.Names(), ", "))
	case s.JSON:
		return s.printJSON(map[string]string{"name": c.Name, "text": string(text)})
	}
	return s.printf("%s", text)
}

func (c policyPresetCmd) list(s *session) error {
	if s.JSON {
		return s.printJSON(presets.All())
	}
	heads := []string{"PRESET", "FOR"}
	if c.Lang == "fr" {
		heads = []string{"MODÈLE", "POUR"}
	}
	var rows [][]string
	for _, p := range presets.All() {
		rows = append(rows, []string{p.Name, p.About(c.Lang)})
	}
	return s.table(heads, rows)
}
