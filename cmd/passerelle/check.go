package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/policy"
	"passerelle/internal/strict"
)

// report is what a check found.
type report struct {
	OK          bool          `json:"ok"`
	Findings    []finding     `json:"findings"`
	Connections []probeResult `json:"connections,omitempty"`
	Policy      string        `json:"policy,omitempty"` // hash
	Tests       int           `json:"tests,omitempty"`  // claims of the policy's own

	Keys []policy.KeyUse `json:"keys,omitempty"` // what CRMs let the keys do, and the policy uses

	lang string // of its texts
}

// finding is one thing that is wrong, with its place if it is in a file.
type finding struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
	Path string `json:"path,omitempty"`
	Text string `json:"text"`
}

type probeResult struct {
	Name  bridge.ConnectionName `json:"name"`
	State string                `json:"state"` // ok, not asked, failed
}

// add takes over what is wrong, once for each thing.
func (r *report) add(err error) {
	found, ok := errors.AsType[strict.Findings](err)
	if !ok {
		if err != nil {
			r.Findings = append(r.Findings, finding{Text: err.Error()})
		}
		return
	}
	for _, f := range found.In(r.lang) {
		next := finding{f.File, f.Line, f.Col, f.Path, f.Text}
		if !slices.ContainsFunc(r.Findings, next.same) {
			r.Findings = append(r.Findings, next)
		}
	}
}

// same says whether both are about the same thing: the config and a connector
// may find the same, in words of their own.
func (f finding) same(other finding) bool {
	return f.File != "" && f.File == other.File && f.Line == other.Line && f.Path == other.Path
}

// check looks at everything that serving hangs on, and serves nothing.
func check(ctx context.Context, s *session, offline bool) error {
	r := report{Findings: []finding{}}
	cfg, err := s.load()
	if _, misused := errors.AsType[usageError](err); misused {
		return err
	}
	r.add(err)
	switch {
	case err == nil:
		r.look(ctx, cfg, offline)
	case cfg != nil:
		r.lookOn(ctx, cfg)
	}
	return s.tell(r, fmt.Sprintf("%s is good", s.Config))
}

func (r *report) look(ctx context.Context, cfg *config.Config, offline bool) {
	probes, err := app.ProbeAll(ctx, app.Options{Config: cfg, Version: thisBuild().Version}, !offline)
	r.add(err)
	for _, p := range probes {
		state := "ok"
		switch {
		case p.Err != nil:
			state = "failed"
		case p.Login && !offline:
			state = "not asked: it logs in, which the hub alone does"
		case !p.Asked:
			state = "not asked"
		}
		r.Connections = append(r.Connections, probeResult{p.Name, state})
		r.add(p.Err)
	}
	_, err = app.Directory(cfg)
	r.add(err)
	r.lookAtPolicy(cfg, probes)
}

// lookOn finds what else is wrong besides what reading the config found, so
// that all can be mended at once. It asks nobody, and leaves out what would only
// be wrong because of that.
func (r *report) lookOn(ctx context.Context, cfg *config.Config) {
	probes, err := app.ProbeAll(ctx, app.Options{Config: cfg, Version: thisBuild().Version}, false)
	r.add(err)
	for _, p := range probes {
		r.add(p.Err)
	}
	aboutFields := func(f finding) bool {
		return strings.HasPrefix(f.Path, "connections.") && strings.Contains(f.Path, ".fields.")
	}
	if !slices.ContainsFunc(r.Findings, aboutFields) {
		r.lookAtPolicy(cfg, probes)
	}
}

func (r *report) lookAtPolicy(cfg *config.Config, probes []app.Probe) {
	if cfg.PolicyText == nil {
		return
	}
	p, err := policy.Load(cfg.PolicyFile, cfg.PolicyText, cfg.Catalog)
	r.add(shifted(err, cfg.PolicyFile, cfg.PolicyLine-1))
	if err == nil {
		r.Policy, r.Tests = p.Hash(), p.Cases()
		r.add(shifted(p.Test(), cfg.PolicyFile, cfg.PolicyLine-1))
		r.add(cfg.CheckProfiles(func(c bridge.ConnectionName, profile bridge.Profile) bool {
			_, ok := p.RoleOf(c, profile)
			return ok
		}))
		r.add(cfg.CheckTerritories(p.Territories()))
		r.add(shifted(r.bounds(cfg, p, probes).Err(), cfg.PolicyFile, cfg.PolicyLine-1))
	}
}

// shifted moves findings down: to where the text stands in the file that holds
// it.
func shifted(err error, file string, lines int) error {
	found, ok := errors.AsType[strict.Findings](err)
	if !ok {
		return err
	}
	for i := range found {
		if found[i].File == file {
			found[i].Line += lines
		}
	}
	return found
}

// tell prints the report, and ends the command as it deserves.
func (s *session) tell(r report, good string) error {
	r.OK = len(r.Findings) == 0
	slices.SortStableFunc(r.Findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if err := s.print(r, good); err != nil || r.OK {
		return err
	}
	return errFindings
}

func (s *session) print(r report, good string) error {
	if s.JSON {
		return s.printJSON(r)
	}
	for _, f := range r.Findings {
		if err := s.println(f.String()); err != nil {
			return err
		}
	}
	for _, c := range r.Connections {
		if err := s.printf("%s: %s\n", c.Name, c.State); err != nil {
			return err
		}
	}
	for _, u := range r.Keys {
		if err := s.printf("%s", u.Text(r.lang)); err != nil {
			return err
		}
	}
	if r.OK {
		return s.println(good)
	}
	return nil
}

func (f finding) String() string {
	if f.File == "" {
		return f.Text
	}
	return strict.Finding{File: f.File, Line: f.Line, Col: f.Col, Path: f.Path, Text: f.Text}.String()
}
