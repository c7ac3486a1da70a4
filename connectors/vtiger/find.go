package vtiger

import (
	"context"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Find looks for calls and appointments by their marks, many in one read, and
// for changes of a prospect by reading it once.
func (c *conn) Find(ctx context.Context, writes []bridge.Write) ([]connector.Sighting, error) {
	const op = "vtiger: find"
	var keys []string
	for _, w := range writes {
		if key := w.Event(); key != "" {
			keys = append(keys, key)
		}
	}
	seen := sightings{conn: c, prospects: map[string]sighted{}}
	var err error
	if seen.events, err = c.ours(ctx, op, c.calendar(), nil, keys); err != nil {
		return nil, err
	}
	for _, w := range writes {
		if _, read := seen.prospects[w.Prospect.ID]; read || w.Event() != "" {
			continue
		}
		if seen.prospects[w.Prospect.ID], err = c.sight(ctx, op, w.Prospect.ID, writes); err != nil {
			return nil, err
		}
	}
	out := make([]connector.Sighting, len(writes))
	for i, w := range writes {
		out[i] = seen.of(w)
	}
	return out, nil
}

// sighted is a prospect as one read shows it; no module: it is not there.
type sighted struct {
	module *module
	held   record
}

// sight reads of a prospect what any of the writes touches.
func (c *conn) sight(ctx context.Context, op, prospect string, writes []bridge.Write) (sighted, error) {
	m, id, err := c.prospect(ctx, op, prospect)
	if err != nil {
		return sighted{}, absent(err)
	}
	var columns []string
	for _, w := range writes {
		if w.Prospect.ID == prospect && w.Event() == "" {
			columns = append(columns, c.touched(m, w)...)
		}
	}
	slices.Sort(columns)
	held, err := c.row(ctx, op, m, id, slices.Compact(columns))
	if err != nil {
		return sighted{}, absent(err)
	}
	return sighted{m, held}, nil
}

// absent: of a write to what is not there, nothing can be.
func absent(err error) error {
	if fault.Of(err).NoRecord {
		return nil
	}
	return err
}

func (c *conn) touched(m *module, w bridge.Write) []string {
	if w.Kind == bridge.WriteOpposition {
		if name, _, err := c.barrier(m); err == nil {
			return []string{name}
		}
		return nil
	}
	var out []string
	for _, f := range w.Fields {
		if name := c.mapper.in(m, f.Name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// sightings is what one Find has read.
type sightings struct {
	conn      *conn
	events    found
	prospects map[string]sighted
}

func (s sightings) of(w bridge.Write) connector.Sighting {
	if key := w.Event(); key != "" {
		return s.event(key, w)
	}
	p := s.prospects[w.Prospect.ID]
	if p.module == nil {
		return connector.Sighting{}
	}
	if w.Kind == bridge.WriteOpposition {
		name, value, err := s.conn.barrier(p.module)
		return connector.Sighting{Present: err == nil && same(p.module.fields[name].kind, value, p.held[name])}
	}
	seen := connector.Sighting{Present: true, Fields: map[bridge.FieldName]bridge.Value{}}
	for _, f := range w.Fields {
		vendor := s.conn.mapper.in(p.module, f.Name)
		if vendor == "" {
			seen.Present = false
			continue
		}
		held := s.conn.mapper.value(f.Name, p.held[vendor])
		seen.Present = seen.Present && held == f.Value
		seen.Fields[f.Name] = held
	}
	return seen
}

func (s sightings) event(key string, w bridge.Write) connector.Sighting {
	rec := s.events.first(key)
	if rec == nil {
		return connector.Sighting{}
	}
	_, number, _ := vendorParts(rec["id"])
	made := w.Kind == bridge.WriteMeeting || w.Kind == bridge.WriteActivity && w.Call.Revises == ""
	return connector.Sighting{
		Present:    made || slices.Contains(s.conn.marks(rec), string(w.Operation)),
		ExternalID: s.conn.calendar() + ":" + number,
		Copies:     len(s.events[key]),
	}
}
