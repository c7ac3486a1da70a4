package main

import (
	"context"
	"encoding/json"
	"net/url"

	"passerelle/internal/doctor"
)

type connectorCmds struct {
	Probe connectorProbeCmd `cmd:"" help:"Try a CRM out on one record that you name: read, note, appointment, move, cancel, and take it all away again."`
}

type connectorProbeCmd struct {
	Connection string `arg:"" help:"The CRM."`
	Record     string `required:"" placeholder:"ID" help:"The prospect's id in the CRM: the only record that is touched."`
	With       string `placeholder:"PERSON" help:"Of the config, whom the appointment is with; the owner of the CRM's key if left out."`
	Leave      bool   `help:"Go on where the connector cannot take away what is made."`
	Lang       string `enum:"en,fr" default:"en" help:"Of the answer: ${enum}."`
}

// Run waits for the report, also after a Ctrl-C: that one sends the probe to its
// clean-up.
func (c connectorProbeCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	path := "/v1/connections/" + url.PathEscape(c.Connection) + "/probe"
	whole := context.WithoutCancel(ctx)
	unheed := context.AfterFunc(ctx, func() { _ = h.post(whole, path+"/stop", nil, nil) }) // one that is over needs none
	defer unheed()
	var raw json.RawMessage
	ask := map[string]any{"record": c.Record, "with": c.With, "leave": c.Leave, "lang": c.Lang}
	if err := h.patient().post(whole, path, ask, &raw); err != nil {
		return err
	}
	var r doctor.ProbeReport
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	err = answer(s, raw, func(r doctor.ProbeReport) error { return s.println(r.Text(c.Lang)) })
	if err == nil && !r.OK() {
		err = errFindings
	}
	return err
}
