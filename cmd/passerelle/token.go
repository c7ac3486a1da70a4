package main

import (
	"context"
	"net/url"
	"time"
)

type tokenCmds struct {
	New    tokenNewCmd    `cmd:"" help:"Make a service token for a program. It is shown this once."`
	List   tokenListCmd   `cmd:"" help:"List which programs come in with a service token."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a service token at once."`
}

// serviceToken is a token as the API shows it.
type serviceToken struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Person     string    `json:"person"`
	Connection string    `json:"connection"`
	Role       string    `json:"role"`
	ReadOnly   bool      `json:"read_only"`
	Expires    time.Time `json:"expires"`
	Revoked    time.Time `json:"revoked"`
	LastUsed   time.Time `json:"last_used"`
	LastClient string    `json:"last_client"`
	Ended      bool      `json:"ended"`
	Token      string    `json:"token"`
}

func (t serviceToken) state() string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked"
	case t.Ended:
		return "expired"
	case t.Role == "":
		return "no role"
	case t.ReadOnly:
		return "read-only"
	}
	return "good"
}

type tokenNewCmd struct {
	Name       string `arg:"" help:"Of the program. Two tokens of one name are good at a time: the one in use and the next."`
	Person     string `required:"" help:"As whom it acts: with their role, in their scopes, and nothing beyond."`
	Connection string `placeholder:"NAME" help:"What it comes through, if the person has logins on several."`
	ReadOnly   bool   `help:"It may read only."`
	Days       int    `default:"90" help:"Until it ends, 366 at most."`
}

func (c tokenNewCmd) Run(ctx context.Context, s *session) error {
	if c.Days < 1 || c.Days > 366 {
		return usagef("--days: write a number from 1 to 366: a token without an end is not made")
	}
	body := map[string]any{"name": c.Name, "person": c.Person, "connection": c.Connection, "read_only": c.ReadOnly, "days": c.Days}
	return order(ctx, s, "/v1/tokens", body, func(t serviceToken) error {
		if err := s.println(t.Token); err != nil {
			return err
		}
		_, err := s.Stderr.Write([]byte("It is shown this once, and ends on " + moment(t.Expires) + ".\n"))
		return err
	})
}

type tokenListCmd struct{}

func (tokenListCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/tokens", func(found struct{ Items []serviceToken }) error {
		rows := make([][]string, len(found.Items))
		for i, t := range found.Items {
			rows[i] = []string{t.ID, t.Name, t.Person, t.Connection, t.Role, t.state(), moment(t.Expires), moment(t.LastUsed), t.LastClient}
		}
		return s.table([]string{"ID", "NAME", "PERSON", "CONNECTION", "ROLE", "STATE", "EXPIRES", "LAST USED", "FROM"}, rows)
	})
}

type tokenRevokeCmd struct {
	ID     string `arg:"" help:"As token list shows it: the part between the two underscores."`
	Motive string `placeholder:"TEXT" help:"Why."`
}

func (c tokenRevokeCmd) Run(ctx context.Context, s *session) error {
	body := map[string]string{"motive": c.Motive}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/tokens/"+url.PathEscape(c.ID)+"/revoke", body, nil); err != nil {
		return err
	}
	return s.done("The token opens nothing any more.")
}
