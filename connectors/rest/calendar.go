package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

// Busy asks the CRM when a user is taken. What it lists outside the time asked
// for is left out.
func (c *conn) Busy(ctx context.Context, user string, from, to time.Time) ([]connector.Busy, error) {
	const op = "rest: busy"
	s := c.settings.Busy
	if s == nil {
		return nil, fault.New(fault.Rejected, op, unsaid("busy"))
	}
	path := strings.NewReplacer(
		"{user}", url.QueryEscape(user), "{from}", url.QueryEscape(instant(from)), "{to}", url.QueryEscape(instant(to)),
	).Replace(s.Path)
	listed, err := c.records(ctx, op, path, s.List)
	if err != nil {
		return nil, err
	}
	var out []connector.Busy
	for n, rec := range listed {
		b := connector.Busy{From: moment(rec[s.From]), To: moment(rec[s.To]), ExternalID: text(rec[s.ID])}
		if b.From.IsZero() || b.To.IsZero() {
			return nil, fault.Newf(fault.Unavailable, op, "entry %d of the list has no RFC 3339 %s or %s", n+1, s.From, s.To)
		}
		if b.From.Before(to) && b.To.After(from) {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b connector.Busy) int { return a.From.Compare(b.From) })
	return out, nil
}

// Appointments reads ours by our ids, and those that no find shows by theirs.
func (c *conn) Appointments(ctx context.Context, known []bridge.Meeting) ([]connector.Held, error) {
	const op = "rest: read appointments"
	keys := make([]string, len(known))
	for i, m := range known {
		keys[i] = m.ID
	}
	found, err := c.many(ctx, op, c.meetings(), keys)
	if err != nil {
		return nil, err
	}
	out := make([]connector.Held, len(known))
	for i, m := range known {
		if rec := found.first(m.ID); rec != nil {
			out[i] = c.Appointment.held(rec)
			continue
		}
		if out[i], err = c.notFound(ctx, op, m); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// notFound answers for an appointment that no find shows. Without our id it may
// be anybody's by now.
func (c *conn) notFound(ctx context.Context, op string, m bridge.Meeting) (connector.Held, error) {
	rec, err := c.appointment(ctx, op, m.ExternalID)
	switch {
	case err == nil && rec == nil:
		return connector.Held{}, nil
	case err == nil && text(rec[c.Appointment.Fields.ID]) == m.ID:
		return c.Appointment.held(rec), nil
	case err == nil, fault.Of(err).Kind == fault.Rejected:
		return connector.Held{Unseen: true}, nil
	}
	return connector.Held{}, err
}

func (s appointmentSettings) held(rec record) connector.Held {
	minutes, _ := strconv.Atoi(string(bridge.FieldDef{Type: bridge.Integer}.Held(text(rec[s.Fields.Minutes]))))
	return connector.Held{
		Present:   true,
		Cancelled: s.Cancel.Field != "" && text(rec[s.Cancel.Field]) == text(s.Cancel.Value),
		Slot:      bridge.Slot{UTC: moment(rec[s.Fields.Start]), Minutes: minutes},
		CRMUser:   text(rec[s.Fields.User]),
	}
}

// Remove deletes a call or an appointment that bears an id of ours.
func (c *conn) Remove(ctx context.Context, kind bridge.WriteKind, externalID string) error {
	const op = "rest: remove"
	var k kept
	switch kind {
	case bridge.WriteActivity:
		k = c.calls()
	case bridge.WriteMeeting:
		k = c.meetings()
	default:
		return fault.Newf(fault.Rejected, op, "only calls and appointments are ever removed")
	}
	switch {
	case k.Remove == "":
		return fault.New(fault.Rejected, op, unsaid(k.name+".remove"))
	case !plainID(externalID):
		return fault.Newf(fault.Rejected, op, "the id is not one of this CRM")
	}
	rec, err := c.byID(ctx, op, k, externalID)
	switch {
	case err != nil || rec == nil:
		return err
	case text(rec[k.key]) == "":
		return fault.Newf(fault.Rejected, op, "the record bears no id of ours: it stays")
	}
	path := recordPath(k.Remove, externalID)
	if err := c.call(ctx, op, request{method: http.MethodDelete, path: path}, new(any)); !absent(err) {
		return err
	}
	return nil
}

func absent(err error) bool {
	status := httpx.Status(err)
	return status == http.StatusNotFound || status == http.StatusGone
}
