package contract

import (
	"slices"
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// odd are texts that get damaged on the way if anything is careless.
var odd = map[string]bridge.Value{
	"accents":       "Société Générale d’Électricité, cœur de Noël",
	"quotes":        `L'"échéance" d'\avril\; %s &amp; <b>`,
	"lines":         "première ligne\ndeuxième ligne",
	"emoji":         "👩‍💻 à rappeler 📞",
	"right to left": "مرحبا بالعالم \u200fשלום",
	"separators":    "a;b,c\td|e",
	"formula":       "=SOMME(A1:A9)",
	"like a number": "0033612345678",
	"like a date":   "01/02/2026",
	"like nothing":  "null",
	"like a truth":  "TRUE",
	"spaces within": "a  b   c",
}

// values sends odd texts both ways. A text may be refused, but what is taken
// is taken whole.
func (h Harness) values(t *testing.T) {
	for name, value := range odd {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := h.open(t)
			id, field := o.CRM.Prospects[1], o.CRM.Texts[0]
			o.CRM.Set(id, field, value)
			held := o.CRM.Get(id, field)
			if got := o.read(t, id, field); got != held || held != value && !slices.Contains(h.Alters, name) {
				t.Errorf("read %q, the CRM holds %q of %q", got, held, value)
			}
			if h.Descriptor.Takes(bridge.WriteFields) {
				o.must(t, o.change(id, field, "entre", held))
				h.takesWhole(t, o, id, name, value)
			}
		})
	}
	if h.Descriptor.Takes(bridge.WriteFields) {
		t.Run("over-long", h.overLong)
	}
	if h.Descriptor.Takes(bridge.WriteActivity) {
		t.Run("in a note", h.oddNotes)
	}
}

// takesWhole writes a text over "entre": it is stored as it is or refused, never
// altered.
func (h Harness) takesWhole(t *testing.T, o *opened, id, name string, value bridge.Value) {
	t.Helper()
	field := o.CRM.Texts[0]
	w := o.change(id, field, value, "entre")
	if slices.Contains(h.Alters, name) {
		r := o.apply(t, w)
		if r.State != connector.Failed || fault.Of(r.Err).Kind != fault.Rejected {
			t.Errorf("a text that the CRM alters: want it rejected, got %+v", r)
		}
		o.harmless(t, r.Err, string(value))
		value = "entre"
	} else {
		o.must(t, w)
		o.sees(t, true, w)
	}
	if got := o.CRM.Get(id, field); got != value {
		t.Errorf("the CRM holds %q, want %q", got, value)
	}
}

func (o *opened) read(t *testing.T, id string, field bridge.FieldName) bridge.Value {
	t.Helper()
	cursor := ""
	for range 10 * len(o.CRM.Prospects) {
		page := o.page(t, o.Conn, cursor, field)
		for _, p := range page.Prospects {
			if p.Ref.ID == id {
				return p.Fields[field]
			}
		}
		if !page.More {
			break
		}
		cursor = page.Cursor
	}
	t.Fatalf("prospect %s is not in the selection", id)
	return ""
}

func (h Harness) overLong(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	id, field := o.CRM.Prospects[1], o.CRM.Texts[0]
	held := o.CRM.Get(id, field)
	long := bridge.Value(strings.Repeat("très long é", bridge.MaxValue/16))
	r := o.apply(t, o.change(id, field, long, held))
	got := o.CRM.Get(id, field)
	switch {
	case r.Err == nil && got != long:
		t.Errorf("answered %s, but the CRM holds %d of %d bytes", r.State, len(got), len(long))
	case r.Err != nil && (got != held || fault.Of(r.Err).Kind != fault.Rejected):
		t.Errorf("refused as %v, and the CRM holds %d bytes", fault.Of(r.Err).Kind, len(got))
	}
	o.harmless(t, r.Err, "très long")
}

func (h Harness) oddNotes(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	for name, value := range odd {
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[1])
		w.Call.Note = string(value)
		o.must(t, w)
		if o.effects(t, w, 1); !o.find(t, w)[0].Present {
			t.Errorf("a call with %s in its note is not found", name)
		}
	}
}
