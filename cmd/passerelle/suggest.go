package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"passerelle/internal/policy"
)

type policySuggestCmd struct {
	File  string `arg:"" default:"active" help:"The policy: a file, or active for the one in force."`
	Since span   `default:"30d" placeholder:"DURATION" help:"How far back to look, like 72h, 30d or 4w; 30 days if left out. Decisions are kept for retention.decisions."`
	Lang  string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// suggestRequest is the API's.
type suggestRequest struct {
	Text  string    `json:"text,omitempty"`
	File  string    `json:"file,omitempty"`
	Since time.Time `json:"since"`
	Lang  string    `json:"lang"`
}

// Run asks the hub, or the store while none runs, what was used.
func (c policySuggestCmd) Run(ctx context.Context, s *session) error {
	ask := suggestRequest{Since: c.Since.before(time.Now()), Lang: c.Lang}
	if c.File != active {
		text, err := os.ReadFile(c.File)
		if err != nil {
			return usageError{err}
		}
		ask.Text, ask.File = string(text), c.File
	}
	return order(ctx, s, "/v1/policy/suggest", ask, func(f struct{ Text string }) error { return s.printf("%s", f.Text) })
}

const unusedGrant policy.Check = "unused_grant"

// unused finds what of the policy nobody used in a time.
func (s *session) unused(ctx context.Context, p *policy.Policy, file, lang string, since time.Time) ([]policy.Advice, error) {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var found struct {
		Since  time.Time
		Done   int
		Offers []struct {
			File      string
			Line, Col int
			Path      string
			Text      string
		}
	}
	ask := suggestRequest{Text: string(p.Text()), File: file, Since: since, Lang: lang}
	var raw json.RawMessage
	if err := h.post(ctx, "/v1/policy/suggest", ask, &raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &found); err != nil || found.Done == 0 {
		return nil, err
	}
	said := "nobody used this since " + found.Since.Format(time.DateOnly)
	if lang == "fr" {
		said = "personne ne s'en est servi depuis le " + found.Since.Format(time.DateOnly)
	}
	var out []policy.Advice
	for _, o := range found.Offers {
		out = append(out, policy.Advice{
			Check: unusedGrant, Pos: policy.Pos{File: o.File, Line: o.Line, Col: o.Col}, Path: o.Path, Text: said, Fix: o.Text,
		})
	}
	return out, nil
}
