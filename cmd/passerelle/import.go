package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"passerelle/internal/doctor"
)

type policyImportCmd struct {
	From string `required:"" placeholder:"CONNECTION" help:"The CRM, like crm.main."`
	Lang string `enum:"en,fr" default:"en" help:"Of what it says besides: ${enum}."`
}

// Run prints the draft, to keep as a file; whose rights each role of it has goes
// beside it, for people's logins are no part of a policy.
func (c policyImportCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var raw json.RawMessage
	if err := h.patient().get(ctx, "/v1/connections/"+url.PathEscape(c.From)+"/policy?lang="+c.Lang, &raw); err != nil {
		return err
	}
	return answer(s, raw, func(d doctor.Draft) error {
		for _, r := range d.Roles {
			if _, err := fmt.Fprintf(s.Stderr, "%s: %s\n", r.Role, strings.Join(r.Users, ", ")); err != nil {
				return err
			}
		}
		return s.printf("%s", d.Text)
	})
}
