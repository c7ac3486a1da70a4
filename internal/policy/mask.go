package policy

import (
	"math/bits"
	"slices"

	"passerelle/internal/bridge"
)

// mask is a set of targets: the catalog's fields in their order, then the
// objects' verbs. All masks of a policy have the same length.
type mask []uint64

func (m mask) has(bit int) bool { return m[bit>>6]&(1<<(bit&63)) != 0 }
func (m mask) set(bit int)      { m[bit>>6] |= 1 << (bit & 63) }
func (m mask) clear(bit int)    { m[bit>>6] &^= 1 << (bit & 63) }

func (m mask) add(o mask) {
	for i, w := range o {
		m[i] |= w
	}
}

func (m mask) remove(o mask) {
	for i, w := range o {
		m[i] &^= w
	}
}

func (m mask) count() int {
	n := 0
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// targets numbers what rights are given on.
type targets struct {
	catalog bridge.Catalog
	names   []bridge.FieldName
	index   map[bridge.FieldName]int
	places  []int8 // of each bit's object among the owned ones, -1 for none
	words   int
}

func newTargets(c bridge.Catalog) *targets {
	t := &targets{catalog: c, names: c.Names(), index: make(map[bridge.FieldName]int, len(c.Names()))}
	for i, name := range t.names {
		t.index[name] = i
	}
	t.words = (len(t.names) + len(objects) + 63) / 64
	for _, name := range t.names {
		t.places = append(t.places, int8(slices.Index(owned, name.Object())))
	}
	for _, object := range objects {
		t.places = append(t.places, int8(slices.Index(owned, object)))
	}
	return t
}

// place is the object's among the owned ones, -1 if it is none.
func (t *targets) place(object bridge.Object) int {
	if bit := t.verb(object); bit >= 0 {
		return int(t.places[bit])
	}
	return -1
}

func (t *targets) empty() mask { return make(mask, t.words) }

// field is the bit of a field, -1 if the catalog has no such field.
func (t *targets) field(name bridge.FieldName) int {
	if i, ok := t.index[name]; ok {
		return i
	}
	return -1
}

// objects is the order of the verbs' bits.
var objects = bridge.Objects()

// verb is the bit of an object itself, -1 if there is no such object.
func (t *targets) verb(object bridge.Object) int {
	for i, o := range objects {
		if o == object {
			return len(t.names) + i
		}
	}
	return -1
}

// FieldMask is a set of fields. It belongs to the policy that made it, costs
// nothing to copy and never changes.
type FieldMask struct {
	targets *targets
	bits    mask
	// What is opened beyond the scopes: of ever, where wide permits the action.
	ever   mask
	wide   widening
	action int
	no     mask // what the CRM withholds of it; nil for nothing
}

func (m FieldMask) has(bit int) bool {
	return (m.no == nil || !m.no.has(bit)) && m.given(bit)
}

func (m FieldMask) given(bit int) bool {
	return m.bits.has(bit) || m.wide != 0 && m.ever.has(bit) && m.wide.permits(m.action, int(m.targets.places[bit]))
}

// most is no less than the number of fields in the set.
func (m FieldMask) most() int {
	if m.wide != 0 {
		return m.ever.count()
	}
	return m.bits.count()
}

// Has says whether the field is in the set.
func (m FieldMask) Has(name bridge.FieldName) bool {
	if m.targets == nil {
		return false
	}
	i := m.targets.field(name)
	return i >= 0 && m.has(i)
}

// Names lists the fields in alphabetical order.
func (m FieldMask) Names() []bridge.FieldName {
	if m.targets == nil {
		return nil
	}
	var out []bridge.FieldName
	for i, name := range m.targets.names {
		if m.has(i) {
			out = append(out, name)
		}
	}
	return out
}
