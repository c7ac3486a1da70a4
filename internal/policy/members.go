package policy

import (
	"passerelle/internal/appendjson"
	"passerelle/internal/bridge"
)

// Members are fields under numbers of whoever keeps them, made ready to be
// written as members of a JSON object that one policy's masks choose.
type Members struct {
	bits   []int    // -1: the catalog has no such field
	begins []string // up to the value's first quote
}

// Members makes fields ready; their numbers are their places.
func (p *Policy) Members(names []bridge.FieldName) *Members {
	out := &Members{bits: make([]int, len(names)), begins: make([]string, len(names))}
	for n, name := range names {
		out.bits[n] = p.targets.field(name)
		out.begins[n] = string(appendjson.String(nil, string(name))) + `:"`
	}
	return out
}

// HasMember says whether a field of the policy's Members, by its number, is in
// the set.
func (m *FieldMask) HasMember(of *Members, number int) bool {
	bit := of.bits[number]
	if m.wide == 0 && bit >= 0 && bit>>6 < len(m.bits) {
		return m.bits.has(bit)
	}
	return m.targets != nil && bit >= 0 && m.has(bit)
}

// Append writes a field, by its number, with its value and a comma behind it. It
// allocates nothing where out has room.
func (of *Members) Append(out []byte, number int, value string) []byte {
	return append(appendjson.Rest(append(out, of.begins[number]...), value), ',')
}
