package vtiger

import (
	"context"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

func (c *conn) makeMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: make appointment"
	target, err := c.target(ctx, op, w.Prospect.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	element, err := c.meetingElement(ctx, op, target.events, w.Meeting, []string{w.Meeting.ID, string(w.Operation)})
	if err != nil {
		return connector.Receipt{}, err
	}
	element[target.link] = target.id
	if err := c.fits(op, target.events, element); err != nil {
		return connector.Receipt{}, err
	}
	return c.create(ctx, op, target, element)
}

func (c *conn) meetingElement(ctx context.Context, op string, events *module, m *bridge.Meeting, marks []string) (record, error) {
	if m.Salesperson != "" && m.CRMUser == "" {
		return nil, fault.Newf(fault.Rejected, op, "the salesperson has no user in this CRM: add it to the person in the config")
	}
	owner, err := c.user(ctx, op, m.CRMUser)
	if err != nil {
		return nil, err
	}
	subject := m.Subject
	if subject == "" {
		subject = "Appointment"
	}
	element := record{
		"subject": cut(subject, maxSubject), "activitytype": c.Appointment.Type, "eventstatus": c.Appointment.Planned,
		"assigned_user_id": owner, "location": cut(m.Place, maxPlace),
	}
	if c.Appointment.Visibility != "" {
		element["visibility"] = c.Appointment.Visibility
	}
	events.span(element, m.Slot.UTC, time.Duration(m.Slot.Minutes)*time.Minute)
	text := m.Note
	if m.ValidatedBy != "" {
		text = strings.TrimSpace(text + "\n\nValidated by: " + string(m.ValidatedBy))
	}
	c.mark(element, text, marks)
	return element, nil
}

func (c *conn) moveMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: move appointment"
	rec, err := c.one(ctx, op, nil, w.Meeting.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, missingMeeting(op, w)
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return connector.Receipt{}, err
	}
	element, err := c.meetingElement(ctx, op, events, w.Meeting, append(c.marks(rec), string(w.Operation)))
	if err != nil {
		return connector.Receipt{}, err
	}
	return c.change(ctx, op, events, rec, w.Operation, element)
}

// cancelMeeting keeps the event, as not held: the salesperson sees what became
// of it.
func (c *conn) cancelMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: cancel appointment"
	rec, err := c.one(ctx, op, []string{description}, w.Meeting.ID)
	switch {
	case err != nil:
		return connector.Receipt{}, err
	case rec == nil && w.Meeting.ExternalID != "":
		return connector.Receipt{State: connector.Stored}, nil // somebody deleted it: that is what was wanted
	case rec == nil:
		return connector.Receipt{}, missingMeeting(op, w)
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
	c.mark(element, text, append(c.marks(rec), string(w.Operation)))
	return c.change(ctx, op, events, rec, w.Operation, element)
}

// missingMeeting tells a meeting that never was there from one that is gone: its
// id in the CRM is known only if it was.
func missingMeeting(op string, w bridge.Write) error {
	if w.Meeting.ExternalID != "" {
		return fault.Newf(fault.Rejected, op, "the appointment was deleted in the CRM")
	}
	return fault.Newf(fault.Rejected, op, "the appointment is not in the CRM: its own write was refused or given up")
}
