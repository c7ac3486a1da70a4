package policy

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/schema"
	"passerelle/internal/strict"
	"passerelle/schemas"
)

// asJSON is the policy's text as the schema reads it.
func asJSON(t interface{ Helper() }, text []byte) ([]byte, error) {
	t.Helper()
	node, err := strict.Parse("policy.yaml", text)
	if err != nil {
		return nil, err
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func TestSchemaTakesWhatLoads(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	examples, err := filepath.Glob("../../test/corpus/*/policy.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("%d examples: %v", len(examples), err)
	}
	for _, file := range append(examples, "testdata/plateau.yaml") {
		body, err := asJSON(t, readFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := set.Validate("policy.v1", body); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestSchemaRefusesBadFiles(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	for _, name := range []string{"grants", "denies", "frame", "empty", "broken", "tests", "opened", "territories", "window", "limits"} {
		body, err := asJSON(t, readFile(t, "testdata/bad/"+name+".yaml"))
		if err != nil {
			continue // strict refuses it before any schema sees it
		}
		if err := set.Validate("policy.v1", body); err == nil {
			t.Errorf("%s.yaml fits the schema", name)
		}
	}
}

// TestSchemaKnowsTheSameWords puts every word of the language through the
// schema, and one that the language does not have.
func TestSchemaKnowsTheSameWords(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	const frame = "version: 1\nroles: {caller: {grants: [{on: %s, scope: %s, actions: [%s], read: [%s]}], context: [customer]}}\nprofiles: {}\n"
	words := [][]string{strs(bridge.Objects()), strs(Scopes()), strs(Actions()), nil}
	for _, c := range bridge.Classes() {
		words[3] = append(words[3], "class "+string(c))
	}
	for i := range words {
		for _, word := range append(slices.Clone(words[i]), "No-Sense") {
			chosen := []any{"account", "own", "read", "class public"}
			chosen[i] = word
			body, err := asJSON(t, fmt.Appendf(nil, frame, chosen...))
			if err != nil {
				t.Fatal(err)
			}
			if err := set.Validate("policy.v1", body); (err == nil) != (word != "No-Sense") {
				t.Errorf("%v: %v", chosen, err)
			}
		}
	}
}

func strs[S ~string](in []S) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}
