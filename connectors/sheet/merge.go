package sheet

import (
	"fmt"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// merge puts the field writes and oppositions of a batch into a table. It may
// be run again on another table: it answers only once that one is saved.
type merge struct {
	table    *table
	batch    *batch
	receipts map[int]connector.Receipt
	touched  map[int]bool // writes that changed a cell
}

func (m *merge) run() {
	for i, w := range m.batch.open(bridge.WriteFields, bridge.WriteOpposition) {
		var r connector.Receipt
		var changed bool
		var err error
		if w.Kind == bridge.WriteOpposition {
			changed, err = m.oppose(w)
		} else {
			r.Conflicts, changed, err = m.writeFields(w)
		}
		r.State, m.touched[i] = connector.Stored, changed
		if err != nil {
			r = connector.Receipt{State: connector.Failed, Err: fault.New(fault.Rejected, "sheet: "+string(w.Kind), err)}
		}
		m.receipts[i] = r
	}
}

// answer gives the receipts: the table is saved.
func (m *merge) answer() {
	for i, r := range m.receipts {
		m.batch.receipts[i] = r
	}
}

// answerUntouched gives the receipts of writes that changed nothing: they hold
// whether the table can be saved or not.
func (m *merge) answerUntouched() {
	for i, r := range m.receipts {
		if !m.touched[i] && !m.dependsOnEarlier(i) {
			m.batch.receipts[i] = r
		}
	}
}

// dependsOnEarlier says whether an earlier write of the batch changed the same
// prospect.
func (m *merge) dependsOnEarlier(i int) bool {
	for j := range i {
		if m.touched[j] && m.batch.writes[j].Prospect == m.batch.writes[i].Prospect {
			return true
		}
	}
	return false
}

// oppose marks a prospect as not to be called, whatever the cell said.
func (m *merge) oppose(w bridge.Write) (bool, error) {
	t := m.table
	row, err := t.row(w.Prospect.ID)
	if err != nil {
		return false, err
	}
	col, def, err := t.column(bridge.FieldDoNotCall)
	if err != nil || t.value(row, col, def) == "true" {
		return false, err
	}
	cell, err := t.render(row, col, def, "true")
	if err != nil {
		return false, err
	}
	t.put(cell)
	return true, nil
}

// writeFields writes the fields that hold what is expected of them and reports
// the others as conflicts. An error means that nothing of the write is in the
// table.
func (m *merge) writeFields(w bridge.Write) (conflicts []connector.Conflict, changed bool, err error) {
	t := m.table
	row, err := t.row(w.Prospect.ID)
	if err != nil {
		return nil, false, err
	}
	var cells []cell
	for _, f := range w.Fields {
		col, def, err := m.column(f.Name)
		if err != nil {
			return nil, false, err
		}
		switch found := t.value(row, col, def); {
		case same(found, f.Value):
		case same(found, f.Expected):
			c, err := t.render(row, col, def, f.Value)
			if err != nil {
				return nil, false, err
			}
			cells = append(cells, c)
		default:
			conflicts = append(conflicts, connector.Conflict{Field: f.Name, Found: found})
		}
	}
	for _, c := range cells {
		t.put(c)
	}
	return conflicts, len(cells) > 0, nil
}

// column is where a field is written; the bridge's own columns are added if
// they are missing.
func (m *merge) column(name bridge.FieldName) (int, bridge.FieldDef, error) {
	if name == fieldLast || name == fieldAttempts {
		return 0, bridge.FieldDef{}, fmt.Errorf("%s is counted from activities.csv and cannot be written", name)
	}
	if m.table.lacks(name) {
		if err := m.table.completeHeader(); err != nil {
			return 0, bridge.FieldDef{}, err
		}
	}
	return m.table.column(name)
}
