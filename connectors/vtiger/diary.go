package vtiger

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Busy tells when a user's calendar is taken, as far as the key may see it.
// Calls that were held and what was cancelled take no time.
func (c *conn) Busy(ctx context.Context, user string, from, to time.Time) ([]connector.Busy, error) {
	const op = "vtiger: busy"
	owner, err := c.user(ctx, op, user)
	if err != nil {
		return nil, err
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return nil, err
	}
	var out []connector.Busy
	for after := ""; ; {
		rows, err := c.query(ctx, op, query{
			columns: append([]string{"id"}, events.spanFields()...), module: events.name,
			where: c.taken(events, owner, after, from, to), order: "id", limit: maxRows,
		})
		if err != nil {
			return nil, err
		}
		for _, rec := range rows {
			after = rec["id"]
			begin, end, ok := events.spanOf(rec)
			if ok && begin.Before(to) && end.After(from) {
				out = append(out, connector.Busy{From: begin, To: end, ExternalID: events.own(rec["id"])})
			}
		}
		if len(rows) == 0 {
			slices.SortStableFunc(out, func(a, b connector.Busy) int { return a.From.Compare(b.From) })
			return out, nil
		}
	}
}

// taken is what an event fits that may lie between two moments: by whole days,
// for date and time are two fields.
func (c *conn) taken(events *module, owner, after string, from, to time.Time) string {
	first, last, day := "date_start", "due_date", time.DateOnly
	if _, joined := events.fields["dtstart"]; joined {
		first, last, day = "dtstart", "dtend", time.DateTime
	}
	all := []string{
		"assigned_user_id = " + quote(owner),
		first + " <= " + quote(to.In(c.zone).Format(day)),
		last + " >= " + quote(from.In(c.zone).Format(day)),
		"activitytype != " + quote(c.Call.Type),
		"eventstatus != " + quote(c.Appointment.Cancelled),
	}
	if after != "" {
		all = append(all, "id > "+quote(after))
	}
	return strings.Join(all, " AND ")
}

// Appointments shows appointments of ours as the CRM holds them now. One that
// the key may no longer see is not taken for deleted.
func (c *conn) Appointments(ctx context.Context, known []bridge.Meeting) ([]connector.Held, error) {
	const op = "vtiger: read appointments"
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return nil, err
	}
	columns := append([]string{"eventstatus", "assigned_user_id", modified}, events.spanFields()...)
	rows, err := c.meetings(ctx, op, events, columns, known)
	if err != nil {
		return nil, err
	}
	out := make([]connector.Held, len(known))
	for i, m := range known {
		rec := rows[m.ID]
		switch {
		case rec != nil:
			out[i] = c.held(events, rec)
		case moduleOf(m.ExternalID) == events.name:
			if out[i].Unseen, err = c.outOfSight(ctx, op, events.vendor(m.ExternalID)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// outOfSight says whether an event that no query shows is there all the same:
// the sharing rules of a query are not those of a single record.
func (c *conn) outOfSight(ctx context.Context, op, id string) (bool, error) {
	err := ofRecord(c.call(ctx, op, read("retrieve", "id", id), new(json.RawMessage)))
	switch f := fault.Of(err); {
	case err == nil, f.Kind == fault.Rejected && !f.NoRecord:
		return true, nil
	case f.NoRecord:
		return false, nil
	}
	return false, err
}

// meetings reads appointments by their id in the CRM, or by ours where that is
// not known. The answer is by our id.
func (c *conn) meetings(ctx context.Context, op string, events *module, columns []string, known []bridge.Meeting) (map[string]record, error) {
	out := map[string]record{}
	byID, keys := map[string]string{}, []string{}
	for _, m := range known {
		if moduleOf(m.ExternalID) == events.name {
			byID[events.vendor(m.ExternalID)] = m.ID
		} else {
			keys = append(keys, m.ID)
		}
	}
	marked, err := c.ours(ctx, op, events.name, columns, keys)
	if err != nil {
		return nil, err
	}
	for key := range marked {
		out[key] = marked.first(key)
	}
	ids := make([]string, 0, len(byID))
	for id := range byID {
		ids = append(ids, quote(id))
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(ids, maxRows) {
		rows, err := c.query(ctx, op, query{columns: append([]string{"id"}, columns...), module: events.name, where: "id in (" + strings.Join(chunk, ",") + ")", limit: maxRows})
		if err != nil {
			return nil, err
		}
		for _, rec := range rows {
			out[byID[rec["id"]]] = rec
		}
	}
	return out, nil
}

func (c *conn) held(events *module, rec record) connector.Held {
	h := connector.Held{Present: true, Cancelled: rec["eventstatus"] == c.Appointment.Cancelled, CRMUser: rec["assigned_user_id"]}
	if from, to, ok := events.spanOf(rec); ok {
		h.Slot = bridge.Slot{UTC: from, Minutes: int(to.Sub(from).Minutes())}
	}
	if at, err := moment(rec[modified], c.zone); err == nil {
		h.Modified = at
	}
	return h
}

// Remove deletes an event that the bridge made.
func (c *conn) Remove(ctx context.Context, kind bridge.WriteKind, externalID string) error {
	const op = "vtiger: remove"
	if prefixPattern.MatchString(externalID) {
		externalID = c.calendar() + ":" + externalID
	}
	if moduleOf(externalID) != c.calendar() || kind == bridge.WriteFields || kind == bridge.WriteOpposition {
		return fault.Newf(fault.Rejected, op, "the bridge makes no record of its own for a write of kind %q", kind)
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return err
	}
	id := events.vendor(externalID)
	rec, err := c.row(ctx, op, events, id, []string{c.Operation})
	switch {
	case err != nil:
		return absent(err)
	case len(c.marks(rec)) == 0:
		return fault.Newf(fault.Rejected, op, "the record bears no id of the bridge's")
	}
	return c.remove(ctx, op, id)
}
