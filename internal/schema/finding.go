package schema

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxFindings bounds an error: nobody reads more at once.
const maxFindings = 50

// Finding is one thing in a body that does not fit.
type Finding struct {
	Pointer string `json:"pointer"` // RFC 6901; "" is the whole body
	Text    string `json:"detail"`  // what is wrong, without the value
}

// Error is everything in a body that does not fit its schema, in the order of
// the pointers, at most 50 findings.
type Error struct {
	Schema   string
	Findings []Finding
}

func (e *Error) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = cmp.Or(f.Pointer, "body") + ": " + f.Text
	}
	return e.Schema + ": " + strings.Join(lines, "; ")
}

// findings says in our words what the library found: its own quote values.
func (s *Set) findings(err error) *Error {
	if err == nil {
		return nil
	}
	top, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return fail("", "cannot be judged")
	}
	out := &Error{Findings: s.flatten(top, nil)}
	slices.SortStableFunc(out.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Text, b.Text))
	})
	out.Findings = slices.Compact(out.Findings)
	out.Findings = out.Findings[:min(len(out.Findings), maxFindings)]
	return out
}

func (s *Set) flatten(e *jsonschema.ValidationError, out []Finding) []Finding {
	keyword := e.KeywordLocation[strings.LastIndex(e.KeywordLocation, "/")+1:]
	pointer := instance(e.InstanceLocation)
	if keyword == "anyOf" || keyword == "oneOf" {
		if names := alternatives(e); len(names) > 0 {
			return append(out, Finding{pointer, "needs " + strings.Join(names, " or ")})
		}
	}
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			out = s.flatten(cause, out)
		}
		return out
	}
	switch keyword {
	case "required":
		for _, name := range quoted(e.Message) {
			out = append(out, Finding{pointer + pointerTo(name), "is missing"})
		}
	case "additionalProperties", "unevaluatedProperties":
		for _, name := range quoted(e.Message) {
			out = append(out, Finding{pointer + pointerTo(name), "is not known here: remove it"})
		}
	default:
		out = append(out, Finding{pointer, s.text(keyword, e)})
	}
	return out
}

// alternatives lists the properties of which one is needed, if that is all
// that the branches ask for.
func alternatives(e *jsonschema.ValidationError) []string {
	var names []string
	for _, cause := range e.Causes {
		for len(cause.Causes) == 1 {
			cause = cause.Causes[0]
		}
		if !strings.HasSuffix(cause.KeywordLocation, "/required") || cause.InstanceLocation != e.InstanceLocation {
			return nil
		}
		names = append(names, strings.Join(quoted(cause.Message), " and "))
	}
	return names
}

// text words a finding. Of the library's message it keeps only what comes from
// the schema or counts something.
func (s *Set) text(keyword string, e *jsonschema.ValidationError) string {
	switch keyword {
	case "type":
		want, _, _ := strings.Cut(strings.TrimPrefix(e.Message, "expected "), ", but got")
		return "must be " + want
	case "enum", "const":
		return "must be one of the values of the schema" + s.values(e.AbsoluteKeywordLocation)
	case "pattern", "format":
		if d := s.description(e.AbsoluteKeywordLocation); d != "" {
			return "has the wrong form: " + strings.TrimSuffix(d, ".")
		}
		return "has the wrong form (" + keyword + ")"
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		rule, _, _ := strings.Cut(e.Message, " but found")
		return rule
	case "minLength", "maxLength":
		return e.Message + " characters"
	case "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems":
		return e.Message
	}
	return "does not fit the schema (" + keyword + ")"
}

// values lists an enum's values, if they are few.
func (s *Set) values(location string) string {
	list, _ := s.at(location).([]any)
	if len(list) == 0 {
		return ""
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return ": " + strings.Join(words, ", ")
}

// description is that of the schema which holds the keyword at location.
func (s *Set) description(location string) string {
	holder, _ := s.at(location[:strings.LastIndex(location, "/")]).(map[string]any)
	text, _ := holder["description"].(string)
	return text
}

// at finds what stands at an absolute location in the schemas' sources.
func (s *Set) at(location string) any {
	file, pointer, _ := strings.Cut(strings.TrimPrefix(location, base), "#")
	return at(s.sources[file], pointer)
}

// at finds what stands at a pointer in a source, nil if nothing.
func at(value any, pointer string) any {
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if step == "" {
			continue
		}
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[unescape(step)]
	}
	return value
}

var quotedName = regexp.MustCompile(`'((?:[^'\\]|\\.)*)'`)

// quoted finds the names that the library lists in a message.
func quoted(message string) []string {
	var names []string
	for _, m := range quotedName.FindAllStringSubmatch(message, -1) {
		names = append(names, strings.NewReplacer(`\'`, `'`, `\"`, `"`, `\\`, `\`).Replace(m[1]))
	}
	return names
}

func unescape(step string) string {
	if plain, err := url.PathUnescape(step); err == nil {
		step = plain
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
}

// instance turns the library's location into a JSON pointer: it percent-encodes
// names on top.
func instance(location string) string {
	if location == "" {
		return ""
	}
	steps := strings.Split(strings.TrimPrefix(location, "/"), "/")
	for i := range steps {
		steps[i] = unescape(steps[i])
	}
	return pointerTo(steps...)
}
