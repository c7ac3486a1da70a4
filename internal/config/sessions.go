package config

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Sessions bound those of people in a browser.
type Sessions struct {
	Default SessionTerms
	Roles   map[bridge.Role]SessionTerms
}

// SessionTerms bound the sessions of a role.
type SessionTerms struct {
	Idle    time.Duration // without a request
	Longest time.Duration // since signing in
	AtOnce  int           // of one person
}

// Of are the terms of a role.
func (s Sessions) Of(role bridge.Role) SessionTerms {
	if own, ok := s.Roles[role]; ok {
		return own
	}
	return s.Default
}

type sessionsFile struct {
	Idle    time.Duration           `yaml:"idle"`
	Longest time.Duration           `yaml:"longest"`
	AtOnce  int                     `yaml:"at_once"`
	Roles   map[string]roleSessions `yaml:"roles"`
}

type roleSessions struct {
	Idle    *time.Duration `yaml:"idle"`
	Longest *time.Duration `yaml:"longest"`
	AtOnce  *int           `yaml:"at_once"`
}

// What a session may last where the config does not say: a day of work.
func defaultSessions() sessionsFile {
	return sessionsFile{Idle: time.Hour, Longest: 12 * time.Hour, AtOnce: 3}
}

func (l *loader) sessions() Sessions {
	raw, node := l.file.Sessions, l.root.Child("sessions")
	out := Sessions{
		Default: l.sessionTerms(node, SessionTerms{raw.Idle, raw.Longest, raw.AtOnce}),
		Roles:   make(map[bridge.Role]SessionTerms, len(raw.Roles)),
	}
	for _, role := range unique(node.Child("roles")) {
		own, terms := raw.Roles[role], out.Default
		if own.Idle != nil {
			terms.Idle = *own.Idle
		}
		if own.Longest != nil {
			terms.Longest = *own.Longest
		}
		if own.AtOnce != nil {
			terms.AtOnce = *own.AtOnce
		}
		out.Roles[bridge.Role(role)] = l.sessionTerms(node.Child("roles").Child(role), terms)
	}
	return out
}

func (l *loader) sessionTerms(node strict.Node, t SessionTerms) SessionTerms {
	if t.Idle < time.Minute || t.Idle > 24*time.Hour {
		l.fault(node, "idle", "must be from 1m to 24h")
	}
	if t.Longest < time.Minute || t.Longest > 7*24*time.Hour {
		l.fault(node, "longest", "must be from 1m to 168h")
	}
	if t.AtOnce < 1 || t.AtOnce > 100 {
		l.fault(node, "at_once", "must be from 1 to 100")
	}
	return t
}
