package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
)

type outboxCmds struct {
	List    outboxListCmd    `cmd:"" help:"List writes, the oldest first."`
	Show    outboxShowCmd    `cmd:"" help:"Show a write."`
	Retry   outboxRetryCmd   `cmd:"" help:"Let parked or waiting writes go at once."`
	Discard outboxDiscardCmd `cmd:"" help:"Give writes up: the CRM never gets them."`
	Resolve outboxResolveCmd `cmd:"" help:"Settle conflicts: say whose value stays."`
	Recheck outboxRecheckCmd `cmd:"" help:"Look up in a CRM what it has confirmed, and write again what it has lost."`
	Rebuild outboxRebuildCmd `cmd:"" help:"Make the stream anew and publish all writes again. Safe at any time."`
}

// write is an entry of the outbox as the API shows it.
type write struct {
	ID         string        `json:"id"`
	Connection string        `json:"connection"`
	Kind       string        `json:"kind"`
	State      string        `json:"state"`
	ProspectID string        `json:"prospect_id"`
	Lead       string        `json:"lead"`
	Proposal   string        `json:"proposal"`
	Operation  string        `json:"operation"`
	Author     string        `json:"author"`
	Fields     []writeChange `json:"fields"`
	Attempts   int           `json:"attempts"`
	Created    time.Time     `json:"created"`
	Changed    time.Time     `json:"changed"`
	NotUntil   time.Time     `json:"not_until"`
	Deadline   time.Time     `json:"deadline"`
	Reason     string        `json:"reason"`
	Finding    string        `json:"finding"`
	ExternalID string        `json:"external_id"`
	By         string        `json:"superseded_by"`
}

type writeChange struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Conflict bool   `json:"conflict"`
}

type outboxListCmd struct {
	State      string `placeholder:"STATE" enum:",${writeStates}" default:"" help:"Only those in this state (${writeStates}); all that are not finished if left out."`
	Connection string `placeholder:"NAME" help:"Only those bound for this CRM."`
	Limit      int    `default:"50" help:"At most so many."`
}

// writeStates are the words of --state.
func writeStates(wanted func(outbox.State) bool) []string {
	var out []string
	for _, s := range outbox.States() {
		if wanted(s) {
			out = append(out, string(s))
		}
	}
	return out
}

func (c outboxListCmd) Run(ctx context.Context, s *session) error {
	if c.Limit < 1 {
		return usagef("--limit: write a number from 1 on")
	}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	states := []string{c.State}
	if c.State == "" {
		states = writeStates(func(s outbox.State) bool { return !s.Final() })
	}
	var found []write
	var raw []json.RawMessage
	more := false
	for _, state := range states {
		items, rest, err := c.inState(ctx, h, state)
		if err != nil {
			return err
		}
		raw, more = append(raw, items...), more || rest
	}
	if raw, found, err = byAge(raw); err != nil {
		return err
	}
	if len(found) > c.Limit {
		raw, found, more = raw[:c.Limit], found[:c.Limit], true
	}
	if len(found) == 0 && c.Connection != "" && !s.knows(c.Connection) {
		return usagef("--connection: there is no connection %s in %s", c.Connection, s.Config)
	}
	if s.JSON {
		return s.printJSON(map[string]any{"items": raw})
	}
	return s.writes(found, more)
}

// knows says whether the config has the connection; a doubt counts as yes.
func (s *session) knows(name string) bool {
	cfg, _ := s.load() // it may lack the secrets that the hub has
	if cfg == nil {
		return true
	}
	_, ok := cfg.Connection(bridge.ConnectionName(name))
	return ok
}

// inState lists at most Limit writes in a state, and whether there are more.
func (c outboxListCmd) inState(ctx context.Context, h *hub, state string) (items []json.RawMessage, more bool, err error) {
	query := url.Values{"state": {state}}
	if c.Connection != "" {
		query.Set("connection", c.Connection)
	}
	return h.list(ctx, "/v1/outbox", query, c.Limit)
}

// byAge sorts writes by their ids, which sort by age.
func byAge(raw []json.RawMessage) ([]json.RawMessage, []write, error) {
	found := make([]write, len(raw))
	at := map[string]json.RawMessage{}
	for i := range raw {
		if err := json.Unmarshal(raw[i], &found[i]); err != nil {
			return nil, nil, err
		}
		at[found[i].ID] = raw[i]
	}
	slices.SortFunc(found, func(a, b write) int { return cmp.Compare(a.ID, b.ID) })
	sorted := make([]json.RawMessage, len(found))
	for i, w := range found {
		sorted[i] = at[w.ID]
	}
	return sorted, found, nil
}

