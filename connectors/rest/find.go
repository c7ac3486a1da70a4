package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// kept is a kind of record that the bridge makes: where it is, under which key
// it holds our id, and under which the operations that changed it.
type kept struct {
	Places
	key, changes string
	name         string // in the settings
}

func (c *conn) calls() kept {
	return kept{c.Activity.Places, c.Activity.Fields.Operation, c.Activity.Fields.Changes, "activity"}
}

func (c *conn) meetings() kept {
	return kept{c.Appointment.Places, c.Appointment.Fields.ID, c.Appointment.Fields.Changes, "appointment"}
}

// Find looks for calls and appointments by our ids, many in one read where the
// settings allow it, and for changes of a prospect by reading it once.
func (c *conn) Find(ctx context.Context, writes []bridge.Write) ([]connector.Sighting, error) {
	const op = "rest: find"
	var callKeys, meetingKeys []string
	fields := map[string][]string{} // prospect → the CRM's names
	for _, w := range writes {
		switch {
		case w.Kind == bridge.WriteActivity && w.Call != nil:
			callKeys = append(callKeys, w.Event())
		case w.Meeting != nil:
			meetingKeys = append(meetingKeys, w.Meeting.ID)
		default:
			fields[w.Prospect.ID] = append(fields[w.Prospect.ID], c.touched(w)...)
		}
	}
	found := sightings{conn: c}
	var err error
	if found.calls, err = c.many(ctx, op, c.calls(), callKeys); err != nil {
		return nil, err
	}
	if found.meetings, err = c.many(ctx, op, c.meetings(), meetingKeys); err != nil {
		return nil, err
	}
	if err := c.addUnmarked(ctx, op, writes, found.meetings); err != nil {
		return nil, err
	}
	if found.prospects, err = c.prospects(ctx, op, fields); err != nil {
		return nil, err
	}
	out := make([]connector.Sighting, len(writes))
	for i, w := range writes {
		out[i] = found.of(w)
	}
	return out, nil
}

// touched is the fields that a write of a prospect changes, in the CRM's names.
func (c *conn) touched(w bridge.Write) []string {
	if w.Kind == bridge.WriteOpposition {
		return []string{c.Opposition.Field}
	}
	var names []string
	for _, f := range w.Fields {
		if vendor, mapped := c.env.Fields[f.Name]; mapped {
			names = append(names, vendor)
		}
	}
	return names
}

func (c *conn) prospects(ctx context.Context, op string, fields map[string][]string) (map[string]record, error) {
	out := make(map[string]record, len(fields))
	for id, names := range fields {
		slices.Sort(names)
		rec, _, err := c.prospect(ctx, op, id, slices.Compact(names))
		if err != nil {
			if fault.Of(err).NoRecord {
				continue // nothing of the write can be there
			}
			return nil, err
		}
		out[id] = rec
	}
	return out, nil
}

// one finds the record with one of our ids, nil if there is none.
func (c *conn) one(ctx context.Context, op string, k kept, key string) (record, error) {
	found, err := c.many(ctx, op, k, []string{key})
	return found.first(key), err
}

// listed is the records with our ids: a CRM that carried a request out twice
// has two of one.
type listed map[string][]record

func (l listed) first(key string) record {
	if len(l[key]) == 0 {
		return nil
	}
	return l[key][0]
}

// many finds the records with our ids.
func (c *conn) many(ctx context.Context, op string, k kept, keys []string) (listed, error) {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	size := k.Many
	if k.FindMany == "" {
		size = 1
	}
	out := make(listed, len(keys))
	for chunk := range slices.Chunk(keys, size) {
		path := strings.ReplaceAll(k.Find, "{key}", url.QueryEscape(chunk[0]))
		if len(chunk) > 1 {
			path = strings.ReplaceAll(k.FindMany, "{keys}", url.QueryEscape(strings.Join(chunk, ",")))
		}
		var answer any
		if err := c.call(ctx, op, request{method: http.MethodGet, path: path}, &answer); err != nil {
			return nil, err
		}
		records, err := list(op, answer, k.List)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			key := text(rec[k.key])
			if !slices.Contains(chunk, key) {
				// A filter that the CRM ignores would hide what is there, and
				// everything would be written twice.
				return nil, fault.Newf(fault.Permanent, op, "the CRM listed a record that was not asked for: check the filter in %s.find and %s.fields", k.name, k.name)
			}
			out[key] = append(out[key], rec)
		}
	}
	return out, nil
}

// sightings is what one Find has read.
type sightings struct {
	conn            *conn
	calls, meetings listed
	prospects       map[string]record
}

func (s sightings) of(w bridge.Write) connector.Sighting {
	switch {
	case w.Kind == bridge.WriteActivity && w.Call != nil:
		rec := s.calls.first(w.Event())
		there := rec != nil && (w.Call.Revises == "" || connector.Noted(text(rec[s.conn.calls().changes]), w.Operation))
		return connector.Sighting{Present: there, ExternalID: text(rec[s.conn.Activity.ID]), Copies: len(s.calls[w.Event()])}
	case w.Meeting != nil:
		return s.meeting(w)
	case w.Kind == bridge.WriteOpposition:
		rec, known := s.prospects[w.Prospect.ID]
		there := known && text(rec[s.conn.Opposition.Field]) == text(s.conn.Opposition.Value)
		return connector.Sighting{Present: there}
	}
	return s.fields(w)
}

func (s sightings) meeting(w bridge.Write) connector.Sighting {
	rec := s.meetings.first(w.Meeting.ID)
	seen := connector.Sighting{ExternalID: text(rec[s.conn.Appointment.ID]), Copies: len(s.meetings[w.Meeting.ID])}
	switch {
	case w.Kind == bridge.WriteCancel && s.conn.Appointment.Cancel.Delete:
		seen.Present = rec == nil
	case w.Kind == bridge.WriteMeeting:
		seen.Present = rec != nil
	default:
		seen.Present = rec != nil && connector.Noted(text(rec[s.conn.meetings().changes]), w.Operation)
	}
	return seen
}

func (s sightings) fields(w bridge.Write) connector.Sighting {
	rec, known := s.prospects[w.Prospect.ID]
	if !known {
		return connector.Sighting{}
	}
	seen := connector.Sighting{Present: true, Fields: map[bridge.FieldName]bridge.Value{}}
	for _, f := range w.Fields {
		vendor, mapped := s.conn.env.Fields[f.Name]
		held := s.conn.mapper.value(f.Name, rec[vendor])
		seen.Present = seen.Present && mapped && held == f.Value
		if mapped {
			seen.Fields[f.Name] = held
		}
	}
	return seen
}
