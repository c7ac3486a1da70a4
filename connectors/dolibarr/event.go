package dolibarr

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Apply carries the writes out one after the other.
func (c *conn) Apply(ctx context.Context, writes []bridge.Write) []connector.Receipt {
	return connector.OneByOne(writes, func(w bridge.Write) (connector.Receipt, error) {
		if !plainID(w.Prospect.ID) {
			return connector.Receipt{}, fault.Newf(fault.Rejected, "dolibarr: "+string(w.Kind), "the write names no third party of Dolibarr")
		}
		return connector.Carry(ctx, "dolibarr: write", c, w)
	})
}

// LogCall logs a call.
func (c *conn) LogCall(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: log call"
	owner, err := c.owner(ctx, op, cmp.Or(w.CRMUser, c.User))
	if err != nil {
		return connector.Receipt{}, err
	}
	return c.create(ctx, op, w, string(w.Operation), owner, c.callBody(w))
}

// MakeMeeting makes an appointment.
func (c *conn) MakeMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: make appointment"
	if w.Meeting.CRMUser == "" {
		return connector.Receipt{}, fault.Newf(fault.Rejected, op, "the salesperson has no user in Dolibarr: add it to people.*.crm")
	}
	owner, err := c.owner(ctx, op, w.Meeting.CRMUser)
	if err == nil {
		err = c.spellable(op, w.Meeting.Slot)
	}
	if err != nil {
		return connector.Receipt{}, err
	}
	return c.create(ctx, op, w, w.Meeting.ID, owner, c.meetingBody(w.Meeting))
}

// create makes an event of a third party. Dolibarr takes one for a third party
// that it does not have, so that is looked up first.
func (c *conn) create(ctx context.Context, op string, w bridge.Write, id, owner string, body map[string]any) (connector.Receipt, error) {
	if _, err := c.prospect(ctx, op, w.Prospect.ID, nil); err != nil && !errors.Is(err, errHidden) {
		return connector.Receipt{}, err
	}
	body["socid"] = w.Prospect.ID
	body["userownerid"] = owner
	body["userassigned"] = map[string]any{owner: assigned(owner)}
	body["caller"] = "passerelle"
	c.option(body, c.Events.ID, id)
	c.option(body, c.Events.Changes, string(w.Operation))
	var made any
	if err := c.call(ctx, op, request{method: http.MethodPost, path: "/agendaevents", body: body}, &made); err != nil {
		return connector.Receipt{}, err
	}
	return connector.Receipt{State: connector.Accepted, ExternalID: text(made)}, nil
}

func assigned(user string) map[string]any { return map[string]any{"id": user, "transparency": 1} }

// option puts an extra field into a body; without a code it does nothing.
func (c *conn) option(body map[string]any, code string, value any) {
	if code == "" {
		return
	}
	put(body, extra+code, value)
}

// ReviseCall amends a call that was logged.
func (c *conn) ReviseCall(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: revise call"
	rec, err := c.one(ctx, op, string(w.Call.Revises))
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, connector.MissingCall(op)
	}
	return c.change(ctx, op, rec, w.Operation, c.callBody(w))
}

// MoveMeeting moves an appointment.
func (c *conn) MoveMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: move appointment"
	rec, err := c.appointment(ctx, op, w)
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, connector.MissingMeeting(op, w.Meeting)
	}
	if err := c.spellable(op, w.Meeting.Slot); err != nil {
		return connector.Receipt{}, err
	}
	body := movedBody(w.Meeting)
	c.option(body, c.Events.ID, w.Meeting.ID) // again: somebody may have emptied it
	if w.Meeting.CRMUser != "" {
		owner, err := c.owner(ctx, op, w.Meeting.CRMUser)
		if err != nil {
			return connector.Receipt{}, err
		}
		handOver(body, rec, owner)
	}
	return c.change(ctx, op, rec, w.Operation, body)
}

// spellable refuses an appointment that begins or ends in the hour that the
// server's clock shows twice: Dolibarr stores it without saying which is meant.
func (c *conn) spellable(op string, s bridge.Slot) error {
	if connector.Twice(s, c.env.Zone) {
		return fault.Newf(fault.Rejected, op, "the appointment begins or ends in the hour that the clock of Dolibarr's server shows twice: choose another time")
	}
	return nil
}

