package main

import (
	"context"
	"os"
	"time"
)

type policySimulateCmd struct {
	File  string `arg:"" help:"The policy as it is to be."`
	Since span   `default:"30d" placeholder:"DURATION" help:"How far back, like 72h, 30d or 4w; 30 days if left out. Decisions are kept for retention.decisions."`
	Lang  string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// Run asks the hub, or the store while none runs, to decide again.
func (c policySimulateCmd) Run(ctx context.Context, s *session) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return usageError{err}
	}
	ask := map[string]any{"text": string(text), "since": c.Since.before(time.Now()), "lang": c.Lang}
	return order(ctx, s, "/v1/policy/simulate", ask, func(f struct{ Text string }) error { return s.printf("%s", f.Text) })
}

type policyShadowCmd struct {
	Lang string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// Run asks the hub, which alone knows.
func (c policyShadowCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needHub)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/policy/shadow?lang="+c.Lang, func(f struct{ Text string }) error { return s.printf("%s", f.Text) })
}
