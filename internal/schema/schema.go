package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// base is where the schemas live for the library: nowhere that can be fetched.
const base = "passerelle:///"

// Set is compiled schemas, safe for concurrent use.
type Set struct {
	schemas map[string]*jsonschema.Schema
	checks  map[string]*check // of those that have one
	sources map[string]any    // by file name: for the descriptions in findings
}

// Compile compiles all *.json in the root of fsys. A schema's name is its file
// name without .json, "call_outcome.v1".
func Compile(fsys fs.FS) (*Set, error) {
	files, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, err
	}
	set := &Set{schemas: map[string]*jsonschema.Schema{}, checks: map[string]*check{}, sources: map[string]any{}}
	c := jsonschema.NewCompiler()
	c.Draft, c.AssertFormat = jsonschema.Draft2020, true
	c.LoadURL = func(url string) (io.ReadCloser, error) { return nil, fmt.Errorf("no schema %s", url) }
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		source, bad := parse(data)
		if bad != nil {
			return nil, fmt.Errorf("schema %s: %w", file, bad)
		}
		set.sources[file] = source
		if err := c.AddResource(base+file, strings.NewReader(string(data))); err != nil {
			return nil, fmt.Errorf("schema %s: %w", file, err)
		}
	}
	for _, file := range files {
		s, err := c.Compile(base + file)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", file, err)
		}
		name := strings.TrimSuffix(path.Base(file), ".json")
		set.schemas[name] = s
		if fast, err := (compiler{sources: set.sources, file: file}).check(set.sources[file]); err == nil {
			set.checks[name] = fast
		}
	}
	return set, nil
}

// Must is [Compile] for the schemas built into the binary, whose mistakes are
// ours: it panics on them.
func Must(fsys fs.FS) *Set {
	set, err := Compile(fsys)
	if err != nil {
		panic(err)
	}
	return set
}

// Validate says whether body fits the schema. What a check of our own is not
// sure of, the library judges. An [*Error] lists what does not;
// any other error means that there is no such schema.
func (s *Set) Validate(name string, body []byte) error {
	compiled, ok := s.schemas[name]
	if !ok {
		return fmt.Errorf("schema %q: there is none of this name", name)
	}
	if fast := s.checks[name]; fast != nil && fast.fits(body) {
		return nil
	}
	value, bad := parse(body)
	if bad == nil {
		bad = s.findings(compiled.Validate(value))
	}
	if bad != nil {
		bad.Schema = name
		return bad
	}
	return nil
}

// Decode validates body (see [Set.Validate]) and then decodes it into a
// pointer, by its json tags. What the schema allows and the Go type cannot
// take is a finding too.
func (s *Set) Decode(name string, body []byte, into any) error {
	if err := s.Validate(name, body); err != nil {
		return err
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	bad := fail("", "a value has a form that cannot be read")
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		bad = fail(pointerTo(strings.Split(wrong.Field, ".")...), "cannot be read as %s", wrong.Type)
	}
	bad.Schema = name
	return bad
}
