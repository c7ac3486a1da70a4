package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/policy"
	"passerelle/internal/strict"
)

type policyLintCmd struct {
	File   string `arg:"" help:"The policy: a file, a hash, or active for the one in force."`
	Unused *span  `placeholder:"DURATION" help:"Find what nobody used in this time too, like 72h, 30d or 4w. It asks the hub, or the store while none runs."`
	Lang   string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// The checks of a config that a policy meets.
const (
	unmappedProfile   policy.Check = "unmapped_profile"
	unclassifiedField policy.Check = "unclassified_field"
)

// lintReport is what lint found.
type lintReport struct {
	OK       bool            `json:"ok"`
	Policy   string          `json:"policy"`           // hash
	Config   string          `json:"config,omitempty"` // "": people and fields were not asked
	Findings []policy.Advice `json:"findings"`
}

func (c policyLintCmd) Run(ctx context.Context, s *session) error {
	cfg, err := s.installation()
	if err != nil {
		return err
	}
	catalog := bridge.Standard()
	var users *policy.Users
	if cfg != nil {
		catalog, users = cfg.Catalog, usersOf(cfg)
	}
	p, err := s.policy(ctx, c.File, catalog)
	if err != nil {
		return err
	}
	r := lintReport{Policy: p.Hash(), Findings: append([]policy.Advice{}, p.Lint(c.File, c.Lang, users)...)}
	var people []bridge.Person
	if cfg != nil {
		people = cfg.People
	}
	r.Findings = append(r.Findings, p.LintWindows(c.File, c.Lang, time.Now(), people)...)
	if c.Unused != nil {
		unused, err := s.unused(ctx, p, c.File, c.Lang, c.Unused.before(time.Now()))
		if err != nil {
			return err
		}
		r.Findings = append(r.Findings, unused...)
	}
	slices.SortStableFunc(r.Findings, func(a, b policy.Advice) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if cfg != nil {
		r.Config = s.Config
		r.Findings = append(r.Findings, lintConfig(cfg, p, c.Lang)...)
	}
	r.OK = len(r.Findings) == 0
	if err := c.tell(s, r); err != nil || r.OK {
		return err
	}
	return errFindings
}

// installation is the config, nil if there is none.
func (s *session) installation() (*config.Config, error) {
	if _, err := os.Stat(s.Config); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s.load()
}

// usersOf is the people of the config, and the profiles of its feeds.
func usersOf(cfg *config.Config) *policy.Users {
	users := &policy.Users{People: cfg.People}
	for _, campaign := range cfg.Campaigns {
		for _, feed := range campaign.Feeds {
			users.Feeds = append(users.Feeds, policy.Path{Connection: feed.Connection, Profile: feed.Profile})
		}
	}
	return users
}

// lintConfig finds what the config leaves to chance of what the policy decides.
func lintConfig(cfg *config.Config, p *policy.Policy, lang string) []policy.Advice {
	unmapped := cfg.CheckProfiles(func(c bridge.ConnectionName, profile bridge.Profile) bool {
		_, ok := p.RoleOf(c, profile)
		return ok
	})
	out := append(advise(unmapped, unmappedProfile, lang), advise(cfg.CheckClasses(), unclassifiedField, lang)...)
	slices.SortStableFunc(out, func(a, b policy.Advice) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

var configAdvice = map[policy.Check]map[string][2]string{
	unmappedProfile: {
		"en": {"the policy gives this profile no role, so no right at all", "map it to a role under profiles of the policy, or write another profile here"},
		"fr": {"la politique ne donne aucun rôle à ce profil, donc aucun droit", "lui faire correspondre un rôle sous profiles dans la politique, ou écrire ici un autre profil"},
	},
	unclassifiedField: {
		"en": {"this field has no class, so it is confidential", "write its class: public, personal, commercial, financial, confidential or structural"},
		"fr": {"ce champ n'a pas de classe, il est donc confidentiel", "écrire sa classe (class) : public, personal, commercial, financial, confidential ou structural"},
	},
}

// advise puts the findings of a config's check as lint does.
func advise(found error, check policy.Check, lang string) []policy.Advice {
	findings, _ := errors.AsType[strict.Findings](found)
	var out []policy.Advice
	for _, f := range findings {
		words := configAdvice[check][lang]
		out = append(out, policy.Advice{
			Check: check, Pos: policy.Pos{File: f.File, Line: f.Line, Col: f.Col}, Path: f.Path, Text: words[0], Fix: words[1],
		})
	}
	return out
}

func (c policyLintCmd) tell(s *session, r lintReport) error {
	if s.JSON {
		return s.printJSON(r)
	}
	for _, a := range r.Findings {
		if err := s.println(a.String()); err != nil {
			return err
		}
	}
	nothing, alone := "%s: nothing to advise (policy %s)\n", "(there is no config at %s: people, profiles and fields were not asked)\n"
	if c.Lang == "fr" {
		nothing, alone = "%s : rien à conseiller (politique %s)\n", "(il n'y a pas de configuration en %s : personnes, profils et champs n'ont pas été consultés)\n"
	}
	if r.OK {
		if err := s.printf(nothing, c.File, r.Policy); err != nil {
			return err
		}
	}
	if r.Config == "" {
		return s.printf(alone, s.Config)
	}
	return nil
}
