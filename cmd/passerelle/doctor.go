package main

import (
	"context"
	"encoding/json"
	"net/url"

	"passerelle/internal/doctor"
)

type doctorCmd struct {
	Connection string `arg:"" optional:"" help:"The one to look at; all of them if left out."`
	Lang       string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// Run asks the hub, or while none runs looks from here.
func (c doctorCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	h = h.patient() // as long as the CRMs take
	names, err := c.names(ctx, h)
	if err != nil {
		return err
	}
	var raw []json.RawMessage
	for _, name := range names {
		var one json.RawMessage
		if err := h.get(ctx, "/v1/connections/"+url.PathEscape(name)+"/examination?lang="+c.Lang, &one); err != nil {
			return err
		}
		raw = append(raw, one)
	}
	reports, err := all[doctor.Report](raw)
	if err != nil {
		return err
	}
	if err := c.print(s, raw, reports); err != nil {
		return err
	}
	for _, r := range reports {
		if !r.OK() {
			return errFindings
		}
	}
	return nil
}

// names are the connections to look at. The console is no connector's.
func (c doctorCmd) names(ctx context.Context, h *hub) ([]string, error) {
	if c.Connection != "" {
		return []string{c.Connection}, nil
	}
	var found struct {
		Items []connection `json:"items"`
	}
	err := h.get(ctx, "/v1/connections", &found)
	var names []string
	for _, one := range found.Items {
		if one.Type != "console" {
			names = append(names, one.Name)
		}
	}
	return names, err
}

func (c doctorCmd) print(s *session, raw []json.RawMessage, reports []doctor.Report) error {
	if s.JSON {
		return s.printJSON(map[string]any{"connections": raw})
	}
	for i, r := range reports {
		if i > 0 {
			if err := s.println(); err != nil {
				return err
			}
		}
		if err := s.println(r.Text(c.Lang)); err != nil {
			return err
		}
	}
	return nil
}
