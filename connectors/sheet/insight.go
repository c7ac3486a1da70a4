package sheet

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Catalogue is the header of the prospects file. A folder knows neither users
// nor rights.
func (c *conn) Catalogue(ctx context.Context) (connector.Catalogue, error) {
	const op = "sheet: catalogue"
	c.env.Meter(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return connector.Catalogue{}, fault.New(fault.Unavailable, op, err)
	}
	t, err := c.prospects()
	if err != nil {
		return connector.Catalogue{}, fault.New(fault.Unavailable, op, err)
	}
	return connector.Catalogue{
		System: "a file: " + filepath.Base(c.source.path), Zone: c.layout.zone.String(), Clock: c.env.Now(),
		Objects: []connector.VendorObject{{Name: "prospects", Object: bridge.ProspectObj, Fields: t.described()}},
		Silent:  []string{"who may open the folder: whoever can may read and change everything in it"},
	}, nil
}

// described is the columns of the file by the names that the mapping has for
// them, and those of the bridge that its first write adds.
func (t *table) described() []connector.VendorField {
	var out []connector.VendorField
	add := func(header string, typ bridge.FieldType) {
		known := func(f connector.VendorField) bool { return fold(f.Name) == fold(header) }
		if trim(header) != "" && !slices.ContainsFunc(out, known) {
			out = append(out, connector.VendorField{Name: header, Label: header, Type: typ})
		}
	}
	for _, name := range t.layout.names() {
		header := t.layout.fields[name]
		if def, _ := t.layout.catalog.Def(name); len(t.heads[fold(header)]) > 0 || t.lacks(name) {
			add(header, def.Type)
		}
	}
	for _, header := range t.grid.header() {
		add(header, bridge.Text)
	}
	return out
}

// Appointments reads ours in appointments.csv, as people have left them. One
// whose beginning cannot be read is not seen: Check names the line.
func (c *conn) Appointments(ctx context.Context, known []bridge.Meeting) ([]connector.Held, error) {
	if err := c.look(ctx, "sheet: read appointments"); err != nil {
		return nil, err
	}
	defer c.mu.Unlock()
	out := make([]connector.Held, len(known))
	for i, m := range known {
		line, there := c.agenda.lines[m.ID]
		if !there {
			continue
		}
		start, err := startOf(line)
		ended := line[meetState] == stateCancelled
		if err != nil && !ended {
			out[i].Unseen = true
			continue
		}
		minutes, _ := strconv.Atoi(line[meetMinutes])
		out[i] = connector.Held{
			Present: true, Cancelled: ended, CRMUser: line[meetSalesperson],
			Slot: bridge.Slot{UTC: start.UTC(), Minutes: minutes},
		}
	}
	return out, nil
}

// Busy is when a salesperson has appointments in appointments.csv. What they have
// in their own calendars this does not know.
func (c *conn) Busy(ctx context.Context, user string, from, to time.Time) ([]connector.Busy, error) {
	if err := c.look(ctx, "sheet: busy"); err != nil {
		return nil, err
	}
	defer c.mu.Unlock()
	var out []connector.Busy
	for line := range c.agenda.all() {
		start, err := startOf(line)
		if err != nil || line[meetSalesperson] != user || line[meetState] == stateCancelled {
			continue // a person's typing: Check names the line
		}
		minutes, _ := strconv.Atoi(line[meetMinutes])
		b := connector.Busy{From: start, To: start.Add(time.Duration(minutes) * time.Minute), ExternalID: line[meetID]}
		if b.From.Before(to) && b.To.After(from) {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b connector.Busy) int { return a.From.Compare(b.From) })
	return out, nil
}

// look brings the appointments up to date; c.mu is held if it succeeds.
func (c *conn) look(ctx context.Context, op string) error {
	c.env.Meter(1)
	c.mu.Lock()
	err := ctx.Err()
	if err == nil {
		err = c.agenda.refresh()
	}
	if err != nil {
		c.mu.Unlock()
		return fault.New(fault.Unavailable, op, err)
	}
	return nil
}
