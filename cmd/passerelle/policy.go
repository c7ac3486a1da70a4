package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"passerelle/cmd/passerelle/internal/matrix"
	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

type policyCmds struct {
	Check   policyCheckCmd   `cmd:"" help:"Say what is wrong with a policy's text. No hub is needed."`
	Matrix  policyMatrixCmd  `cmd:"" help:"Show what each role may do with each object and field: as a table, for a meeting, to hand out."`
	Diff    policyDiffCmd    `cmd:"" help:"Say who gains and who loses what, the riskiest first."`
	Lint    policyLintCmd    `cmd:"" help:"Say what of a policy goes beyond what its people need, or does nothing. No hub is needed."`
	Preset  policyPresetCmd  `cmd:"" help:"List the policies to begin with, or print one."`
	Import  policyImportCmd  `cmd:"" help:"Draft a policy from a CRM's own rights, as far as it tells them, and say what it does not."`
	Explain policyExplainCmd `cmd:"" help:"Say why somebody may or may not do something; exit code 1 if they may not."`

	Simulate policySimulateCmd `cmd:"" help:"Say what would have been otherwise under another policy, from what was decided lately."`
	Shadow   policyShadowCmd   `cmd:"" help:"Say what the draft decides otherwise that runs beside the policy in force; see serve --shadow."`
	Rights   policyRightsCmd   `cmd:"" help:"Say what the CRMs' keys could do, and how much of it the policy uses."`
	Suggest  policySuggestCmd  `cmd:"" help:"Say what could go of a policy, since nobody used it, and what was used least."`
	Propose  policyProposeCmd  `cmd:"" help:"Propose a policy; somebody else activates it."`
	Drafts   policyDraftsCmd   `cmd:"" help:"List the policies that wait for a second person."`
	Activate policyActivateCmd `cmd:"" help:"Let a policy decide that somebody else has proposed."`
	Withdraw policyWithdrawCmd `cmd:"" help:"Drop a draft."`
	History  policyHistoryCmd  `cmd:"" help:"List the policies that have decided: since when, why, by whom."`
	Rollback policyRollbackCmd `cmd:"" help:"Propose an earlier policy again."`
	Adopt    policyAdoptCmd    `cmd:"" help:"As the operator, replace a policy that names nobody who may change it."`
}

type policyCheckCmd struct {
	File string `arg:"" help:"The policy."`
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyCheckCmd) Run(ctx context.Context, s *session) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return usageError{err}
	}
	catalog, against, err := s.catalog()
	if err != nil {
		return err
	}
	r := report{Findings: []finding{}, lang: c.Lang}
	p, err := policy.Load(c.File, text, catalog)
	r.add(err)
	var good bilingual.Text
	if err == nil {
		r.Policy, r.Tests = p.Hash(), p.Cases()
		r.add(p.Test())
		if err := s.checkBounds(ctx, &r, p); err != nil {
			return err
		}
		good = policyGood.With("{file}", c.File, "{hash}", p.Hash(), "{n}", len(p.Roles()), "{against}", against)
		if r.Tests > 0 {
			good = good.And(testsHold.With("{n}", r.Tests))
		}
	}
	return s.tell(r, good.In(c.Lang))
}

var (
	policyGood     = bilingual.Text{"{file} is good: policy {hash}, {n} roles, checked against {against}", "{file} convient : politique {hash}, {n} rôles, vérifiée avec {against}"}
	testsHold      = bilingual.Text{"; its own tests hold ({n})", " ; ses propres tests se vérifient ({n})"}
	fieldsOf       = bilingual.Text{"the fields of {config}", "les champs de {config}"}
	standardFields = bilingual.Text{"the standard fields (there is no config at {config})", "les champs standard (il n'y a pas de configuration en {config})"}
)

// catalog is the fields that a policy may name: the config's, or where there is
// none the standard ones.
func (s *session) catalog() (bridge.Catalog, bilingual.Text, error) {
	if _, err := os.Stat(s.Config); errors.Is(err, fs.ErrNotExist) {
		return bridge.Standard(), standardFields.With("{config}", s.Config), nil
	}
	cfg, err := s.load()
	if err != nil {
		return bridge.Catalog{}, bilingual.Text{}, err
	}
	return cfg.Catalog, fieldsOf.With("{config}", s.Config), nil
}

type policyMatrixCmd struct {
	File   string `arg:"" help:"The policy: a file, a hash, or active for the one in force."`
	Format string `enum:"text,html,xlsx" default:"text" help:"Of the answer: ${enum}; html has a page for each role too."`
	Out    string `placeholder:"FILE" help:"Write it to this file; to the standard output if left out."`
	Lang   string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyMatrixCmd) Run(ctx context.Context, s *session) error {
	catalog, _, err := s.catalog()
	if err != nil {
		return err
	}
	p, err := s.policy(ctx, c.File, catalog)
	if err != nil {
		return err
	}
	m := p.Matrix()
	if s.JSON {
		return s.printJSON(m)
	}
	write := map[string]func(io.Writer, policy.Matrix, string) error{"text": matrix.Text, "html": matrix.HTML, "xlsx": matrix.XLSX}[c.Format]
	if c.Out == "" {
		return write(s.Stdout, m, c.Lang)
	}
	var made bytes.Buffer
	if err := write(&made, m, c.Lang); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, made.Bytes(), 0o644); err != nil {
		return usageError{err}
	}
	return s.done("The matrix of policy " + m.Policy + " is in " + c.Out + ".")
}

