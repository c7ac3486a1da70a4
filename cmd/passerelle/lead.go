package main

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type leadCmds struct {
	Show leadShowCmd `cmd:"" help:"Show a lead as the token's person may see it."`
}

type leadShowCmd struct {
	ID string `arg:"" help:"Of the lead."`
}

// leadView is a lead as the API shows it.
type leadView struct {
	Lead struct {
		ID         string    `json:"id"`
		Campaign   string    `json:"campaign"`
		ProspectID string    `json:"prospect_id"`
		State      string    `json:"state"`
		Attempts   int       `json:"attempts"`
		Assignee   string    `json:"assignee"`
		HeldBy     string    `json:"held_by"`
		HeldUntil  time.Time `json:"held_until"`
		NextAt     time.Time `json:"next_at"`
		Last       string    `json:"last_disposition"`
		Flags      []string  `json:"flags"`
	} `json:"lead"`
	Card     map[string]string `json:"card"`
	Context  map[string]string `json:"context"`
	Outcomes []struct {
		At          time.Time `json:"at"`
		Author      string    `json:"author"`
		Disposition string    `json:"disposition"`
		Note        string    `json:"note"`
	} `json:"outcomes"`
}

func (c leadShowCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	if h.token.IsZero() {
		return usagef("the operator of the machine may see no lead: give a person's token by --token-file or PASSERELLE_TOKEN")
	}
	return show(ctx, s, h, "/v1/leads/"+url.PathEscape(c.ID), s.lead)
}

func (s *session) lead(v leadView) error {
	l := v.Lead
	rows := [][2]string{
		{"Lead", l.ID}, {"Campaign", l.Campaign}, {"Prospect", l.ProspectID}, {"State", l.State}, {"Assignee", l.Assignee},
		{"On the line of", l.HeldBy}, {"Until", moment(l.HeldUntil)},
		{"Attempts", strconv.Itoa(l.Attempts)}, {"Last result", l.Last}, {"Not before", moment(l.NextAt)}, {"Flags", strings.Join(l.Flags, ", ")},
	}
	for _, fields := range []map[string]string{v.Card, v.Context} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			rows = append(rows, [2]string{name, oneLine(fields[name])})
		}
	}
	if err := s.sheet(rows); err != nil || len(v.Outcomes) == 0 {
		return err
	}
	calls := make([][]string, len(v.Outcomes))
	for i, o := range v.Outcomes {
		calls[i] = []string{moment(o.At), o.Author, o.Disposition, oneLine(o.Note)}
	}
	if err := s.println(); err != nil {
		return err
	}
	return s.table([]string{"CALL", "BY", "RESULT", "NOTE"}, calls)
}
