package vtiger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// LogCall makes an event of the type of calls. With notes in comments, the note
// goes first, found by the same operation before it is written again: the event
// is what proves the whole.
func (c *conn) LogCall(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: log call"
	target, err := c.target(ctx, op, w.Prospect.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	owner, err := c.author(ctx, op, w)
	if err != nil {
		return connector.Receipt{}, err
	}
	element := c.callElement(target.events, w, []string{string(w.Operation)})
	element["assigned_user_id"] = owner
	element[target.link] = target.id
	if err := c.fits(op, target.events, element); err != nil {
		return connector.Receipt{}, err
	}
	if c.Call.Notes == "comments" && w.Call.Note != "" {
		if err := c.comment(ctx, op, w, target.id, owner); err != nil {
			return connector.Receipt{}, err
		}
	}
	return c.create(ctx, op, target, element)
}

// author is whose call it is in the CRM.
func (c *conn) author(ctx context.Context, op string, w bridge.Write) (string, error) {
	if c.Call.Owner == "key" {
		return c.user(ctx, op, "")
	}
	return c.user(ctx, op, w.CRMUser)
}

func (c *conn) callElement(events *module, w bridge.Write, marks []string) record {
	call := w.Call
	disposition := string(call.Disposition)
	if theirs, ok := c.Call.Dispositions[disposition]; ok {
		disposition = theirs
	} else if other, ok := c.Call.Dispositions["*"]; ok {
		disposition = other
	}
	status := c.Call.NotHeld
	if call.Technical == bridge.Answered {
		status = c.Call.Held
	}
	element := record{
		"subject": cut(c.Call.Subject+": "+disposition, maxSubject), "activitytype": c.Call.Type, "eventstatus": status,
	}
	events.span(element, call.At, time.Duration(call.TalkS)*time.Second)
	if c.Call.Disposition != "" {
		element[c.Call.Disposition] = disposition
	}
	lines := []string{}
	if c.Call.Notes == description && call.Note != "" {
		lines = append(lines, call.Note, "")
	}
	lines = append(lines, "Outcome: "+disposition, "Line: "+string(call.Technical))
	if call.Attempt > 0 {
		lines = append(lines, fmt.Sprintf("Attempt: %d", call.Attempt))
	}
	lines = append(lines, fmt.Sprintf("Duration: %d s", call.TalkS), "Caller: "+string(call.Caller))
	c.mark(element, strings.Join(lines, "\n"), marks)
	return element
}

// ReviseCall amends a call that was logged.
func (c *conn) ReviseCall(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: revise call"
	rec, err := c.one(ctx, op, nil, string(w.Call.Revises))
	if err != nil {
		return connector.Receipt{}, err
	}
	if rec == nil {
		return connector.Receipt{}, connector.MissingCall(op)
	}
	target, err := c.target(ctx, op, w.Prospect.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	if c.Call.Notes == "comments" && w.Call.Note != "" {
		owner, err := c.author(ctx, op, w)
		if err == nil {
			err = c.comment(ctx, op, w, target.id, owner)
		}
		if err != nil {
			return connector.Receipt{}, err
		}
	}
	marks := c.marks(rec)
	return c.change(ctx, op, target.events, rec, w.Operation, c.callElement(target.events, w, append(marks, string(w.Operation))))
}

// comment writes a call's note as a comment of the prospect, unless it is there:
// one comment for a call, however often it is amended.
func (c *conn) comment(ctx context.Context, op string, w bridge.Write, prospect, owner string) error {
	m, err := c.describe(ctx, op, "ModComments")
	if err != nil {
		return err
	}
	mark := "[passerelle " + w.Event() + "]"
	where := "related_to = " + quote(prospect) + " AND commentcontent like " + quote("%"+mark+"%")
	there, err := c.query(ctx, op, query{columns: []string{"id", "commentcontent"}, module: m.name, where: where, limit: 1})
	if err != nil {
		return err
	}
	element := record{"commentcontent": w.Call.Note + "\n" + mark}
	operation, id := "revise", ""
	switch {
	case len(there) == 0:
		operation, element["related_to"], element["assigned_user_id"] = "create", prospect, owner
	case there[0]["commentcontent"] == element["commentcontent"]:
		return nil
	default:
		id = there[0]["id"]
	}
	if err := c.fits(op, m, element); err != nil {
		return err
	}
	if _, err = c.send(ctx, op, m, operation, id, element); err != nil {
		return c.denied(m, err)
	}
	return nil
}
