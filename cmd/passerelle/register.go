package main

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bilingual"
)

// The way a policy becomes active: one person proposes it, another activates
// it, and the register keeps a line of it.

type policyVersion struct {
	N        uint64    `json:"n"`
	At       time.Time `json:"at"`
	Policy   string    `json:"policy"`
	Motive   string    `json:"motive"`
	Author   string    `json:"author"`
	Approver string    `json:"approver"`
}

type policyDraft struct {
	Policy string    `json:"policy"`
	Base   string    `json:"base"`
	Motive string    `json:"motive"`
	Author string    `json:"author"`
	At     time.Time `json:"at"`
}

var (
	policyProposed = bilingual.Text{
		"Policy {policy} is proposed. Compare it with passerelle policy diff active {policy};\nsomebody else than {author} activates it with passerelle policy activate {policy}.",
		"La politique {policy} est proposée. Comparez-la par passerelle policy diff active {policy} ;\nquelqu'un d'autre que {author} l'active par passerelle policy activate {policy}.",
	}
	policyActive    = bilingual.Text{"Policy {policy} decides from now on: line {line} of the register.", "La politique {policy} décide désormais : ligne {line} du registre."}
	policyWithdrawn = bilingual.Text{"Policy {policy} is no longer proposed.", "La politique {policy} n'est plus proposée."}
	noDrafts        = bilingual.Text{"No policy is proposed.", "Aucune politique n'est proposée."}
	noLine          = bilingual.Text{"there is no line {line} in the register: passerelle policy history shows them", "le registre n'a pas de ligne {line} : passerelle policy history les montre"}

	// The heads of columns.
	draftHeads   = bilingual.Text{"POLICY|BY|AGE|MOTIVE", "POLITIQUE|PAR|ÂGE|MOTIF"}
	historyHeads = bilingual.Text{"LINE|SINCE|POLICY|PROPOSED BY|ACTIVATED BY|MOTIVE", "LIGNE|DEPUIS|POLITIQUE|PROPOSÉE PAR|ACTIVÉE PAR|MOTIF"}
)

// policyText asks the hub to do something with a policy's text.
type policyText struct {
	Text   string `json:"text"`
	Motive string `json:"motive"`
}

type policyProposeCmd struct {
	File   string `arg:"" help:"The policy as it is to be."`
	Motive string `required:"" placeholder:"TEXT" help:"Why; it stands in the register."`
	Lang   string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyProposeCmd) Run(ctx context.Context, s *session) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return usageError{err}
	}
	return s.proposed(ctx, policyText{string(text), c.Motive})
}

// proposed proposes a text and says how it goes on.
func (s *session) proposed(ctx context.Context, ask policyText) error {
	return order(ctx, s, "/v1/policy/drafts", ask, func(d policyDraft) error {
		return s.println(policyProposed.Fill(s.Lang, "{policy}", d.Policy, "{author}", d.Author))
	})
}

type policyDraftsCmd struct {
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (policyDraftsCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/policy/drafts", func(found struct {
		Items []policyDraft `json:"items"`
	}) error {
		if len(found.Items) == 0 {
			return s.println(noDrafts.In(s.Lang))
		}
		rows := make([][]string, len(found.Items))
		for i, d := range found.Items {
			rows[i] = []string{d.Policy, d.Author, age(d.At), oneLine(d.Motive)}
		}
		return s.table(strings.Split(draftHeads.In(s.Lang), "|"), rows)
	})
}

type policyActivateCmd struct {
	Hash string `arg:"" help:"Of the policy, as propose and drafts show it."`
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyActivateCmd) Run(ctx context.Context, s *session) error {
	return order(ctx, s, "/v1/policy/drafts/"+url.PathEscape(c.Hash)+"/activate", nil, s.activated)
}

func (s *session) activated(v policyVersion) error {
	return s.println(policyActive.Fill(s.Lang, "{policy}", v.Policy, "{line}", strconv.FormatUint(v.N, 10)))
}

type policyWithdrawCmd struct {
	Hash string `arg:"" help:"Of the draft."`
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyWithdrawCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/policy/drafts/"+url.PathEscape(c.Hash)+"/withdraw", nil, nil); err != nil {
		return err
	}
	return s.done(policyWithdrawn.Fill(s.Lang, "{policy}", c.Hash))
}

type policyHistoryCmd struct {
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (policyHistoryCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/policy", func(now struct {
		Register []policyVersion `json:"register"`
	}) error {
		rows := make([][]string, len(now.Register))
		for i, v := range now.Register {
			rows[i] = []string{strconv.FormatUint(v.N, 10), moment(v.At), v.Policy, v.Author, v.Approver, oneLine(v.Motive)}
		}
		return s.table(strings.Split(historyHeads.In(s.Lang), "|"), rows)
	})
}

type policyRollbackCmd struct {
	Line   uint64 `arg:"" help:"Of the register, as history shows it: the policy to go back to."`
	Motive string `required:"" placeholder:"TEXT" help:"Why; it stands in the register."`
	Lang   string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// Run proposes an earlier policy: going back needs two people as going on does.
func (c policyRollbackCmd) Run(ctx context.Context, s *session) error {
	text, err := s.textOf(ctx, c.Line)
	if err != nil {
		return err
	}
	return s.proposed(ctx, policyText{text, c.Motive})
}

// textOf is the policy of a line of the register.
func (s *session) textOf(ctx context.Context, line uint64) (string, error) {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return "", err
	}
	defer h.close()
	var now struct {
		Register []policyVersion `json:"register"`
	}
	if err := h.get(ctx, "/v1/policy", &now); err != nil {
		return "", err
	}
	at := slices.IndexFunc(now.Register, func(v policyVersion) bool { return v.N == line })
	if at < 0 {
		return "", usagef("%s", noLine.Fill(s.Lang, "{line}", strconv.FormatUint(line, 10)))
	}
	var old policyText
	err = h.get(ctx, "/v1/policy/versions/"+now.Register[at].Policy, &old)
	return old.Text, err
}

type policyAdoptCmd struct {
	File   string `arg:"" help:"The policy as it is to be."`
	Motive string `required:"" placeholder:"TEXT" help:"Why; it stands in the register."`
	Lang   string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

func (c policyAdoptCmd) Run(ctx context.Context, s *session) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return usageError{err}
	}
	return order(ctx, s, "/v1/policy/adopt", policyText{string(text), c.Motive}, s.activated)
}
