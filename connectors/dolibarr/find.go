package dolibarr

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Find looks for calls and appointments by our ids, many in one list, and for
// changes of prospects by listing them with what was written.
func (c *conn) Find(ctx context.Context, writes []bridge.Write) ([]connector.Sighting, error) {
	const op = "dolibarr: find"
	var keys, ids, vendor []string
	for _, w := range writes {
		switch key := w.Event(); {
		case key != "":
			keys = append(keys, key)
		case plainID(w.Prospect.ID):
			ids = append(ids, w.Prospect.ID)
			vendor = append(vendor, c.touched(w)...)
		}
	}
	events, err := c.listed(ctx, op, keys)
	if err != nil {
		return nil, err
	}
	if err := c.addUnmarked(ctx, op, writes, events); err != nil {
		return nil, err
	}
	slices.Sort(ids)
	slices.Sort(vendor)
	parties, err := c.prospects(ctx, op, slices.Compact(ids), slices.Compact(vendor))
	if err != nil {
		return nil, err
	}
	out := make([]connector.Sighting, len(writes))
	for i, w := range writes {
		if key := w.Event(); key != "" {
			out[i] = c.eventSeen(w, itself(events[key], w))
		} else {
			out[i] = c.partySeen(w, parties[w.Prospect.ID])
		}
	}
	return out, nil
}

// touched is the properties that a write of a prospect changes.
func (c *conn) touched(w bridge.Write) []string {
	if w.Kind == bridge.WriteOpposition {
		return []string{propStatus}
	}
	_, vendor := c.mapper.asked(names(w.Fields))
	return vendor
}

// one finds the event with one of our ids, nil if there is none.
func (c *conn) one(ctx context.Context, op, key string) (record, error) {
	found, err := c.listed(ctx, op, []string{key})
	if err != nil || len(found[key]) == 0 {
		return nil, err
	}
	return found[key][0], nil
}

// ourID is what our ids look like: anything else would change the filter that
// it stands in.
var ourID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// eventProperties are what is read of events.
const eventProperties = "id,label,datep,datef,userownerid,userassigned,percentage,note_private,datem,array_options"

// listed finds the events with our ids; Dolibarr has two of one id if it
// carried a request out twice.
func (c *conn) listed(ctx context.Context, op string, keys []string) (map[string][]record, error) {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	out := make(map[string][]record, len(keys))
	for chunk := range slices.Chunk(keys, manyRecords) {
		for _, key := range chunk {
			if !ourID.MatchString(key) {
				return nil, fault.Newf(fault.Rejected, op, "an id of ours holds a character that Dolibarr's filters cannot")
			}
		}
		found, err := c.events(ctx, op, url.Values{
			"sqlfilters": {"(ef." + c.Events.ID + ":in:'" + strings.Join(chunk, "','") + "')"},
			"properties": {eventProperties},
			"limit":      {fmt.Sprint(4 * len(chunk))},
		})
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			key := c.idOf(rec)
			if !slices.Contains(chunk, key) {
				return nil, fault.Newf(fault.Permanent, op, "Dolibarr listed an event that was not asked for: its filter by the extra field %s does not work", c.Events.ID)
			}
			out[key] = append(out[key], rec)
		}
	}
	return out, nil
}

// idOf is our id of an event, "" if it is none of ours.
func (c *conn) idOf(rec record) string {
	held, _ := rec.field(extra + c.Events.ID)
	return text(held)
}

func (c *conn) eventSeen(w bridge.Write, found []record) connector.Sighting {
	seen := connector.Sighting{Copies: len(found)}
	var rec record
	if len(found) > 0 {
		rec = found[0]
		seen.ExternalID = text(rec["id"])
	}
	switch {
	case w.Kind == bridge.WriteCancel && c.Appointment.Cancel == cancelDelete:
		seen.Present = rec == nil
	default:
		seen.Present = rec != nil && connector.Noted(c.changes(rec), w.Operation)
	}
	return seen
}

func (c *conn) partySeen(w bridge.Write, rec record) connector.Sighting {
	if rec == nil {
		return connector.Sighting{}
	}
	if w.Kind == bridge.WriteOpposition {
		return connector.Sighting{Present: text(rec[propStatus]) == notToContact}
	}
	seen := connector.Sighting{Present: true, Fields: map[bridge.FieldName]bridge.Value{}}
	for _, f := range w.Fields {
		vendor, mapped := c.env.Fields[f.Name]
		if !mapped {
			seen.Present = false
			continue
		}
		value, _ := rec.field(vendor)
		seen.Fields[f.Name] = c.mapper.value(f.Name, value)
		if c.mapper.holds(f.Name, value, f.Value) {
			seen.Fields[f.Name] = f.Value
		} else {
			seen.Present = false
		}
	}
	return seen
}
