package policy

import (
	"fmt"
	"strings"
	"testing"
)

func TestRequires(t *testing.T) {
	t.Parallel()
	const text = `version: 1
roles: {boss: {requires: %s, grants: [{on: report, scope: all, actions: [read]}]}}
profiles: {phoning.console: {boss: boss}}
`
	strong := loadText(t, fmt.Appendf(nil, text, SecondFactor))
	weak := loadText(t, []byte(strings.Replace(text, "requires: %s, ", "", 1)))
	boss := Subject{Person: "denis", Connection: "phoning.console", Profile: "boss"}
	stranger := boss
	stranger.Profile = "stranger"
	for _, c := range []struct {
		policy *Policy
		who    Subject
		want   Strength
	}{{strong, boss, SecondFactor}, {strong, stranger, PasswordAlone}, {weak, boss, PasswordAlone}} {
		if got := c.policy.Requires(c.who); got != c.want {
			t.Errorf("%s: %q, want %q", c.who.Profile, got, c.want)
		}
	}
	for _, c := range []struct {
		shown, required Strength
		want            bool
	}{{PasswordAlone, PasswordAlone, true}, {SecondFactor, PasswordAlone, true}, {SecondFactor, SecondFactor, true}, {PasswordAlone, SecondFactor, false}, {"made up", SecondFactor, false}} {
		if got := c.shown.Satisfies(c.required); got != c.want {
			t.Errorf("%q for %q: %v", c.shown, c.required, got)
		}
	}
	for _, c := range []struct {
		old, new *Policy
		want     string
	}{
		{weak, strong, "false boss signs in with a password and a second factor (until now with a password)"},
		{strong, weak, "true boss signs in with a password (until now with a password and a second factor)"},
	} {
		got := Diff(c.old, c.new)
		if len(got.Strengths) != 1 || fmt.Sprint(got.Strengths[0].Gains, " ", got.Strengths[0].Text("en")) != c.want || unfilled(got.Strengths[0].Text("fr")) {
			t.Errorf("%+v, want %s", got.Strengths, c.want)
		}
		if !strings.Contains(got.Text("fr"), "Connexion\n  boss se connecte avec ") {
			t.Errorf("the whole difference: %s", got.Text("fr"))
		}
	}
	if m := strong.Matrix(); m.Roles[0].Requires != SecondFactor {
		t.Errorf("the matrix: %+v", m.Roles[0])
	}
	if _, err := Load("policy.yaml", fmt.Appendf(nil, text, "two_keys"), catalog); err == nil || !strings.HasPrefix(err.Error(), "policy.yaml:2:26 roles.boss.requires: ") {
		t.Errorf("another strength: %v", err)
	}
}
