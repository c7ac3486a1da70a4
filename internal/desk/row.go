package desk

import (
	"slices"

	"passerelle/internal/appendjson"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// row is a prospect in its compact form. Cards that only become JSON are written
// straight from it, without a map between.
type row string

// appendCard writes the row's fields that are in the mask and not hidden as a
// JSON object: what encoding/json makes of their map. A row that cannot be read
// to its end is written as far as it can.
func (r row) appendCard(out []byte, mask policy.FieldMask, of *policy.Members, hidden []bridge.FieldName) []byte {
	in := compact{text: string(r)}
	in.uvarint() // the form
	in.varint()
	in.varint()
	out = append(out, '{')
	begin := len(out)
	for count := in.uvarint(); count > 0 && !in.short; count-- {
		name, number := bridge.FieldName(""), in.small()-1
		if number < -1 {
			number = int(in.longUvarint()) - 1
		}
		if number < 0 {
			name = bridge.FieldName(in.bytes(in.uvarint()))
		}
		size := in.small()
		if size < 0 {
			size = int(in.longUvarint())
		}
		switch value := in.bytes(uint64(size)); {
		case in.short || number >= len(numberedFields):
		case number < 0:
			if mask.Has(name) && !slices.Contains(hidden, name) {
				out = append(appendjson.String(out, string(name)), ':')
				out = append(appendjson.String(out, value), ',')
			}
		case mask.HasMember(of, number) && !slices.Contains(hidden, numberedFields[number]):
			out = of.Append(out, number, value)
		}
	}
	if len(out) > begin {
		out = out[:len(out)-1] // the last comma
	}
	return append(out, '}')
}

// ready remembers the numbered fields made ready for a policy.
type ready struct {
	policy  *policy.Policy
	members *policy.Members
}

// members are the numbered fields for the policy of the command.
func (c *command) members() *policy.Members {
	if known := c.ready.Load(); known != nil && known.policy == c.Policy {
		return known.members
	}
	made := &ready{c.Policy, c.Policy.Members(numberedFields)}
	c.ready.Store(made)
	return made.members
}
