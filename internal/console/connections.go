package console

import (
	"cmp"
	"net/http"
	"strings"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/desk"
	"passerelle/internal/doctor"
	"passerelle/internal/outbox"
)

type connectionRow struct {
	Name            bridge.ConnectionName
	Type, State     string // state: works, paused or down
	Why, Since      string // in the CRM's words
	CRM             bool
	Waiting         int
	Parked, Clashed int
	Oldest, Last    string // since when the oldest write waits; when the CRM last confirmed one
	Findings        []string
}

// connections lists how each connection does.
func (c *Console) connections(v *visit) error { return v.connectionsWith(http.StatusOK, nil) }

func (v *visit) connectionsWith(status int, n *notice) error {
	var rows []connectionRow
	for _, c := range v.opts.Connections() {
		s, err := v.opts.Relay.Standing(c)
		if err != nil {
			return err
		}
		row := connectionRow{
			Name: c.Name, Type: c.Type, State: "works", CRM: c.Kind == connector.CRM, Waiting: s.Waiting(),
			Parked: s.Writes[outbox.Parked], Clashed: s.Writes[outbox.Conflicted], Last: v.when(s.Confirmed),
		}
		if !s.Oldest.IsZero() {
			row.Oldest = v.ago(v.now.Sub(s.Oldest))
		}
		switch {
		case s.Paused != nil:
			row.State, row.Why, row.Since = "paused", s.Paused.Reason, v.when(s.Paused.Since)
		case s.Breaker != "" && s.Breaker != httpx.BreakerClosed:
			row.State, row.Why = "down", cmp.Or(s.Trouble, v.look.words.text("connections.again"))
		}
		for _, f := range s.Findings {
			row.Findings = append(row.Findings, v.look.words.text("connections.finding."+string(f.Finding), f.Count))
		}
		rows = append(rows, row)
	}
	return v.showWith(status, "connections", n, rows)
}

type examinedPage struct {
	doctor.Report
	Findings []examinedRow
	Clock    int // seconds that the CRM's is ahead
}

type examinedRow struct {
	Level       doctor.Level
	About, Text string
}

// examined is what the doctor finds wrong with a connection, asked now.
func (c *Console) examined(v *visit) error {
	name := bridge.ConnectionName(v.param("name"))
	r, there, err := c.opts.Examine(v.r.Context(), name, v.look.lang)
	if err != nil {
		return err
	}
	if !there {
		return &desk.NotFound{What: bilingual.Text{"connection", "de connexion"}, ID: string(name)}
	}
	page := examinedPage{Report: r, Clock: int(r.ClockS)}
	for _, f := range r.Findings {
		page.Findings = append(page.Findings, examinedRow{f.Level, f.About, strings.TrimSpace(f.Text)})
	}
	return v.show(http.StatusOK, "connection", page)
}

// resume ends a connection's pause.
func (c *Console) resume(v *visit) error {
	err := c.opts.Relay.ResumeFor(v.r.Context(), v.actor, bridge.ConnectionName(v.param("name")))
	if err != nil {
		status, text, known := v.wrong(err)
		if !known {
			return err
		}
		return v.connectionsWith(status, &notice{"wrong", text})
	}
	v.flash("done", v.look.words.text("connections.resumed"))
	v.redirect("/governance/connections")
	return nil
}
