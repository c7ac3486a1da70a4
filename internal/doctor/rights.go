package doctor

import (
	"context"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// rights compares what the key may do with what is needed of it.
func (w *ward) rights(ctx context.Context, c connector.Catalogue) {
	teller, ok := w.Conn.(connector.RightsTeller)
	if !ok {
		w.untold("what.rights")
		return
	}
	r, err := teller.Rights(ctx, "")
	if !w.asked("what.rights", err) {
		return
	}
	if r.Admin {
		w.find(Wider, "key.admin", "")
	}
	w.lacks(c, r)
	var deletes, strange []string
	for _, o := range c.Objects {
		if o.Object == bridge.Activity || o.Object == bridge.Appointment {
			continue // made by the connector, with fields of its own, and taken back by it
		}
		of := r.Objects[o.Name]
		if of.Delete == connector.Yes {
			deletes = append(deletes, o.Name)
		}
		switch {
		case w.touched(c, o):
			w.wider(c, o, r)
		case of.Write == connector.Yes || of.Read == connector.Yes && !o.Staff && o.Object != bridge.CampaignObj: // selections name campaigns
			strange = append(strange, o.Name)
		}
	}
	if len(deletes) > 0 {
		w.find(Wider, "key.delete", "", len(deletes), shortened(deletes))
	}
	if len(strange) > 0 {
		w.find(Wider, "key.object", "", len(strange), shortened(strange))
	}
}

// needed is what is mapped and may be asked of the CRM, or written to it.
func (w *ward) needed(of []bridge.FieldName) []bridge.FieldName {
	return slices.DeleteFunc(slices.Clone(of), func(n bridge.FieldName) bool { return w.Fields[n] == "" })
}

// lacks are the needs that the key has no right to.
func (w *ward) lacks(c connector.Catalogue, r connector.Rights) {
	if r.Admin {
		return
	}
	for _, name := range w.needed(w.Read) {
		if o, f, there := c.Field(w.Fields[name]); there && r.OnField(o.Name, f.Name).Read == connector.No {
			w.find(Wrong, "key.read", string(name), f.Name)
		}
	}
	for _, name := range w.needed(w.Write) {
		if o, f, there := c.Field(w.Fields[name]); there && r.OnField(o.Name, f.Name).Write == connector.No {
			w.find(Wrong, "key.write", string(name), f.Name)
		}
	}
	for _, o := range c.Objects {
		made := o.Object == bridge.Activity && slices.Contains(w.Takes, bridge.WriteActivity) ||
			o.Object == bridge.Appointment && slices.Contains(w.Takes, bridge.WriteMeeting)
		if of, told := r.Objects[o.Name]; told && made && of.Create == connector.No {
			w.find(Wrong, "key.create", o.Name)
		}
	}
}

// touched says whether a field of the kind of record is mapped.
func (w *ward) touched(c connector.Catalogue, o connector.VendorObject) bool {
	return slices.ContainsFunc(w.Fields.Names(), func(name bridge.FieldName) bool {
		mapped, _, _ := c.Field(w.Fields[name])
		return mapped.Name == o.Name
	})
}

// wider says which fields of a kind of record the key may read and write without
// need.
func (w *ward) wider(c connector.Catalogue, o connector.VendorObject, r connector.Rights) {
	reads, writes := w.beyond(c, o, r, w.Read, false), w.beyond(c, o, r, w.Write, true)
	if len(reads) > 0 {
		w.find(Wider, "key.reads", o.Name, len(reads), shortened(reads))
	}
	if len(writes) > 0 {
		w.find(Wider, "key.writes", o.Name, len(writes), shortened(writes))
	}
}

// beyond lists the fields of an object that the key may read, or write, and that
// nobody may through the bridge.
func (w *ward) beyond(c connector.Catalogue, o connector.VendorObject, r connector.Rights, of []bridge.FieldName, write bool) (out []string) {
	needed := map[string]bool{}
	for _, name := range w.needed(of) {
		if mapped, f, _ := c.Field(w.Fields[name]); mapped.Name == o.Name {
			needed[f.Name] = true
		}
	}
	for _, f := range o.Fields {
		rights := r.OnField(o.Name, f.Name)
		may := rights.Read
		if write {
			may = rights.Write
		}
		if (r.Admin || may == connector.Yes) && !needed[f.Name] {
			out = append(out, f.Name)
		}
	}
	return out
}

func shortened(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
