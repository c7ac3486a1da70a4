package rest

import (
	"context"
	"net/http"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

// Apply carries the writes out one after the other.
func (c *conn) Apply(ctx context.Context, writes []bridge.Write) []connector.Receipt {
	return connector.OneByOne(writes, func(w bridge.Write) (connector.Receipt, error) {
		if !plainID(w.Prospect.ID) {
			return connector.Receipt{}, fault.Newf(fault.Rejected, "rest: "+string(w.Kind), "the write names no prospect of this CRM")
		}
		receipt, err := connector.Carry(ctx, "rest: write", c, w)
		if err != nil {
			err = c.explain(ctx, w, err)
		}
		return receipt, err
	})
}

// explain looks whether a write was refused because the CRM has no prospect
// under this id any more: deleted, merged into another or renumbered. It costs
// a read, and only where something was refused.
func (c *conn) explain(ctx context.Context, w bridge.Write, err error) error {
	f := fault.Of(err)
	redirected := f.Kind == fault.Permanent && httpx.Status(err) == 0
	if f.Kind != fault.Rejected && !redirected || f.NoRecord {
		return err
	}
	if _, _, gone := c.prospect(ctx, f.Op, w.Prospect.ID, nil); gone != nil && fault.Of(gone).NoRecord {
		return gone
	}
	return err
}

// LogCall logs a call.
func (c *conn) LogCall(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	b := c.Activity.body(w)
	b.set(c.Activity.Fields.Operation, string(w.Operation))
	b.set(c.Activity.Fields.Prospect, w.Prospect.ID)
	return c.create(ctx, "rest: log call", c.Activity.Places, b)
}

// MakeMeeting makes an appointment.
func (c *conn) MakeMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	b := c.Appointment.Fields.body(w.Meeting)
	b.set(c.Appointment.Fields.ID, w.Meeting.ID)
	b.set(c.Appointment.Fields.Operation, string(w.Operation))
	b.set(c.Appointment.Fields.Prospect, w.Prospect.ID)
	return c.create(ctx, "rest: make appointment", c.Appointment.Places, b)
}

// create makes a record. An answer without an id is good too: the record is
// found by ours.
func (c *conn) create(ctx context.Context, op string, p Places, b body) (connector.Receipt, error) {
	var answer any
	if err := c.call(ctx, op, request{method: http.MethodPost, path: p.Create, body: b}, &answer); err != nil {
		return connector.Receipt{}, err
	}
	if outer, ok := answer.(map[string]any); ok && p.Item != "" {
		answer = outer[p.Item]
	}
	made, _ := answer.(map[string]any)
	return connector.Receipt{State: connector.Accepted, ExternalID: text(made[p.ID])}, nil
}

// ReviseCall amends a call that was logged.
func (c *conn) ReviseCall(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "rest: revise call"
	rec, err := c.one(ctx, op, c.calls(), string(w.Call.Revises))
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, connector.MissingCall(op)
	}
	return c.change(ctx, op, c.calls(), rec, w.Operation, c.Activity.body(w))
}

// MoveMeeting moves an appointment.
func (c *conn) MoveMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "rest: move appointment"
	rec, err := c.meeting(ctx, op, w)
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, connector.MissingMeeting(op, w.Meeting)
	}
	b := c.Appointment.Fields.moved(w.Meeting)
	b.set(c.Appointment.Fields.ID, w.Meeting.ID) // again: somebody may have emptied it
	return c.change(ctx, op, c.meetings(), rec, w.Operation, b)
}

// CancelMeeting cancels an appointment.
func (c *conn) CancelMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "rest: cancel appointment"
	rec, err := c.meeting(ctx, op, w)
	if err != nil {
		return connector.Receipt{}, err
	}
	cancel := c.Appointment.Cancel
	switch {
	case rec == nil && w.Meeting.ExternalID != "":
		return connector.Receipt{State: connector.Stored}, nil // somebody deleted it: that is what was wanted
	case rec == nil:
		return connector.Receipt{}, connector.MissingMeeting(op, w.Meeting)
	case cancel.Delete:
		path := recordPath(c.Appointment.Change, text(rec[c.Appointment.ID]))
		err := c.call(ctx, op, request{method: http.MethodDelete, path: path}, new(any))
		return connector.Receipt{State: connector.Accepted}, err
	}
	b := body{cancel.Field: cancel.Value}
	b.set(cancel.Motive, w.Motive)
	b.set(c.Appointment.Fields.ID, w.Meeting.ID)
	return c.change(ctx, op, c.meetings(), rec, w.Operation, b)
}

// change writes to a record of ours and notes the operation in it.
func (c *conn) change(ctx context.Context, op string, k kept, rec record, operation bridge.OperationID, b body) (connector.Receipt, error) {
	id := text(rec[k.ID])
	held := text(rec[k.changes])
	if connector.Noted(held, operation) {
		return connector.Receipt{State: connector.Stored, ExternalID: id}, nil
	}
	b.set(k.changes, connector.Note(held, operation))
	err := c.call(ctx, op, request{method: k.Method, path: recordPath(k.Change, id), body: b}, new(any))
	return connector.Receipt{State: connector.Accepted, ExternalID: id}, err
}

// Oppose marks a prospect as not to be called.
func (c *conn) Oppose(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	b := body{c.Opposition.Field: c.Opposition.Value}
	b.set(c.Opposition.Motive, w.Motive)
	err := c.patchProspect(ctx, "rest: mark opposition", w.Prospect.ID, "", b)
	return connector.Receipt{State: connector.Accepted}, err
}

func (c *conn) patchProspect(ctx context.Context, op, id, match string, b body) error {
	path := recordPath(c.Prospects.Record, id)
	return c.call(ctx, op, request{method: c.Prospects.Method, path: path, body: b, match: match}, new(any))
}

// WriteFields writes the fields that hold what is expected.
func (c *conn) WriteFields(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "rest: write fields"
	names := make([]bridge.FieldName, len(w.Fields))
	for i, f := range w.Fields {
		if _, mapped := c.env.Fields[f.Name]; !mapped {
			return connector.Receipt{}, fault.Newf(fault.Rejected, op, "%s is not mapped to a field of this CRM", f.Name)
		}
		names[i] = f.Name
	}
	_, vendor := c.asked(names)
	rec, match, err := c.prospect(ctx, op, w.Prospect.ID, vendor)
	if err != nil {
		return connector.Receipt{}, err
	}
	receipt, b := connector.Receipt{State: connector.Stored}, body{}
	for _, f := range w.Fields {
		switch found := c.mapper.value(f.Name, rec[c.env.Fields[f.Name]]); found {
		case f.Value:
		case f.Expected:
			b.set(c.env.Fields[f.Name], c.mapper.json(f.Name, f.Value))
		default:
			receipt.Conflicts = append(receipt.Conflicts, connector.Conflict{Field: f.Name, Found: found})
		}
	}
	if len(b) == 0 {
		return receipt, nil // the read has shown it stored
	}
	receipt.State = connector.Accepted
	return receipt, changedMeanwhile(c.patchProspect(ctx, op, w.Prospect.ID, match, b))
}

// changedMeanwhile makes a failed If-Match a reason to read again.
func changedMeanwhile(err error) error {
	if httpx.Status(err) == http.StatusPreconditionFailed {
		fault.Of(err).Kind = fault.Unavailable
	}
	return err
}
