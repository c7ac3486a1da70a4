package main

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"time"
)

type connectionCmds struct {
	List   connectionListCmd   `cmd:"" help:"List the connections and what waits for them."`
	Resume connectionResumeCmd `cmd:"" help:"End a connection's pause, if its check passes."`
}

type connectionListCmd struct{}

// connection is one as the API shows it.
type connection struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Type   string `json:"type"`
	Paused *struct {
		Reason string    `json:"reason"`
		Since  time.Time `json:"since"`
	} `json:"paused"`
	Breaker  string         `json:"breaker"`
	Trouble  string         `json:"trouble"`
	Writes   map[string]int `json:"writes"`
	Oldest   time.Time      `json:"oldest"`
	Findings []crmFinding   `json:"findings"`
}

// crmFinding is something that a CRM did with writes and should not have.
type crmFinding struct {
	Finding string    `json:"finding"`
	Count   int       `json:"count"`
	Last    time.Time `json:"last"`
	Entry   string    `json:"entry"`
}

// words is what people call a finding.
func (f crmFinding) words() string {
	switch f.Finding {
	case "not_stored":
		return "said yes and did not store it"
	case "stored_late":
		return "said yes and showed it only later"
	case "stored_twice":
		return "stored it twice: delete one there"
	case "no_record":
		return "has no prospect under its id any more"
	case "vanished":
		return "showed it and has lost it since"
	}
	return f.Finding
}

func (connectionListCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needHub)
	if err != nil {
		return err
	}
	defer h.close()
	return show(ctx, s, h, "/v1/connections", func(found struct {
		Items []connection `json:"items"`
	}) error {
		rows := make([][]string, len(found.Items))
		for i, c := range found.Items {
			rows[i] = c.row()
		}
		err := s.table([]string{"CONNECTION", "TYPE", "STATE", "ON THE WAY", "PARKED", "CONFLICTS", "OLDEST", "REASON"}, rows)
		if err != nil {
			return err
		}
		return s.findings(found.Items)
	})
}

// findings says what the CRMs got wrong, if they did.
func (s *session) findings(connections []connection) error {
	var rows [][]string
	for _, c := range connections {
		for _, f := range c.Findings {
			rows = append(rows, []string{c.Name, strconv.Itoa(f.Count), f.words(), age(f.Last), f.Entry})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.println(); err != nil {
		return err
	}
	return s.table([]string{"CONNECTION", "WRITES", "WHAT THE CRM DID", "LAST", "LAST WRITE"}, rows)
}

func (c connection) row() []string {
	state, reason := "works", ""
	switch {
	case c.Paused != nil:
		state, reason = "paused", oneLine(c.Paused.Reason)
	case c.Breaker != "" && c.Breaker != "closed":
		state, reason = "does not answer", oneLine(cmp.Or(c.Trouble, "it is asked again by itself"))
	}
	row := []string{c.Name, c.Type, state, "", "", "", age(c.Oldest), reason}
	if c.Kind == "crm" { // writes go to CRMs
		onTheWay := 0
		for _, state := range []string{"pending", "relayed", "sending", "sent"} {
			onTheWay += c.Writes[state]
		}
		row[3], row[4], row[5] = strconv.Itoa(onTheWay), strconv.Itoa(c.Writes["parked"]), strconv.Itoa(c.Writes["conflict"])
	}
	return row
}

type connectionResumeCmd struct {
	Name string `arg:"" help:"Of the connection."`
}

func (c connectionResumeCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needHub)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.post(ctx, "/v1/connections/"+url.PathEscape(c.Name)+"/resume", nil, nil); err != nil {
		return err
	}
	return s.done(c.Name + " works again.")
}
