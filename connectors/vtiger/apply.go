package vtiger

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Apply carries the writes out one after the other.
func (c *conn) Apply(ctx context.Context, writes []bridge.Write) []connector.Receipt {
	return connector.OneByOne(writes, func(w bridge.Write) (connector.Receipt, error) {
		return connector.Carry(ctx, "vtiger: write", c, w)
	})
}

// row reads some fields of a prospect, by a query: retrieve would show all.
func (c *conn) row(ctx context.Context, op string, m *module, id string, columns []string) (record, error) {
	rows, err := c.query(ctx, op, query{columns: append([]string{"id"}, columns...), module: m.name, where: "id = " + quote(id), limit: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) == 1 && rows[0]["id"] == id {
		return rows[0], nil
	}
	return nil, c.unseen(ctx, op, id)
}

// unseen says why a query did not show a record: only the words of a retrieve
// tell one that is gone from one that the key may not see.
func (c *conn) unseen(ctx context.Context, op, id string) error {
	err := c.call(ctx, op, read("retrieve", "id", id), new(json.RawMessage))
	if err == nil {
		return fault.Newf(fault.Unavailable, op, "the record came into sight between two reads")
	}
	return ofRecord(err)
}

// WriteFields writes the fields that hold what is expected. One that the key
// may not write, or a value that the CRM would take though its picklist has
// none such, stops the whole write before anything is sent.
func (c *conn) WriteFields(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: write fields"
	m, id, err := c.prospect(ctx, op, w.Prospect.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	if err := c.writable(op, m, w.Fields); err != nil {
		return connector.Receipt{}, err
	}
	columns := make([]string, len(w.Fields))
	for i, f := range w.Fields {
		columns[i] = c.mapper.in(m, f.Name)
	}
	held, err := c.row(ctx, op, m, id, columns)
	if err != nil {
		return connector.Receipt{}, err
	}
	receipt, element := connector.Receipt{State: connector.Stored}, record{}
	for i, f := range w.Fields {
		switch found := c.mapper.value(f.Name, held[columns[i]]); found {
		case f.Value:
		case f.Expected:
			element[columns[i]] = c.mapper.text(f.Name, f.Value)
		default:
			receipt.Conflicts = append(receipt.Conflicts, connector.Conflict{Field: f.Name, Found: found})
		}
	}
	if len(element) == 0 {
		return receipt, nil // the read has shown it stored
	}
	return receipt, c.revise(ctx, op, m, id, element, held)
}

func (c *conn) writable(op string, m *module, changes []bridge.FieldChange) error {
	if !m.update {
		return fault.Newf(fault.Rejected, op, "the key may not change %s", m.name)
	}
	for _, f := range changes {
		vendor := c.mapper.in(m, f.Name)
		if vendor == "" {
			return fault.Newf(fault.Rejected, op, "%s is mapped to no field of %s that the key is shown", f.Name, m.name)
		}
		if err := m.mayWrite(vendor, c.mapper.text(f.Name, f.Value)); err != nil {
			return fault.Newf(fault.Rejected, op, "%s: %w", f.Name, err)
		}
	}
	return nil
}

// revise changes fields of a record and compares what the answer shows of them.
// held is what they were: if the server cut or bent one on the way, all are put
// back.
func (c *conn) revise(ctx context.Context, op string, m *module, id string, element, held record) error {
	stored, err := c.send(ctx, op, m, "revise", id, element)
	if err != nil {
		return c.denied(m, err)
	}
	bent := differing(m, element, stored)
	if len(bent) == 0 {
		return nil
	}
	c.outdated(m.name)
	restore := record{} // all of it: a refused write is not half carried out
	for name := range element {
		if before, known := held[name]; known && before != stored[name] {
			restore[name] = before
		}
	}
	if len(restore) > 0 {
		if _, err := c.send(ctx, op, m, "revise", id, restore); err != nil {
			return err
		}
	}
	return fault.Newf(fault.Rejected, op, "the CRM did not keep %s as it was sent, though it answered success: the field may be locked, or too short for the value", strings.Join(bent, ", "))
}

// denied is a write that the server has refused: perhaps what describe told is
// old, perhaps the record is gone.
func (c *conn) denied(m *module, err error) error {
	if fault.Of(err).Kind != fault.Rejected {
		return err
	}
	c.outdated(m.name)
	return ofRecord(err)
}

// send gives the server an element and reads the record as it then stands. A
// text that is revised must be sheltered from being decoded.
func (c *conn) send(ctx context.Context, op string, m *module, operation, id string, element record) (record, error) {
	out := make(map[string]string, len(element)+1)
	for name, text := range element {
		if operation == "revise" {
			text = sheltered(text)
		}
		out[name] = text
	}
	pairs := []string{}
	if operation == "create" {
		pairs = append(pairs, "elementType", m.name)
	} else {
		out["id"] = id
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fault.Newf(fault.Rejected, op, "a value cannot be written as JSON")
	}
	var stored record
	return stored, c.call(ctx, op, write(operation, append(pairs, "element", string(raw))...), &stored)
}

// differing names the fields that the server shows otherwise than they were
// sent, in order.
func differing(m *module, sent, shown record) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if !same(m.fields[name].kind, sent[name], shown[name]) {
			out = append(out, name)
		}
	}
	return out
}

// same compares a sent text with a shown one: numbers come back with zeros,
// and what is empty as null or 0.
func same(kind, sent, shown string) bool {
	if strings.TrimSpace(sent) == strings.TrimSpace(shown) {
		return true
	}
	switch kind {
	case "integer", "double", "currency", "boolean", "percentage":
		def := bridge.FieldDef{Name: "number", Type: bridge.Decimal}
		a, errA := def.Parse(sent)
		b, errB := def.Parse(shown)
		zero := func(v bridge.Value) bool { return v == "" || v == "0" }
		return errA == nil && errB == nil && (a == b || zero(a) && zero(b))
	}
	return false
}

// Oppose marks a prospect as not to be called.
func (c *conn) Oppose(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "vtiger: mark opposition"
	m, id, err := c.prospect(ctx, op, w.Prospect.ID)
	if err != nil {
		return connector.Receipt{}, err
	}
	name, value, err := c.barrier(m)
	if err != nil {
		return connector.Receipt{}, fault.New(fault.Rejected, op, err)
	}
	if err := m.mayWrite(name, value); err != nil {
		return connector.Receipt{}, fault.New(fault.Rejected, op, err)
	}
	held, err := c.row(ctx, op, m, id, []string{name})
	if err != nil || same(m.fields[name].kind, value, held[name]) {
		return connector.Receipt{State: connector.Stored}, err
	}
	return connector.Receipt{State: connector.Stored}, c.revise(ctx, op, m, id, record{name: value}, nil)
}

// barrier is the field and the value that say in a module: do not call.
func (c *conn) barrier(m *module) (name, value string, err error) {
	mapping, value := c.env.Fields[bridge.FieldDoNotCall], "1"
	if c.Opposition.Field != "" {
		mapping, value = c.Opposition.Field, c.Opposition.Value
	}
	if name = c.mapper.called(m, mapping); name == "" {
		return "", "", fmt.Errorf("no field of %s says that a prospect is not to be called: map %s, or set opposition", m.name, bridge.FieldDoNotCall)
	}
	return name, value, nil
}
