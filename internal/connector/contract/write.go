package contract

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// once carries a write out as relay does: it is looked up before each further
// try.
func (o *opened) once(t *testing.T, w bridge.Write, tries int) {
	t.Helper()
	for try := range tries {
		if try == 0 || !o.find(t, w)[0].Present {
			o.apply(t, w)
		}
	}
}

// lost carries a write out while the answers to writes are lost, then as relay
// does. before: the system never sees the first try.
func (h Harness) lost(t *testing.T, o *opened, w bridge.Write, before bool) {
	t.Helper()
	if o.proxy == nil || h.Descriptor.Idempotency == connector.None {
		o.must(t, w)
		return
	}
	o.proxy.set(&trouble{how: "reset", before: before, writesOnly: true})
	r := o.apply(t, w)
	o.proxy.set(nil)
	if f := fault.Of(r.Err); r.State != connector.Failed || f.Kind != fault.Unavailable || !f.MayHaveApplied {
		t.Fatalf("a write whose answer was lost: %+v", r)
	}
	seen := o.find(t, w)[0].Present
	if seen == before {
		t.Errorf("%s, lost %s the write: present %v", w.Kind, map[bool]string{true: "before", false: "after"}[before], seen)
	}
	if !seen {
		o.must(t, w)
	}
}

func (h Harness) activity(t *testing.T) {
	if !h.takes(t, bridge.WriteActivity) {
		return
	}
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
		o.sees(t, false, w)
		o.once(t, w, 3)
		o.sees(t, true, w)
		o.effects(t, w, 1)
		if h.Descriptor.Idempotency == connector.Native {
			o.must(t, w)
			o.effects(t, w, 1)
		}
	})
	for name, before := range map[string]bool{"answer lost": false, "request lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := h.open(t)
			w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
			h.lost(t, o, w, before)
			o.sees(t, true, w)
			o.effects(t, w, 1)
		})
	}
	t.Run("revised", h.revised)
	t.Run("many found at once", h.manyFound)
}

func (o *opened) effects(t *testing.T, w bridge.Write, want int) {
	t.Helper()
	if got := o.CRM.Effects(w); got != want {
		t.Errorf("%s: %d effects, want %d", w.Kind, got, want)
	}
}

// revised amends a call twice. Each amendment stays visible after the next:
// the confirming read may come late.
func (h Harness) revised(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
	o.must(t, w)
	var amendments []bridge.Write
	for range 2 {
		a := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
		a.Call.Revises = w.Operation
		o.sees(t, false, a)
		h.lost(t, o, a, len(amendments) == 0)
		amendments = append(amendments, a)
	}
	for _, x := range append(amendments, w) {
		o.sees(t, true, x)
	}
	o.effects(t, w, 1)
	for _, a := range amendments {
		o.effects(t, a, 0)
	}
}

func (h Harness) manyFound(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	var writes []bridge.Write
	for i, id := range o.CRM.Prospects[:5] {
		w := o.writeOf(bridge.WriteActivity, id)
		if i%2 == 0 {
			o.must(t, w)
		}
		writes = append(writes, w)
	}
	for i, seen := range o.find(t, writes...) {
		if seen.Present != (i%2 == 0) {
			t.Errorf("write %d: present %v", i, seen.Present)
		}
	}
}

func (h Harness) opposition(t *testing.T) {
	if !h.takes(t, bridge.WriteOpposition) {
		return
	}
	t.Parallel()
	o := h.open(t)
	id, other := o.CRM.Prospects[0], o.CRM.Prospects[1]
	w := o.writeOf(bridge.WriteOpposition, id)
	o.sees(t, false, w)
	h.lost(t, o, w, true)
	o.sees(t, true, w)
	o.must(t, w)
	if !o.CRM.Barred(id) || o.CRM.Barred(other) {
		t.Errorf("barred: %v, and another: %v", o.CRM.Barred(id), o.CRM.Barred(other))
	}
}

// batch checks that receipts answer their writes, and that one refused write
// does not take the others with it.
func (h Harness) batch(t *testing.T) {
	if !h.Descriptor.Takes(bridge.WriteFields) {
		return
	}
	t.Parallel()
	o := h.open(t)
	field := o.CRM.Texts[0]
	var writes []bridge.Write
	for _, id := range []string{o.CRM.Prospects[0], "no-such-prospect", o.CRM.Prospects[1]} {
		expected := bridge.Value("")
		if id != "no-such-prospect" {
			expected = o.CRM.Get(id, field)
		}
		writes = append(writes, o.change(id, field, bridge.Value("for "+id), expected))
	}
	var receipts []connector.Receipt
	for len(receipts) < len(writes) {
		chunk := writes[len(receipts):min(len(writes), len(receipts)+h.Descriptor.Batch)]
		got := o.Conn.(connector.Applier).Apply(t.Context(), chunk)
		if len(got) != len(chunk) {
			t.Fatalf("%d writes gave %d receipts", len(chunk), len(got))
		}
		receipts = append(receipts, got...)
	}
	for i, r := range receipts {
		id := writes[i].Prospect.ID
		if checked(t, r); id == "no-such-prospect" {
			if r.State != connector.Failed || fault.Of(r.Err).Kind != fault.Rejected {
				t.Errorf("a prospect that does not exist: %+v", r)
			}
			o.harmless(t, r.Err, "for "+id)
			continue
		}
		if r.Err != nil || o.CRM.Get(id, field) != bridge.Value("for "+id) {
			t.Errorf("%s: %+v, and the CRM holds %q", id, r, o.CRM.Get(id, field))
		}
	}
	if seen := o.find(t, writes[1])[0]; seen.Present {
		t.Error("a write to a prospect that does not exist was found")
	}
}

