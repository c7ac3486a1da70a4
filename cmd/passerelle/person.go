package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

type personCmds struct {
	Import personImportCmd `cmd:"" help:"Compare a list of people with those there are: who joins, changes, leaves. Nothing changes without --apply."`
}

type personImportCmd struct {
	File     string `arg:"" help:"CSV, UTF-8: person, name, team, profile, connection, zone, territory, principal, ends, handover, and a column a CRM. Who is not in it leaves."`
	Apply    bool   `help:"Carry it out: all of it, or nothing if something is wrong with the list."`
	AtMost   int    `name:"leavers-at-most" default:"20" placeholder:"PERCENT" help:"Refuse a list by which more than ${default} percent of those who are active would leave."`
	Handover string `default:"pool" help:"Where the leads of who leaves go, if their line does not say: pool, later, or a person."`
	Lang     string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// staffed is what a list comes to, as the API says it.
type staffed struct {
	Applied bool
	Changes []staffChange
	Same    int      `json:"unchanged"`
	Written []string `json:"of_config"`
	Closed  []string
	Later   map[string]string `json:"leave_later"`
}

type staffChange struct {
	Line                         int
	Person, Kind, Text, Handover string
	What                         []struct{ Column, From, To string }
	Moved, Kept                  int
}

// importWords are what the command says itself, in English and in French.
var importWords = map[string][2]string{
	"heads":     {"LINE\tPERSON\tWHAT\tDETAILS", "LIGNE\tPERSONNE\tQUOI\tDÉTAIL"},
	"leads":     {"leads: %s", "prospects : %s"},
	"moved":     {"leads: %s (%d moved, %d stayed)", "prospects : %s (%d déplacés, %d restés)"},
	"same":      {"%d stay as they are.", "%d sans changement."},
	"config":    {"Of the config, read-only here: %s", "De la configuration, en lecture seule ici : %s"},
	"closed":    {"Closed by hand, and stay so (passerelle user reset opens): %s", "Fermés à la main, et le restent (passerelle user reset les rouvre) : %s"},
	"later":     {"%s leaves on %s: the list of that day lets them go.", "%s part le %s : la liste de ce jour-là s'en charge."},
	"dry":       {"Nothing was changed: add --apply to carry it out.", "Rien n'a changé : ajoutez --apply pour l'exécuter."},
	"applied":   {"All of it is done.", "Tout est fait."},
	"passwords": {"Who is new signs in once they have a password: passerelle user add PERSON", "Les nouveaux se connectent dès qu'ils ont un mot de passe : passerelle user add PERSONNE"},
}

func (c personImportCmd) say(key string, args ...any) string {
	text := importWords[key][0]
	if c.Lang == "fr" {
		text = importWords[key][1]
	}
	return fmt.Sprintf(text, args...)
}

// Run shows what a list comes to, and carries it out if told.
func (c personImportCmd) Run(ctx context.Context, s *session) error {
	if c.AtMost < 0 || c.AtMost > 100 {
		return usagef("--leavers-at-most: write a number from 0 to 100")
	}
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return usagef("%w", err)
	}
	body := map[string]any{"csv": string(raw), "apply": c.Apply, "leavers_at_most": c.AtMost, "handover": c.Handover}
	return order(ctx, s, "/v1/people/import?lang="+c.Lang, body, func(found staffed) error { return c.print(s, found) })
}

func (c personImportCmd) print(s *session, found staffed) error {
	var rows [][]string
	joins := false
	for _, one := range found.Changes {
		line := "-"
		if one.Line > 0 {
			line = fmt.Sprint(one.Line)
		}
		joins = joins || one.Kind == "joins" || one.Kind == "returns"
		rows = append(rows, []string{line, one.Person, one.Text, c.details(one, found.Applied)})
	}
	if err := s.table(strings.Split(c.say("heads"), "\t"), rows); err != nil {
		return err
	}
	said := []string{c.say("same", found.Same)}
	if len(found.Written) > 0 {
		said = append(said, c.say("config", strings.Join(found.Written, ", ")))
	}
	if len(found.Closed) > 0 {
		said = append(said, c.say("closed", strings.Join(found.Closed, ", ")))
	}
	for _, who := range slices.Sorted(maps.Keys(found.Later)) {
		said = append(said, c.say("later", who, found.Later[who]))
	}
	switch {
	case !found.Applied:
		said = append(said, c.say("dry"))
	case joins:
		said = append(said, c.say("applied"), c.say("passwords"))
	default:
		said = append(said, c.say("applied"))
	}
	return s.println(strings.Join(said, "\n"))
}

// details are what becomes another, and where leads go.
func (c personImportCmd) details(one staffChange, applied bool) string {
	var parts []string
	for _, d := range one.What {
		parts = append(parts, fmt.Sprintf("%s: %s → %s", d.Column, dash(d.From), dash(d.To)))
	}
	switch {
	case one.Handover != "" && applied:
		parts = append(parts, c.say("moved", one.Handover, one.Moved, one.Kept))
	case one.Handover != "":
		parts = append(parts, c.say("leads", one.Handover))
	}
	return strings.Join(parts, "; ")
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
