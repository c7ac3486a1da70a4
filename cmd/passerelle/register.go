package main

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strconv"
	"time"
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

// policyText asks the hub to do something with a policy's text.
type policyText struct {
	Text   string `json:"text"`
	Motive string `json:"motive"`
}

type policyProposeCmd struct {
	File   string `arg:"" help:"The policy as it is to be."`
	Motive string `required:"" placeholder:"TEXT" help:"Why; it stands in the register."`
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
		return s.printf("Policy %s is proposed. Compare it with passerelle policy diff active %s;\nsomebody else than %s activates it with passerelle policy activate %s.\n", d.Policy, d.Policy, d.Author, d.Policy)
	})
}

type policyDraftsCmd struct{}

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
			return s.println("No policy is proposed.")
		}
		rows := make([][]string, len(found.Items))
		for i, d := range found.Items {
			rows[i] = []string{d.Policy, d.Author, age(d.At), oneLine(d.Motive)}
		}
		return s.table([]string{"POLICY", "BY", "AGE", "MOTIVE"}, rows)
	})
}

type policyActivateCmd struct {
	Hash string `arg:"" help:"Of the policy, as propose and drafts show it."`
}

func (c policyActivateCmd) Run(ctx context.Context, s *session) error {
	return order(ctx, s, "/v1/policy/drafts/"+url.PathEscape(c.Hash)+"/activate", nil, s.activated)
}

func (s *session) activated(v policyVersion) error {
	return s.printf("Policy %s decides from now on: line %d of the register.\n", v.Policy, v.N)
}

type policyWithdrawCmd struct {
	Hash string `arg:"" help:"Of the draft."`
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
	return s.done("Policy " + c.Hash + " is no longer proposed.")
}

type policyHistoryCmd struct{}

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
		return s.table([]string{"LINE", "SINCE", "POLICY", "PROPOSED BY", "ACTIVATED BY", "MOTIVE"}, rows)
	})
}

type policyRollbackCmd struct {
	Line   uint64 `arg:"" help:"Of the register, as history shows it: the policy to go back to."`
	Motive string `required:"" placeholder:"TEXT" help:"Why; it stands in the register."`
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
		return "", usagef("there is no line %d in the register: passerelle policy history shows them", line)
	}
	var old policyText
	err = h.get(ctx, "/v1/policy/versions/"+now.Register[at].Policy, &old)
	return old.Text, err
}

type policyAdoptCmd struct {
	File   string `arg:"" help:"The policy as it is to be."`
	Motive string `required:"" placeholder:"TEXT" help:"Why; it stands in the register."`
}

func (c policyAdoptCmd) Run(ctx context.Context, s *session) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return usageError{err}
	}
	return order(ctx, s, "/v1/policy/adopt", policyText{string(text), c.Motive}, s.activated)
}