// parallel uses one connection from many goroutines; -race looks on.
func (h Harness) parallel(t *testing.T) {
	if !h.Descriptor.Takes(bridge.WriteActivity) {
		return
	}
	t.Parallel()
	o := h.open(t)
	var writes []bridge.Write
	var all sync.WaitGroup
	for i := range 8 {
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[i%len(o.CRM.Prospects)])
		writes = append(writes, w)
		all.Go(func() {
			o.rest(t, o.Conn, "")
			o.must(t, w)
			o.find(t, w)
		})
	}
	all.Wait()
	for _, w := range writes {
		o.effects(t, w, 1)
	}
}

func (h Harness) fields(t *testing.T) {
	if !h.takes(t, bridge.WriteFields) {
		return
	}
	t.Run("conflicts", h.conflicts)
	for name, before := range map[string]bool{"answer lost": false, "request lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := h.open(t)
			id, field := o.CRM.Prospects[0], o.CRM.Texts[0]
			w := o.change(id, field, "nouveau", o.CRM.Get(id, field))
			h.lost(t, o, w, before)
			seen := o.find(t, w)[0]
			if d := cmp.Diff(map[bridge.FieldName]bridge.Value{field: "nouveau"}, seen.Fields); d != "" || !seen.Present {
				t.Errorf("present %v, fields (-want +got):\n%s", seen.Present, d)
			}
		})
	}
	t.Run("not mapped", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		r := o.apply(t, o.change(o.CRM.Prospects[0], "prospect.x_not_mapped", fieldCanary, ""))
		if r.State != connector.Failed || fault.Of(r.Err).Kind != fault.Rejected {
			t.Errorf("a field without a mapping: %+v", r)
		}
		o.harmless(t, r.Err, fieldCanary)
	})
	t.Run("ended context", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		id, field := o.CRM.Prospects[0], o.CRM.Texts[0]
		held := o.CRM.Get(id, field)
		ended, end := context.WithCancel(t.Context())
		end()
		r := o.Conn.(connector.Applier).Apply(ended, []bridge.Write{o.change(id, field, "trop tard", held)})[0]
		if f := fault.Of(r.Err); r.State != connector.Failed || f.Kind != fault.Unavailable || f.MayHaveApplied {
			t.Errorf("receipt %+v", r)
		}
		if got := o.CRM.Get(id, field); got != held {
			t.Errorf("written after the context ended: %q", got)
		}
	})
}

// conflicts changes two fields at once and looks at each.
func (h Harness) conflicts(t *testing.T) {
	for _, tc := range []struct {
		name                  string
		held, expected, value bridge.Value // of the first field; the second is as expected
		conflict              bool
		after                 bridge.Value
	}{
		{"as expected", "a", "a", "b", false, "b"},
		{"a person was faster", "x", "a", "b", true, "x"},
		{"already so", "b", "a", "b", false, "b"},
		{"a person emptied it", "", "a", "b", true, ""},
		{"was empty", "", "", "b", false, "b"},
		{"to be emptied", "a", "a", "", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := h.open(t)
			id, first, second := o.CRM.Prospects[2], o.CRM.Texts[0], o.CRM.Texts[1]
			o.CRM.Set(id, first, tc.held)
			w := o.change(id, first, tc.value, tc.expected)
			w.Fields = append(w.Fields, bridge.FieldChange{Name: second, Value: "deux", Expected: o.CRM.Get(id, second), Author: "alice"})
			r := o.apply(t, w)
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			var want []connector.Conflict
			if tc.conflict {
				want = []connector.Conflict{{Field: first, Found: tc.held}}
			}
			if d := cmp.Diff(want, r.Conflicts); d != "" {
				t.Errorf("conflicts (-want +got):\n%s", d)
			}
			if got := o.CRM.Get(id, first); got != tc.after {
				t.Errorf("the CRM holds %q, want %q", got, tc.after)
			}
			if got := o.CRM.Get(id, second); got != "deux" {
				t.Errorf("the other field was not written: %q", got)
			}
		})
	}
}
