package matrix

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"passerelle/internal/policy"
)

// words are the few that the matrix needs beside the policy's own.
var words = map[string]map[string]string{
	"en": {
		"thing": "WHAT", "class": "CLASS", "title": "Who may do what", "policy": "Policy", "profiles": "Profiles", "none": "no profile has this role",
		"of": "Of", "never": "Never to be seen", "context": "Also on the card", "window": "Let in",
	},
	"fr": {
		"thing": "QUOI", "class": "CLASSE", "title": "Qui peut quoi", "policy": "Politique", "profiles": "Profils", "none": "aucun profil n'a ce rôle",
		"of": "Pour", "never": "Jamais visible", "context": "Aussi sur la fiche d'appel", "window": "Accès",
	},
}

// Text writes the table for a terminal.
func Text(w io.Writer, m policy.Matrix, lang string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heads := []string{words[lang]["thing"], words[lang]["class"]}
	for _, role := range m.Roles {
		heads = append(heads, string(role.Name))
	}
	line := func(cells []string) error {
		_, err := fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
		return err
	}
	if err := line(heads); err != nil {
		return err
	}
	for _, row := range m.Rows {
		name := string(row.Object)
		if row.Field != "" {
			name = "  " + string(row.Field)
		}
		cells := []string{name, row.ClassLabel(lang)}
		for _, c := range row.Cells {
			text := c.Text(lang)
			if text == "" {
				text = "-"
			}
			cells = append(cells, text)
		}
		if err := line(cells); err != nil {
			return err
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i, text := range notes(m, lang) {
		if _, err := fmt.Fprint(w, map[bool]string{true: "\n"}[i == 0], text, "\n"); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n%s %s\n", policy.Legend(lang), words[lang]["policy"], m.Policy)
	return err
}

// notes are what stands below the table: who is let in when, and what is opened
// beyond the cells.
func notes(m policy.Matrix, lang string) []string {
	var out []string
	for _, role := range m.Roles {
		if role.Window != nil {
			out = append(out, fmt.Sprintf("%s %s: %s", words[lang]["window"], role.Name, role.Window.Text(lang)))
		}
	}
	for _, role := range m.Roles {
		if role.Statistics != "" {
			out = append(out, fmt.Sprintf("%s: %s", role.Name, policy.StatisticsText(role.Statistics, lang)))
		}
	}
	for _, role := range m.Roles {
		if role.Requires != policy.PasswordAlone {
			out = append(out, policy.StrengthText(role.Name, role.Requires, lang))
		}
	}
	for _, f := range m.Derived {
		out = append(out, f.Text(lang))
	}
	for _, l := range m.Limits {
		out = append(out, l.Text(lang))
	}
	for _, e := range m.Exceptions {
		out = append(out, e.Text(lang))
	}
	for _, s := range m.Sharing {
		out = append(out, s.Text(lang))
	}
	return out
}
