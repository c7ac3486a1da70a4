package main

import (
	"context"
	"time"
)

type outboxRecheckCmd struct {
	Connection string    `required:"" placeholder:"NAME" help:"The CRM."`
	Since      time.Time `required:"" placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00" help:"Look up what it has confirmed since then: 2026-03-02T18:00:00+01:00. Writes are known for as long as retention.writes says, 7 days unless told otherwise."`
	PutBack    bool      `help:"Write again what is gone. Without this it is only listed."`
}

// Run asks page by page: thousands of writes take their time within the CRM's
// limits.
func (c outboxRecheckCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needHub)
	if err != nil {
		return err
	}
	defer h.close()
	looked, gone := 0, []string{}
	for from := ""; ; {
		var page struct {
			Looked int      `json:"looked"`
			Gone   []string `json:"gone"`
			Next   string   `json:"next"`
		}
		ask := map[string]any{"connection": c.Connection, "since": c.Since, "from": from, "put_back": c.PutBack}
		if err := h.post(ctx, "/v1/outbox/recheck", ask, &page); err != nil {
			return err
		}
		looked, gone = looked+page.Looked, append(gone, page.Gone...)
		if from = page.Next; from == "" {
			break
		}
	}
	if s.JSON {
		return s.printJSON(map[string]any{"looked": looked, "gone": gone, "put_back": c.PutBack})
	}
	return c.say(s, looked, gone)
}

func (c outboxRecheckCmd) say(s *session, looked int, gone []string) error {
	for _, id := range gone {
		if err := s.println(id); err != nil {
			return err
		}
	}
	switch {
	case len(gone) == 0:
		return s.printf("%d writes looked up: all are there.\n", looked)
	case c.PutBack:
		return s.printf("%d writes looked up, %d are gone: they are written again. If the connection is paused: passerelle connection resume %s\n", looked, len(gone), c.Connection)
	}
	return s.printf("%d writes looked up, %d are gone: the same with --put-back writes them again.\n", looked, len(gone))
}
