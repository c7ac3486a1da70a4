package schemas_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/schema"
	"passerelle/schemas"
)

// testdata/published holds each schema as it was first published. What it took
// then it takes for ever: platforms and programs are not upgraded with the hub.

func TestPublishedVersionsOnlyWiden(t *testing.T) {
	t.Parallel()
	published, err := filepath.Glob("testdata/published/*.json")
	if err != nil || len(published) < 5 {
		t.Fatalf("published: %v (%v)", published, err)
	}
	for _, path := range published {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			then, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			now, err := schemas.FS.ReadFile(name)
			if err != nil {
				t.Fatalf("a published version is gone: %v", err)
			}
			for _, why := range narrowings(decoded(t, then), decoded(t, now), "") {
				t.Error(why)
			}
		})
	}
	files, err := schemas.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(published, filepath.Join("testdata/published", f.Name())) {
			t.Errorf("%s is new: put a copy into testdata/published, and a sample into testdata/accepted", f.Name())
		}
	}
}

// What earlier versions were sent is accepted under the name it was sent with.
func TestEarlierSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	samples, err := filepath.Glob("testdata/accepted/*.json")
	if err != nil || len(samples) < 5 {
		t.Fatalf("samples: %v (%v)", samples, err)
	}
	for _, path := range samples {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.SplitN(filepath.Base(path), ".", 3) // subject, version, what it is a sample of
		if err := set.Validate(parts[0]+"."+parts[1], body); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func decoded(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// narrowings lists what the schema of then took and that of now might not.
func narrowings(then, now any, at string) (out []string) {
	was, ok := then.(map[string]any)
	is, same := now.(map[string]any)
	if !ok || !same {
		if then != false && !cmp.Equal(then, now) { // false took nothing
			out = append(out, fmt.Sprintf("%s was %v and is %v", at, then, now))
		}
		return out
	}
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		before, had := was[key]
		after, has := is[key]
		out = append(out, narrowing(key, before, after, had, has, at+"/"+key)...)
	}
	return out
}

func narrowing(key string, then, now any, had, has bool, at string) (out []string) {
	bad := func(why string) []string { return []string{fmt.Sprintf("%s %s: was %v, is %v", at, why, then, now)} }
	switch key {
	case "description", "title", "default", "examples", "$schema":
	case "properties", "$defs":
		was, _ := then.(map[string]any)
		is, _ := now.(map[string]any)
		for name, old := range was {
			if _, known := is[name]; !known {
				out = append(out, at+"/"+name+" is gone")
				continue
			}
			out = append(out, narrowings(old, is[name], at+"/"+name)...)
		}
	case "required":
		if missing(list(now), list(then)) {
			return bad("asks for more")
		}
	case "enum", "type":
		if has && (!had || missing(list(then), list(now))) {
			return bad("takes less")
		}
	case "maxLength", "maximum", "maxItems", "maxProperties", "exclusiveMaximum":
		if has && (!had || now.(float64) < then.(float64)) {
			return bad("is smaller")
		}
	case "minLength", "minimum", "minItems", "minProperties", "exclusiveMinimum":
		if has && (!had || now.(float64) > then.(float64)) {
			return bad("is greater")
		}
	default:
		if !had {
			return bad("is a new condition")
		}
		if has {
			return narrowings(then, now, at)
		}
	}
	return out
}

// list is a value that may stand alone as a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// missing says whether some of a are not in b.
func missing(a, b []any) bool {
	return slices.ContainsFunc(a, func(x any) bool {
		return !slices.ContainsFunc(b, func(y any) bool { return cmp.Equal(x, y) })
	})
}

func TestNarrowings(t *testing.T) {
	t.Parallel()
	const then = `{"type": "object", "additionalProperties": false, "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "string", "maxLength": 9}}}`
	for name, tt := range map[string]struct {
		now   string
		worse int
	}{
		"the same":                {then, 0},
		"one property more":       {strings.Replace(then, `"b":`, `"c": {"type": "integer"}, "b":`, 1), 0},
		"one value more":          {strings.Replace(then, `"y"`, `"y", "z"`, 1), 0},
		"longer":                  {strings.Replace(then, `9`, `10`, 1), 0},
		"asked for less":          {strings.Replace(then, `["a"]`, `[]`, 1), 0},
		"also a number":           {strings.Replace(then, `"type": "string"`, `"type": ["string", "number"]`, 1), 0},
		"whatever else":           {strings.Replace(then, `false`, `{"type": "string"}`, 1), 0},
		"a property is gone":      {strings.Replace(then, `"b":`, `"c":`, 1), 1},
		"a value is gone":         {strings.Replace(then, `"x", `, ``, 1), 1},
		"shorter":                 {strings.Replace(then, `9`, `8`, 1), 1},
		"asked for more":          {strings.Replace(then, `["a"]`, `["a", "b"]`, 1), 1},
		"a new condition":         {strings.Replace(then, `"maxLength"`, `"pattern": "^a", "maxLength"`, 1), 1},
		"another type":            {strings.Replace(then, `"type": "string"`, `"type": "integer"`, 1), 1},
		"what is of another kind": {strings.Replace(then, `{"enum": ["x", "y"]}`, `true`, 1), 1},
	} {
		if got := narrowings(decoded(t, []byte(then)), decoded(t, []byte(tt.now)), ""); len(got) != tt.worse {
			t.Errorf("%s: %q, want %d", name, got, tt.worse)
		}
	}
}
