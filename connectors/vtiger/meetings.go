package vtiger

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// MakeMeeting makes an appointment.
func (c *conn) MakeMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: make appointment"
	target, err := c.target(ctx, op, w.Prospect.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	element, err := c.moved(ctx, op, target.events, w.Meeting)
	if err != nil {
		return connector.Receipt{}, err
	}
	if element["assigned_user_id"], err = c.user(ctx, op, w.Meeting.CRMUser); err != nil {
		return connector.Receipt{}, err
	}
	c.describeMeeting(element, w.Meeting, []string{w.Meeting.ID, string(w.Operation)})
	element[target.link] = target.id
	if err := c.fits(op, target.events, element); err != nil {
		return connector.Receipt{}, err
	}
	return c.create(ctx, op, target, element)
}

// moved is what a move changes: when an appointment is, and whose. What people
// wrote into it since is theirs.
func (c *conn) moved(ctx context.Context, op string, events *module, m *bridge.Meeting) (record, error) {
	element := record{}
	switch {
	case m.CRMUser != "":
		owner, err := c.user(ctx, op, m.CRMUser)
		if err != nil {
			return nil, err
		}
		element["assigned_user_id"] = owner
	case m.Salesperson != "":
		return nil, fault.Newf(fault.Rejected, op, "the salesperson has no user in this CRM: add it to the person in the config")
	}
	if connector.Twice(m.Slot, events.zone) {
		return nil, fault.Newf(fault.Rejected, op, "the appointment begins or ends in the hour that the clock of the site's database shows twice: choose another time")
	}
	events.span(element, m.Slot.UTC, time.Duration(m.Slot.Minutes)*time.Minute)
	return element, nil
}

// describeMeeting says what an appointment is about, as it is made.
func (c *conn) describeMeeting(element record, m *bridge.Meeting, marks []string) {
	element["subject"] = cut(cmp.Or(m.Subject, "Appointment"), maxSubject)
	element["activitytype"], element["eventstatus"] = c.Appointment.Type, c.Appointment.Planned
	element["location"] = cut(m.Place, maxPlace)
	if c.Appointment.Visibility != "" {
		element["visibility"] = c.Appointment.Visibility
	}
	text := m.Note
	if m.ValidatedBy != "" {
		text = strings.TrimSpace(text + "\n\nValidated by: " + string(m.ValidatedBy))
	}
	c.mark(element, text, marks)
}

// meeting reads the event of an appointment: by its id in the CRM, or where that
// is not known by its mark, which a person may take away, or copy with the event.
// nil: it is not there. One that the key may not see is an error.
func (c *conn) meeting(ctx context.Context, op string, m *bridge.Meeting) (record, error) {
	if m.ExternalID == "" {
		return c.one(ctx, op, []string{description}, m.ID)
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return nil, err
	}
	if moduleOf(m.ExternalID) != events.name {
		rec, err := c.one(ctx, op, []string{description}, m.ID)
		if err != nil || rec != nil {
			return rec, err
		}
		return nil, fault.Newf(fault.Rejected, op, "no event bears the appointment's id, and its id in the CRM is none of %s", events.name)
	}
	columns := slices.Compact(slices.Sorted(slices.Values([]string{c.Operation, description})))
	rec, err := c.row(ctx, op, events, events.vendor(m.ExternalID), columns)
	if err != nil {
		return nil, absent(err)
	}
	return rec, nil
}

// marksOf are an event's marks, the appointment's own again the first.
func (c *conn) marksOf(rec record, m *bridge.Meeting) []string {
	marks := c.marks(rec)
	if len(marks) == 0 || marks[0] != m.ID {
		return append([]string{m.ID}, marks...)
	}
	return marks
}

// MoveMeeting moves an appointment.
func (c *conn) MoveMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: move appointment"
	rec, err := c.meeting(ctx, op, w.Meeting)
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, connector.MissingMeeting(op, w.Meeting)
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return connector.Receipt{}, err
	}
	element, err := c.moved(ctx, op, events, w.Meeting)
	if err != nil {
		return connector.Receipt{}, err
	}
	c.remark(element, unmarked(rec[description]), append(c.marksOf(rec, w.Meeting), string(w.Operation)))
	return c.change(ctx, op, events, rec, w.Operation, element)
}

// CancelMeeting keeps the event, as not held: the salesperson sees what became
// of it.
func (c *conn) CancelMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: cancel appointment"
	rec, err := c.meeting(ctx, op, w.Meeting)
	switch {
	case err != nil:
		return connector.Receipt{}, err
	case rec == nil && w.Meeting.ExternalID != "":
		return connector.Receipt{State: connector.Stored}, nil // somebody deleted it: that is what was wanted
	case rec == nil:
		return connector.Receipt{}, connector.MissingMeeting(op, w.Meeting)
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return connector.Receipt{}, err
	}
	element := record{"eventstatus": c.Appointment.Cancelled}
	text := unmarked(rec[description])
	if w.Motive != "" {
		text = strings.TrimSpace(text + "\n\nCancelled: " + w.Motive)
	}
	c.mark(element, text, append(c.marksOf(rec, w.Meeting), string(w.Operation)))
	return c.change(ctx, op, events, rec, w.Operation, element)
}
