package schema

import (
	"maps"
	"math"
	"slices"
)

// mostMembers is how many properties a set has bits for.
const mostMembers = 64

func (c compiler) object(keywords map[string]any) (*objectCheck, error) {
	out := &objectCheck{members: map[string]*member{}, most: math.MaxInt}
	properties, _ := keywords["properties"].(map[string]any)
	if len(properties) > mostMembers {
		return nil, noCheck("so many properties")
	}
	for i, name := range slices.Sorted(maps.Keys(properties)) {
		of, err := c.check(properties[name])
		if err != nil {
			return nil, err
		}
		out.members[name] = &member{check: of, bit: 1 << i, demand: -1}
	}
	for _, part := range []func(*objectCheck, map[string]any) error{
		c.closed, c.named, requires, choices, c.conditions,
	} {
		if err := part(out, keywords); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// closed wants to know what other members may be: without a check of theirs
// they could be anything.
func (c compiler) closed(out *objectCheck, keywords map[string]any) (err error) {
	if keywords["additionalProperties"] == false {
		return nil
	}
	out.others, err = c.check(keywords["additionalProperties"])
	if err == nil && out.others.object != nil {
		err = noCheck("other members that are objects")
	}
	return err
}

func (c compiler) named(out *objectCheck, keywords map[string]any) (err error) {
	if names, ok := keywords["propertyNames"]; ok {
		out.names, err = c.check(names)
	}
	if most, ok := keywords["maxProperties"]; ok && err == nil {
		out.most, err = count(most)
	}
	return err
}

func requires(out *objectCheck, keywords map[string]any) (err error) {
	if names, ok := keywords["required"]; ok {
		out.required, err = out.set(names)
	}
	return err
}

// set is a list of names as bits.
func (o *objectCheck) set(value any) (bits uint64, err error) {
	names, ok := stringsOf(value)
	for _, name := range names {
		m := o.members[name]
		if m == nil {
			return 0, noCheck("a required member without a schema")
		}
		bits |= m.bit
	}
	if !ok {
		return 0, noCheck("this list of names")
	}
	return bits, nil
}

// choices takes anyOf, alone or several in an allOf, if its branches only
// require members.
func choices(out *objectCheck, keywords map[string]any) error {
	groups := []any{keywords}
	if all, ok := keywords["allOf"].([]any); ok {
		groups = append(groups, all...)
	}
	for i, group := range groups {
		keywords, ok := group.(map[string]any)
		if !ok || i > 0 && (len(keywords) != 1 || keywords["anyOf"] == nil) {
			return noCheck("this allOf")
		}
		branches, _ := keywords["anyOf"].([]any)
		var sets []uint64
		for _, branch := range branches {
			only, _ := branch.(map[string]any)
			set, err := out.set(only["required"])
			if err != nil || len(only) != 1 {
				return noCheck("this anyOf")
			}
			sets = append(sets, set)
		}
		if sets != nil {
			out.oneOf = append(out.oneOf, sets)
		}
	}
	return nil
}

// conditions takes an if that asks for one member's value, and a then that
// requires members.
func (c compiler) conditions(out *objectCheck, keywords map[string]any) error {
	cond, ok := keywords["if"].(map[string]any)
	if !ok {
		return nil
	}
	then, _ := keywords["then"].(map[string]any)
	properties, _ := cond["properties"].(map[string]any)
	asks, _ := stringsOf(cond["required"])
	if len(then) != 1 || len(cond) != 2 || len(properties) != 1 || len(asks) != 1 {
		return noCheck("this if")
	}
	is, _ := properties[asks[0]].(map[string]any)
	value, isText := is["const"].(string)
	required, err := out.set(then["required"])
	about := out.members[asks[0]]
	if err != nil || len(is) != 1 || !isText || about == nil || about.kinds != aString {
		return noCheck("this if")
	}
	about.demand = len(out.demands)
	out.demands = append(out.demands, demand{value, required})
	return nil
}
