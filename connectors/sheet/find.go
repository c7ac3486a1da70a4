package sheet

import (
	"context"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Find looks the writes up in the files: calls and appointments by operation
// id, fields and oppositions by reading the prospect's row.
func (c *conn) Find(ctx context.Context, writes []bridge.Write) ([]connector.Sighting, error) {
	const op = "sheet: find"
	c.env.Meter(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Unavailable, op, err)
	}
	if err := c.refresh(); err != nil {
		return nil, fault.New(fault.Unavailable, op, err)
	}
	c.heal(ctx)
	t, err := c.prospects()
	if err != nil {
		return nil, fault.New(fault.Unavailable, op, err)
	}
	out := make([]connector.Sighting, len(writes))
	for i, w := range writes {
		out[i] = c.sight(t, w)
	}
	return out, nil
}

func (c *conn) sight(t *table, w bridge.Write) connector.Sighting {
	switch w.Kind {
	case bridge.WriteActivity:
		if c.journal.has(w.Operation) {
			return connector.Sighting{Present: true, ExternalID: c.callID(w)}
		}
	case bridge.WriteMeeting, bridge.WriteMove, bridge.WriteCancel:
		if c.agenda.operations[string(w.Operation)] && w.Meeting != nil {
			return connector.Sighting{Present: true, ExternalID: w.Meeting.ID}
		}
	case bridge.WriteOpposition:
		held := t.read(w.Prospect.ID, []bridge.FieldName{bridge.FieldDoNotCall})
		return connector.Sighting{Present: held[bridge.FieldDoNotCall] == "true"}
	case bridge.WriteFields:
		return sightFields(t, w)
	}
	return connector.Sighting{}
}

func sightFields(t *table, w bridge.Write) connector.Sighting {
	names := make([]bridge.FieldName, len(w.Fields))
	for i, f := range w.Fields {
		names[i] = f.Name
	}
	held := t.read(w.Prospect.ID, names)
	s := connector.Sighting{Present: len(w.Fields) > 0, Fields: held}
	for _, f := range w.Fields {
		v, ok := held[f.Name]
		s.Present = s.Present && ok && same(v, f.Value)
	}
	return s
}

// read is what a prospect's row holds of the fields that have a column; nil if
// there is not one such row.
func (t *table) read(id string, names []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	row, err := t.row(id)
	if err != nil {
		return nil
	}
	held := map[bridge.FieldName]bridge.Value{}
	for _, name := range names {
		if col, def, err := t.column(name); err == nil {
			held[name] = t.value(row, col, def)
		}
	}
	return held
}
