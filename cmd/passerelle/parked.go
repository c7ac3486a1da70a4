package main

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

type parkedCmds struct {
	List   parkedListCmd   `cmd:"" help:"List the events that were not understood."`
	Replay parkedReplayCmd `cmd:"" help:"Take a parked event in again, once what was wrong is put right."`
}

type parkedListCmd struct {
	Limit int `default:"50" help:"At most so many."`
}

// parkedEvent is one as the API shows it.
type parkedEvent struct {
	ID         string    `json:"id"`
	Connection string    `json:"connection"`
	Received   time.Time `json:"received"`
	Reason     string    `json:"reason"`
	EventID    string    `json:"event_id"`
	Schema     string    `json:"schema"`
}

func (c parkedListCmd) Run(ctx context.Context, s *session) error {
	if c.Limit < 1 {
		return usagef("--limit: write a number from 1 on")
	}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	raw, more, err := h.list(ctx, "/v1/parked-events", url.Values{}, c.Limit)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(map[string]any{"items": raw})
	}
	return s.parked(raw, more)
}

func (s *session) parked(raw []json.RawMessage, more bool) error {
	if len(raw) == 0 {
		return s.println("No event is parked.")
	}
	events, err := all[parkedEvent](raw)
	if err != nil {
		return err
	}
	rows := make([][]string, len(events))
	for i, e := range events {
		rows[i] = []string{e.ID, e.Connection, age(e.Received), e.EventID, oneLine(e.Reason)}
	}
	if err := s.table([]string{"ID", "CONNECTION", "AGE", "EVENT", "REASON"}, rows); err != nil || !more {
		return err
	}
	return s.println("There are more: --limit shows them.")
}

type parkedReplayCmd struct {
	ID string `arg:"" help:"Of the event, as parked list shows it."`
}

// receipt is what became of an event's fields.
type receipt struct {
	ID       string   `json:"id"`
	Lead     string   `json:"lead"`
	Admitted []string `json:"admitted"`
	Proposed []string `json:"proposed"`
	Refused  []struct {
		Field  string `json:"field"`
		Reason string `json:"reason"`
	} `json:"refused"`
	Proposal string   `json:"proposal"`
	Flags    []string `json:"flags"`
}

func (c parkedReplayCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var raw json.RawMessage
	if err := h.post(ctx, "/v1/parked-events/"+url.PathEscape(c.ID)+"/replay", nil, &raw); err != nil {
		return err
	}
	return answer(s, raw, s.receipt)
}

func (s *session) receipt(r receipt) error {
	rows := [][2]string{
		{"Recorded", r.ID}, {"Lead", r.Lead}, {"Admitted", strings.Join(r.Admitted, ", ")},
		{"Proposed", strings.Join(r.Proposed, ", ")}, {"Proposal", r.Proposal}, {"Flags", strings.Join(r.Flags, ", ")},
	}
	for _, f := range r.Refused {
		rows = append(rows, [2]string{"Refused", f.Field + ": " + f.Reason})
	}
	return s.sheet(rows)
}
