package dolibarr

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Busy answers when a user has events of their own. Events that they only take
// part in are not told: Dolibarr filters by owner alone.
func (c *conn) Busy(ctx context.Context, user string, from, to time.Time) ([]connector.Busy, error) {
	const op = "dolibarr: busy"
	owner, err := c.owner(ctx, op, user)
	if err != nil {
		return nil, err
	}
	var out []connector.Busy
	for page := 0; ; page++ {
		found, err := c.events(ctx, op, url.Values{
			"user_ids":   {owner},
			"sqlfilters": {fmt.Sprintf("(t.datep:<:'%s') and (t.datep2:>:'%s')", c.naive(to.Add(clockChange)), c.naive(from.Add(-clockChange)))},
			"properties": {"id,label,type,datep,datef"},
			"sortfield":  {"t.datep,t.id"},
			"limit":      {fmt.Sprint(pageSize)}, "page": {fmt.Sprint(page)},
		})
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			if b, taken := busyOf(rec, from, to); taken {
				out = append(out, b)
			}
		}
		if len(found) == 0 {
			slices.SortStableFunc(out, func(a, b connector.Busy) int { return a.From.Compare(b.From) })
			return out, nil
		}
	}
}

// clockChange is how far the server's spelling of a moment may lie off in the
// night when its clock is changed.
const clockChange = 2 * time.Hour

// busyOf is the span that an event takes. What Dolibarr notes by itself takes
// none, nor does what was cancelled.
func busyOf(rec record, from, to time.Time) (connector.Busy, bool) {
	b := connector.Busy{From: moment(rec["datep"]), To: moment(rec["datef"]), ExternalID: text(rec["id"])}
	taken := b.From.Before(b.To) && b.From.Before(to) && b.To.After(from)
	return b, taken && text(rec["type"]) != "systemauto" && !isCancelled(rec)
}

// Appointments answers what became of appointments, known by Dolibarr's id or
// else by ours.
func (c *conn) Appointments(ctx context.Context, known []bridge.Meeting) ([]connector.Held, error) {
	const op = "dolibarr: appointments"
	var ids []string
	for _, m := range known {
		if plainID(m.ExternalID) {
			ids = append(ids, m.ExternalID)
		}
	}
	byID, err := c.eventsByID(ctx, op, ids)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, m := range known {
		if !plainID(m.ExternalID) {
			keys = append(keys, m.ID)
		}
	}
	byKey, err := c.listed(ctx, op, keys)
	if err != nil {
		return nil, err
	}
	out := make([]connector.Held, len(known))
	for i, m := range known {
		rec := byID[m.ExternalID]
		if found := byKey[m.ID]; len(found) > 0 {
			rec = found[0]
		}
		switch {
		case c.idOf(rec) == m.ID:
			out[i] = held(rec)
		case plainID(m.ExternalID):
			if out[i], err = c.unlisted(ctx, op, m); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// unlisted answers for an appointment that no list shows as ours. It is gone
// only once a read by its id says so: its extra field may have been emptied, or
// the key may not see its third party any more.
func (c *conn) unlisted(ctx context.Context, op string, m bridge.Meeting) (connector.Held, error) {
	rec, err := c.eventByID(ctx, op, m.ExternalID)
	switch {
	case err == nil && rec == nil:
		return connector.Held{}, nil
	case err == nil && c.idOf(rec) == m.ID:
		return held(rec), nil
	case err == nil, denied(err):
		return connector.Held{Unseen: true}, nil
	}
	return connector.Held{}, err
}

// eventsByID reads events by Dolibarr's own ids.
func (c *conn) eventsByID(ctx context.Context, op string, ids []string) (map[string]record, error) {
	slices.Sort(ids)
	out := map[string]record{}
	for chunk := range slices.Chunk(slices.Compact(ids), manyRecords) {
		found, err := c.events(ctx, op, url.Values{
			"sqlfilters": {"(t.id:in:" + strings.Join(chunk, ",") + ")"},
			"properties": {eventProperties},
			"limit":      {fmt.Sprint(len(chunk))},
		})
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			if !slices.Contains(chunk, text(rec["id"])) {
				return nil, fault.Newf(fault.Permanent, op, "Dolibarr listed an event that was not asked for: it ignores sqlfilters")
			}
			out[text(rec["id"])] = rec
		}
	}
	return out, nil
}

func held(rec record) connector.Held {
	start, end := moment(rec["datep"]), moment(rec["datef"])
	h := connector.Held{
		Present: true, Cancelled: isCancelled(rec),
		Slot: bridge.Slot{UTC: start}, CRMUser: text(rec["userownerid"]), Modified: moment(rec["datem"]),
	}
	if end.After(start) {
		h.Slot.Minutes = int(end.Sub(start) / time.Minute)
	}
	return h
}