func (s *session) writes(found []write, more bool) error {
	if len(found) == 0 {
		return s.println("No such writes.")
	}
	rows := make([][]string, len(found))
	for i, w := range found {
		rows[i] = []string{w.ID, w.State, w.Connection, w.Kind, w.ProspectID, strconv.Itoa(w.Attempts), age(w.Created), oneLine(w.Reason)}
	}
	if err := s.table([]string{"ID", "STATE", "CONNECTION", "KIND", "PROSPECT", "TRIES", "AGE", "REASON"}, rows); err != nil {
		return err
	}
	if more {
		return s.println("There are more: --limit shows them.")
	}
	return nil
}

type outboxShowCmd struct {
	ID string `arg:"" help:"Of the write, as outbox list shows it."`
}

func (c outboxShowCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/outbox/"+url.PathEscape(c.ID), func(w write) error {
		if err := s.write(w); err != nil || len(w.Fields) == 0 || !h.token.IsZero() {
			return err
		}
		return s.println("\nThe operator sees no values: --token-file shows them to who may read them.")
	})
}

func (s *session) write(w write) error {
	err := s.sheet([][2]string{
		{"Write", w.ID}, {"State", w.State}, {"Reason", oneLine(w.Reason)}, {"Finding", w.Finding}, {"Connection", w.Connection}, {"Kind", w.Kind},
		{"Prospect", w.ProspectID}, {"Lead", w.Lead}, {"Proposal", w.Proposal}, {"Operation", w.Operation}, {"Author", w.Author},
		{"Tries", strconv.Itoa(w.Attempts)}, {"Made", moment(w.Created)}, {"Changed", moment(w.Changed)},
		{"Not before", moment(w.NotUntil)}, {"Writer has until", moment(w.Deadline)},
		{"In the CRM as", w.ExternalID}, {"Superseded by", w.By},
	})
	if err != nil || len(w.Fields) == 0 {
		return err
	}
	rows := make([][]string, len(w.Fields))
	for i, f := range w.Fields {
		rows[i] = []string{f.Name, oneLine(f.Value), oneLine(f.Expected), oneLine(f.Found)}
		if f.Conflict && f.Found == "" {
			rows[i][3] = "(something else)"
		}
	}
	if err := s.println(); err != nil {
		return err
	}
	return s.table([]string{"FIELD", "NEW", "EXPECTED", "FOUND"}, rows)
}

type outboxRetryCmd struct {
	IDs []string `arg:"" name:"id" help:"Of the writes."`
}

func (c outboxRetryCmd) Run(ctx context.Context, s *session) error {
	return s.each(ctx, c.IDs, func(h *hub, id string, into any) error {
		return h.post(ctx, "/v1/outbox/"+url.PathEscape(id)+"/retry", nil, into)
	})
}

type outboxDiscardCmd struct {
	IDs    []string `arg:"" name:"id" help:"Of the writes."`
	Motive string   `required:"" placeholder:"TEXT" help:"Why they are given up; it stands in the ledger."`
}

func (c outboxDiscardCmd) Run(ctx context.Context, s *session) error {
	return s.each(ctx, c.IDs, func(h *hub, id string, into any) error {
		return h.post(ctx, "/v1/outbox/"+url.PathEscape(id)+"/discard", map[string]string{"motive": c.Motive}, into)
	})
}

type outboxResolveCmd struct {
	IDs  []string `arg:"" name:"id" help:"Of the writes in conflict."`
	Keep string   `required:"" enum:"crm,ours" placeholder:"crm|ours" help:"Whose value stays: what the CRM holds, or what was recorded here."`
}

func (c outboxResolveCmd) Run(ctx context.Context, s *session) error {
	return s.each(ctx, c.IDs, func(h *hub, id string, into any) error {
		return h.post(ctx, "/v1/conflicts/"+url.PathEscape(id)+"/resolve", map[string]string{"keep": c.Keep}, into)
	})
}

// each does the same to several writes. One that is refused does not keep the
// others back.
func (s *session) each(ctx context.Context, ids []string, do func(h *hub, id string, into any) error) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var refusals []error
	for _, id := range ids {
		var raw json.RawMessage
		err := do(h, id, &raw)
		if _, no := errors.AsType[*refusal](err); no && len(ids) > 1 {
			refusals = append(refusals, fmt.Errorf("%s: %w", id, err))
			continue
		}
		if err != nil {
			return err
		}
		if err := s.became(raw); err != nil {
			return err
		}
	}
	return errors.Join(refusals...)
}

// became prints in which state something was left.
func (s *session) became(raw json.RawMessage) error {
	if s.JSON {
		return s.printJSON(raw)
	}
	var now struct{ ID, State string }
	if err := json.Unmarshal(raw, &now); err != nil {
		return err
	}
	return s.printf("%s is %s\n", now.ID, strings.ReplaceAll(now.State, "_", " "))
}

type outboxRebuildCmd struct{}

func (outboxRebuildCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needHub)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/outbox/rebuild", nil, nil); err != nil {
		return err
	}
	return s.done("The stream was made anew; all open writes are published again.")
}
