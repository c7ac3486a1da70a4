package main

import (
	"context"
	"fmt"
	"slices"

	"passerelle/internal/app"
	"passerelle/internal/bilingual"
	"passerelle/internal/config"
	"passerelle/internal/policy"
	"passerelle/internal/strict"
)

type policyRightsCmd struct {
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// Run asks the hub, which asks the CRMs.
func (c policyRightsCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needHub)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/policy/rights?lang="+c.Lang, func(f struct{ Text string }) error { return s.printf("%s", f.Text) })
}

// bounds finds what keeps a policy from staying within the rights of the CRMs
// that it names, and notes how much wider the keys are than what it uses.
func (r *report) bounds(cfg *config.Config, p *policy.Policy, probes []app.Probe) (found strict.Findings) {
	for name := range p.CRMRights() {
		at := slices.IndexFunc(probes, func(x app.Probe) bool { return x.Name == name })
		var text bilingual.Text
		switch {
		case !slices.ContainsFunc(cfg.Connections, func(c config.Connection) bool { return c.Name == name }):
			text = bilingual.Text{
				"there is no such connection: write one of the config's, or remove it",
				"pas de connexion de ce nom : écrivez-en une de la configuration, ou supprimez-la",
			}
		case at >= 0 && probes[at].Err == nil && !probes[at].Tells:
			text = bilingual.Text{
				"this kind of connection cannot tell what its CRM lets do, so all of it would be withheld: remove it",
				"ce genre de connexion ne sait pas dire ce que son CRM permet, tout en serait donc retenu : supprimez-la",
			}
		default:
			continue
		}
		pos := p.CRMRightsAt(name)
		found = append(found, strict.Finding{
			File: pos.File, Line: pos.Line, Col: pos.Col, Path: "crm_rights." + string(name), Text: text.In(bilingual.English), French: text.In(bilingual.French),
		})
	}
	for _, probe := range probes {
		if use, told := probe.KeyUse(p, cfg.People); told {
			r.Keys = append(r.Keys, use)
		}
	}
	return found
}

// probeNamed looks at the connections whose rights a policy keeps within.
func probeNamed(ctx context.Context, cfg *config.Config, p *policy.Policy) ([]app.Probe, error) {
	named := *cfg
	named.Connections = slices.DeleteFunc(slices.Clone(cfg.Connections), func(c config.Connection) bool {
		_, ok := p.CRMRights()[c.Name]
		return !ok
	})
	if len(named.Connections) == 0 {
		return nil, nil
	}
	probes, _ := app.ProbeAll(ctx, app.Options{Config: &named, Version: thisBuild().Version}, true) // the rest of the config is not the question
	for _, probe := range probes {
		if probe.Err != nil {
			return probes, fmt.Errorf("its rights could not be asked for: %w", probe.Err)
		}
	}
	return probes, nil
}

// checkBounds asks the CRMs whose rights a policy keeps within, where there is a
// config that says how.
func (s *session) checkBounds(ctx context.Context, r *report, p *policy.Policy) error {
	if len(p.CRMRights()) == 0 {
		return nil
	}
	cfg, err := s.installation()
	if err != nil || cfg == nil {
		return err
	}
	probes, err := probeNamed(ctx, cfg, p)
	r.add(err)
	r.add(r.bounds(cfg, p, probes).Err())
	return nil
}
