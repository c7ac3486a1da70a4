package bridge

import (
	"slices"

	"passerelle/internal/appendjson"
)

// usualFields is how many fields are put in order without memory of their own.
const usualFields = 64

// AppendFields writes fields as a JSON object in the order of their names, as
// package encoding/json would. It allocates nothing for a usual card if out has
// room, and is fastest where all fields are standard ones.
func AppendFields(out []byte, fields map[FieldName]Value) []byte {
	if fields == nil {
		return append(out, "null"...)
	}
	begin, written := len(out), 0
	out = append(out, '{')
	for i := range standardMembers {
		if value, ok := fields[standardMembers[i].name]; ok {
			out = append(out, standardMembers[i].begins...)
			out = append(appendjson.String(out, string(value)), ',')
			written++
		}
	}
	if written < len(fields) {
		return appendOrdered(out[:begin], fields)
	}
	if written > 0 {
		out = out[:len(out)-1] // the last comma
	}
	return append(out, '}')
}

// standardMember is a standard field and how its member of an object begins.
type standardMember struct {
	name   FieldName
	begins string
}

// standardMembers are in the order of their names.
var standardMembers = func() (out []standardMember) {
	for _, name := range Standard().Names() {
		out = append(out, standardMember{name, `"` + string(name) + `":`})
	}
	return out
}()

// appendOrdered puts the names in order first: a customer's own are among them.
func appendOrdered(out []byte, fields map[FieldName]Value) []byte {
	var room [usualFields]FieldName
	names := room[:0]
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	out = append(out, '{')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendjson.String(out, string(name)), ':')
		out = appendjson.String(out, string(fields[name]))
	}
	return append(out, '}')
}