// handOver makes an event somebody's; others who take part still do.
func handOver(body map[string]any, rec record, owner string) {
	body["userownerid"] = owner
	before := text(rec["userownerid"])
	if before == owner {
		return
	}
	users, _ := rec["userassigned"].(map[string]any)
	users = maps.Clone(users)
	if users == nil {
		users = map[string]any{}
	}
	delete(users, before)
	users[owner] = assigned(owner)
	body["userassigned"] = users
}

// cancelled stands before the label of an appointment that was cancelled and is
// kept: Dolibarr has no such state.
const cancelled = "Annulé :"

func isCancelled(rec record) bool { return strings.HasPrefix(text(rec["label"]), cancelled) }

// CancelMeeting cancels an appointment.
func (c *conn) CancelMeeting(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: cancel appointment"
	rec, err := c.appointment(ctx, op, w)
	if err != nil {
		return connector.Receipt{}, err
	}
	switch {
	case rec == nil && w.Meeting.ExternalID != "":
		return connector.Receipt{State: connector.Stored}, nil // somebody deleted it: that is what was wanted
	case rec == nil:
		return connector.Receipt{}, connector.MissingMeeting(op, w.Meeting)
	case c.Appointment.Cancel == cancelDelete:
		return connector.Receipt{State: connector.Accepted}, c.remove(ctx, op, text(rec["id"]))
	}
	note := strings.TrimSpace(formRich.read(text(rec["note_private"])) + "\n" + w.Motive)
	body := map[string]any{
		"label":        formStrict.write(clip(cancelled+" "+strings.TrimPrefix(text(rec["label"]), cancelled), maxLabel)),
		"note_private": formRich.write(note),
		"percentage":   100,
		"transparency": 0,
	}
	c.option(body, c.Events.ID, w.Meeting.ID)
	return c.change(ctx, op, rec, w.Operation, body)
}

// change writes to an event of ours and notes the operation in it. The owner is
// repeated: without one Dolibarr judges the right to write by nobody's events.
func (c *conn) change(ctx context.Context, op string, rec record, operation bridge.OperationID, body map[string]any) (connector.Receipt, error) {
	id := text(rec["id"])
	held := c.changes(rec)
	if connector.Noted(held, operation) {
		return connector.Receipt{State: connector.Stored, ExternalID: id}, nil
	}
	if body["userownerid"] == nil {
		body["userownerid"] = cmp.Or(text(rec["userownerid"]), "0")
	}
	body["caller"] = "passerelle"
	c.option(body, c.Events.Changes, connector.Note(held, operation))
	if err := c.complete(ctx, op, body, rec); err != nil {
		return connector.Receipt{}, err
	}
	var now record // false where the database refused
	err := c.call(ctx, op, request{method: http.MethodPut, path: "/agendaevents/" + id, body: body}, &now)
	return connector.Receipt{State: connector.Accepted, ExternalID: id}, err
}

// changes is the operations that made or changed an event.
func (c *conn) changes(rec record) string {
	held, _ := rec.field(extra + c.Events.Changes)
	return text(held)
}

// Remove deletes an event that a write of ours has made.
func (c *conn) Remove(ctx context.Context, kind bridge.WriteKind, externalID string) error {
	const op = "dolibarr: remove"
	if kind != bridge.WriteActivity && kind != bridge.WriteMeeting || !plainID(externalID) {
		return fault.Newf(fault.Rejected, op, "only calls and appointments of ours can be removed")
	}
	found, err := c.eventsByID(ctx, op, []string{externalID})
	rec, there := found[externalID]
	switch {
	case err != nil || !there:
		return err
	case c.idOf(rec) == "":
		return fault.Newf(fault.Rejected, op, "the event bears no id of ours: it stays")
	}
	return c.remove(ctx, op, externalID)
}

func (c *conn) remove(ctx context.Context, op, id string) error {
	err := c.call(ctx, op, request{method: http.MethodDelete, path: "/agendaevents/" + id}, new(any))
	if errors.Is(err, errNoEvent) {
		return nil
	}
	return err
}

// epoch is how events' moments travel.
func epoch(t time.Time) int64 { return t.Unix() }
