package main

import (
	"context"
	"encoding/json"
	"strconv"
)

type keyCmds struct {
	List   keyListCmd   `cmd:"" help:"List the data keys and how many records each has sealed."`
	Rotate keyRotateCmd `cmd:"" help:"Replace the data key by a new one, and seal everything again under it. Backups made before need the old key: keep a copy of it with them."`
}

// keys is the data key's ring as the API shows it.
type keys struct {
	Current string `json:"current"`
	File    string `json:"file"`
	Uses    []struct {
		ID      string `json:"id"`
		State   string `json:"state"`
		Records int    `json:"records"`
	} `json:"uses"`
}

type keyListCmd struct{}

func (keyListCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/keys", s.keys)
}

func (s *session) keys(k keys) error {
	rows := make([][]string, len(k.Uses))
	for i, u := range k.Uses {
		rows[i] = []string{u.ID, u.State, strconv.Itoa(u.Records)}
	}
	return s.table([]string{"KEY", "STATE", "RECORDS"}, rows)
}

type keyRotateCmd struct{}

func (keyRotateCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var raw json.RawMessage
	if err := h.post(ctx, "/v1/keys/rotate", nil, &raw); err != nil {
		return err
	}
	return answer(s, raw, func(k keys) error {
		if err := s.printf("The key %s in %s seals from now on.\n\n", k.Current, k.File); err != nil {
			return err
		}
		return s.keys(k)
	})
}
