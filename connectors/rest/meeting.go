package rest

import (
	"context"
	"net/http"

	"passerelle/internal/bridge"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

// meeting finds the record of an appointment, nil if there is none. A find does
// not show one that a person has taken our id from, so one that was there is
// only gone once a read of its own path says so.
func (c *conn) meeting(ctx context.Context, op string, w bridge.Write) (record, error) {
	rec, err := c.one(ctx, op, c.meetings(), w.Meeting.ID)
	if err != nil || rec != nil {
		return rec, err
	}
	return c.unmarked(ctx, op, w)
}

// unmarked reads an appointment under its id in the CRM, nil if it is gone.
// Without our id it is taken for ours only as long as it is of the same prospect.
func (c *conn) unmarked(ctx context.Context, op string, w bridge.Write) (record, error) {
	rec, err := c.appointment(ctx, op, w.Meeting.ExternalID)
	if err != nil || rec == nil {
		return nil, err
	}
	keys := c.Appointment.Fields
	switch text(rec[keys.ID]) {
	case w.Meeting.ID:
		return rec, nil
	case "":
		if text(rec[keys.Prospect]) == w.Prospect.ID {
			return rec, nil
		}
	}
	return nil, fault.Newf(fault.Rejected, op, "record %s was the appointment and bears another %s now, or none and is of another prospect: put it right in the CRM, or change it there by hand", w.Meeting.ExternalID, keys.ID)
}

// appointment reads one under its id in the CRM; nil: it is gone, or the
// settings name no path to read it by.
func (c *conn) appointment(ctx context.Context, op, id string) (record, error) {
	if c.Appointment.Remove == "" || !plainID(id) {
		return nil, nil
	}
	rec, err := c.byID(ctx, op, c.meetings(), id)
	if httpx.Status(err) == http.StatusForbidden {
		return nil, fault.Newf(fault.Rejected, op, "the credential may not see the appointment (any more): give it the right in the CRM, or change the appointment there by hand")
	}
	return rec, err
}

// byID reads a record that the bridge made under the CRM's own id, nil if it is
// gone.
func (c *conn) byID(ctx context.Context, op string, k kept, id string) (record, error) {
	var answer any
	err := c.call(ctx, op, request{method: http.MethodGet, path: recordPath(k.Remove, id)}, &answer)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rec, err := item(op, answer, k.Item)
	if shown := text(rec[k.ID]); err == nil && shown != "" && shown != id {
		return nil, fault.Newf(fault.Rejected, op, "the CRM shows another record under the id of one of ours: it was merged or renumbered there")
	}
	return rec, err
}

// addUnmarked completes what was found with the appointments that no find shows.
// One that cannot be judged counts as there and unchanged.
func (c *conn) addUnmarked(ctx context.Context, op string, writes []bridge.Write, found listed) error {
	for _, w := range writes {
		if w.Meeting == nil || len(found[w.Meeting.ID]) > 0 {
			continue
		}
		rec, err := c.unmarked(ctx, op, w)
		if err != nil {
			if fault.Of(err).Kind != fault.Rejected {
				return err
			}
			rec = record{c.Appointment.ID: w.Meeting.ExternalID}
		}
		if rec != nil {
			found[w.Meeting.ID] = []record{rec}
		}
	}
	return nil
}
