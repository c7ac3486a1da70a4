package outbox

import (
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

type fieldOf struct {
	ref  bridge.Ref
	name bridge.FieldName
}

// simulated is a CRM: it compares a field before it writes it and logs each
// operation it carries out.
type simulated struct {
	fields map[fieldOf]bridge.Value
	edits  map[bridge.Value]bool // values that only a person wrote, each once
	logged map[bridge.OperationID]int
	// version counts a record's changes; one that checks it writes to no other.
	version map[bridge.Ref]int
	checks  bool
}

func (c *simulated) set(ref bridge.Ref, fields map[bridge.FieldName]bridge.Value) {
	for name, v := range fields {
		c.fields[fieldOf{ref, name}] = v
	}
	if len(fields) > 0 {
		c.version[ref]++
	}
}

func (c *simulated) get(f fieldOf) bridge.Value {
	if v, ok := c.fields[f]; ok {
		return v
	}
	return testValues[0]
}

func (c *simulated) look(w bridge.Write) connector.Sighting {
	if w.Kind != bridge.WriteFields {
		return connector.Sighting{Present: c.logged[w.Operation] > 0}
	}
	s := connector.Sighting{Present: true, Fields: map[bridge.FieldName]bridge.Value{}}
	for _, f := range w.Fields {
		s.Fields[f.Name] = c.get(fieldOf{w.Prospect, f.Name})
		s.Present = s.Present && s.Fields[f.Name] == f.Value
	}
	return s
}

// saidYes is a write that the CRM has answered well, after it had compared the
// fields, and puts off: it comes late or never. Where the CRM checks versions,
// it does not come if the record has changed meanwhile.
type saidYes struct {
	set     map[bridge.FieldName]bridge.Value
	version int
}

func (w *world) sayYes(t *try) []connector.Conflict {
	set, conflicts := w.compare(t)
	if t.item.Write.Kind == bridge.WriteFields && len(set) == 0 {
		return conflicts
	}
	t.put = &saidYes{set, w.crm.version[t.item.Write.Prospect]}
	return conflicts
}

// appear is the CRM carrying a write out late.
func (w *world) appear(t *try) {
	write := *t.item.Write
	switch {
	case t.put == nil || write.Kind != bridge.WriteFields:
		w.carryOut(t)
	case !w.crm.checks || t.put.version == w.crm.version[write.Prospect]:
		w.crm.set(write.Prospect, t.put.set)
	}
}
