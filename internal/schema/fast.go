package schema

import (
	"encoding/json"
	"math"
	"strings"
)

// kinds is a set of JSON types.
type kinds uint8

const (
	aString kinds = 1 << iota
	anInteger
	aFraction // a number that is written with a decimal point
	aBoolean
	aNull
	anObject
)

var kindsOf = map[string]kinds{
	"string": aString, "integer": anInteger, "number": anInteger | aFraction,
	"boolean": aBoolean, "null": aNull, "object": anObject,
}

// check is a schema made to be run over the bytes of a value in one pass. It
// says yes only where the library would, and knows just the keywords that our
// events use; a schema with others has none.
type check struct {
	kinds            kinds
	words            []string // of an enum or a const; nil is any
	shortest, length int      // of a string, in characters
	match            []func([]byte) bool
	least, most      int64 // of an integer
	object           *objectCheck
}

// objectCheck is what an object must hold. Its members are numbered; sets of
// them are bits.
type objectCheck struct {
	members  map[string]*member
	required uint64
	oneOf    [][]uint64 // of each list one set must be there whole
	demands  []demand
	others   *check // of members that have no schema of their own; nil: there may be none
	names    *check // of every name; nil: any
	most     int    // members
}

// member is a property with a schema of its own.
type member struct {
	*check
	bit    uint64
	demand int // that its value may raise; -1: none
}

// demand is an if-then: if a member has the value, others are required.
type demand struct {
	value    string
	required uint64
}

// noCheck is why a schema has no check: a keyword, or what it says.
type noCheck string

func (e noCheck) Error() string { return "no fast check for " + string(e) }

// compiler makes checks out of the schemas' sources.
type compiler struct {
	sources map[string]any
	file    string // where references without one point
	depth   int
}

// deepest bounds how far schemas lead to others: one that comes back to itself
// has no check.
const deepest = 12

// wordsOnly say nothing about a value.
var wordsOnly = map[string]bool{"$schema": true, "$defs": true, "title": true, "description": true}

// objectKeywords are done by [compiler.object].
var objectKeywords = map[string]bool{
	"required": true, "properties": true, "additionalProperties": true, "propertyNames": true, "maxProperties": true,
	"anyOf": true, "allOf": true, "if": true, "then": true,
}

func (c compiler) check(source any) (*check, error) {
	keywords, ok := source.(map[string]any)
	if !ok || c.depth > deepest {
		return nil, noCheck("a schema that is no object, or too deep")
	}
	c.depth++
	if ref, ok := keywords["$ref"]; ok {
		return c.follow(ref, keywords)
	}
	out := &check{kinds: aString | anInteger | aFraction | aBoolean | aNull, length: math.MaxInt, least: math.MinInt64, most: math.MaxInt64}
	if keywords["type"] == "object" {
		out.kinds = anObject
		var err error
		if out.object, err = c.object(keywords); err != nil {
			return nil, err
		}
	}
	for keyword, value := range keywords {
		if wordsOnly[keyword] || out.object != nil && (objectKeywords[keyword] || keyword == "type") {
			continue
		}
		if err := out.add(keyword, value); err != nil {
			return nil, err
		}
	}
	if out.words != nil {
		out.kinds &= aString
	}
	if out.kinds != anObject && out.words == nil && keywords["type"] == nil && len(out.match) == 0 {
		return nil, noCheck("a value of any type")
	}
	return out, nil
}

// follow goes where a reference points. It may stand beside a description only.
func (c compiler) follow(ref any, keywords map[string]any) (*check, error) {
	for keyword := range keywords {
		if keyword != "$ref" && !wordsOnly[keyword] {
			return nil, noCheck("$ref beside " + keyword)
		}
	}
	text, _ := ref.(string)
	file, pointer, _ := strings.Cut(text, "#")
	if file != "" {
		c.file = file
	}
	return c.check(at(c.sources[c.file], pointer))
}

// add takes a keyword about anything but objects.
func (o *check) add(keyword string, value any) (err error) {
	switch keyword {
	case "type":
		o.kinds, err = typesOf(value)
	case "enum":
		words, ok := stringsOf(value)
		if !ok || len(words) == 0 {
			return noCheck("an enum of anything but strings")
		}
		o.words = words
	case "minLength":
		o.shortest, err = count(value)
	case "maxLength":
		o.length, err = count(value)
	case "minimum":
		o.least, err = bound(value)
	case "maximum":
		o.most, err = bound(value)
	case "pattern":
		text, _ := value.(string)
		var match func([]byte) bool
		if match, err = matcher(text); err == nil {
			o.match = append(o.match, match)
		}
	case "format":
		if value != "date-time" {
			return noCheck("this format")
		}
		o.match = append(o.match, isDateTime)
	default:
		return noCheck(keyword)
	}
	return err
}

func typesOf(value any) (kinds, error) {
	names, ok := stringsOf(value)
	if name, single := value.(string); single {
		names, ok = []string{name}, true
	}
	var out kinds
	for _, name := range names {
		if kindsOf[name] == 0 || name == "object" {
			return 0, noCheck("a type that is " + name)
		}
		out |= kindsOf[name]
	}
	if !ok || out == 0 {
		return 0, noCheck("this type")
	}
	return out, nil
}

func stringsOf(value any) ([]string, bool) {
	list, ok := value.([]any)
	out := make([]string, len(list))
	for i, v := range list {
		text, isText := v.(string)
		out[i], ok = text, ok && isText
	}
	return out, ok
}

func bound(value any) (int64, error) {
	n, _ := value.(json.Number)
	whole, err := n.Int64()
	if err != nil {
		return 0, noCheck("a bound that is not whole")
	}
	return whole, nil
}

func count(value any) (int, error) {
	n, err := bound(value)
	return int(n), err
}