type policyDiffCmd struct {
	Old  string `arg:"" help:"The policy as it is: a file, a hash, or active for the one in force."`
	New  string `arg:"" help:"The policy as it is to be: a file, a hash, or active."`
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyDiffCmd) Run(ctx context.Context, s *session) error {
	catalog, _, err := s.catalog()
	if err != nil {
		return err
	}
	old, err := s.policy(ctx, c.Old, catalog)
	if err != nil {
		return err
	}
	new, err := s.policy(ctx, c.New, catalog)
	if err != nil {
		return err
	}
	delta := policy.Diff(old, new)
	if s.JSON {
		return s.printJSON(delta)
	}
	return s.printf("%s", delta.Text(c.Lang))
}

// active is what stands for the policy in force where a file may stand.
const active = "active"

var hashForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// policy loads a policy from a file, or by its hash or as the active one from
// the hub.
func (s *session) policy(ctx context.Context, name string, catalog bridge.Catalog) (*policy.Policy, error) {
	if name != active && !hashForm.MatchString(name) {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, usageError{err}
		}
		return policy.Load(name, text, catalog)
	}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var found struct{ Text string }
	if err := h.get(ctx, "/v1/policy/versions/"+name, &found); err != nil {
		return nil, err
	}
	return policy.Load(name, []byte(found.Text), catalog)
}

type policyExplainCmd struct {
	As     string `required:"" placeholder:"PERSON" help:"Whom it is about."`
	Via    string `placeholder:"CONNECTION" help:"The phoning connection they come through; may be left out if they have one only."`
	Can    string `required:"" placeholder:"ACTION" enum:"read,create,write,propose,delete,export" help:"What they want to do: ${enum}."`
	Target string `arg:"" name:"object[.field]" help:"To what: a field like prospect.phone, or an object like appointment."`
	Lead   string `placeholder:"ID" help:"On this lead; if left out, on a record that is theirs in every way."`
	At     string `placeholder:"TIME" help:"When they ask, like 2026-12-24T20:00:00+01:00; now if left out."`
	From   string `placeholder:"ADDRESS" help:"The network address they ask from; if left out, one that they are let in from."`
	Lang   string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// explainRequest is the API's.
type explainRequest struct {
	As         string `json:"as"`
	Connection string `json:"connection"`
	Action     string `json:"action"`
	Field      string `json:"field,omitempty"`
	Object     string `json:"object,omitempty"`
	Lead       string `json:"lead,omitempty"`
	At         string `json:"at,omitempty"`
	From       string `json:"from,omitempty"`
	Lang       string `json:"lang"`
}

type explanation struct {
	Allowed bool   `json:"allowed"`
	Text    string `json:"text"`
	Policy  string `json:"policy"`
}

func (c policyExplainCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if c.Via == "" {
		if c.Via, err = s.wayOf(c.As); err != nil {
			return err
		}
	}
	ask := explainRequest{As: c.As, Connection: c.Via, Action: c.Can, Lead: c.Lead, At: c.At, From: c.From, Lang: c.Lang}
	if strings.Contains(c.Target, ".") {
		ask.Field = c.Target
	} else {
		ask.Object = c.Target
	}
	var raw json.RawMessage
	if err := h.post(ctx, "/v1/policy/explain", ask, &raw); err != nil {
		return err
	}
	var e explanation
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if err := answer(s, raw, func(e explanation) error { return s.explained(e, c.Lang) }); err != nil || e.Allowed {
		return err
	}
	return errFindings
}

func (s *session) explained(e explanation, lang string) error {
	words := map[bool]string{true: "Yes.", false: "No."}
	by := "Policy"
	if lang == "fr" {
		words = map[bool]string{true: "Oui.", false: "Non."}
		by = "Politique"
	}
	return s.printf("%s %s\n%s %s\n", words[e.Allowed], e.Text, by, e.Policy)
}

// wayOf is the one phoning connection that a person comes through.
func (s *session) wayOf(person string) (string, error) {
	cfg, err := s.load()
	if err != nil {
		return "", err
	}
	for _, p := range cfg.People {
		if string(p.ID) != person {
			continue
		}
		ways := slices.Sorted(maps.Keys(p.Phoning))
		switch len(ways) {
		case 0:
			return "", usagef("%s has no login on a phoning connection, so no right: give them one in %s, under phoning", person, s.Config)
		case 1:
			return string(ways[0]), nil
		}
		return "", usagef("%s comes through %d phoning connections %v: name one with --via", person, len(ways), ways)
	}
	return "", usagef("--as: there is no person %s in %s", person, s.Config)
}
