package config

import (
	"strings"
	"testing"
	"time"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	const base = "hub: h\nconnections: {phoning.console: {type: console}}\n"
	for text, want := range map[string][2]SessionTerms{ // of a caller, of anybody else
		"": {{time.Hour, 12 * time.Hour, 3}, {time.Hour, 12 * time.Hour, 3}},
		"sessions: {idle: 30m, roles: {caller: {longest: 8h}, dpo: {at_once: 1}}}\n": {
			{30 * time.Minute, 8 * time.Hour, 3}, {30 * time.Minute, 12 * time.Hour, 3},
		},
	} {
		cfg, err := Parse("passerelle.yaml", []byte(base+text))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]SessionTerms{cfg.Sessions.Of("caller"), cfg.Sessions.Of("")}; got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	for text, says := range map[string]string{
		"sessions: {idle: 30s}\n":                  "2:18 sessions.idle: must be from 1m to 24h",
		"sessions: {longest: 200h}\n":              "sessions.longest: must be from 1m to 168h",
		"sessions: {roles: {dpo: {at_once: 0}}}\n": "sessions.roles.dpo.at_once: must be from 1 to 100",
	} {
		if _, err := Parse("passerelle.yaml", []byte(base+text)); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "3:", "2:"), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
