package config

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/schema"
	"passerelle/internal/strict"
	"passerelle/schemas"
)

// asJSON is a YAML file as editors hand it to a JSON Schema.
func asJSON(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	node, err := strict.Parse(file, data)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := node.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPublishedSchema(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	if err := set.Validate("config.v1", asJSON(t, "testdata/good/passerelle.yaml")); err != nil {
		t.Errorf("the good config: %v", err)
	}
	for _, bad := range []string{"empty", "unknown_keys", "names", "wrong_types", "fields"} {
		if err := set.Validate("config.v1", asJSON(t, "testdata/bad/"+bad+".yaml")); err == nil {
			t.Errorf("%s fits the schema", bad)
		}
	}
}

// TestSchemaKnowsTheSameKeys: the schema has the keys that are read, no more
// and no less.
func TestSchemaKnowsTheSameKeys(t *testing.T) {
	t.Parallel()
	type object struct {
		Properties map[string]json.RawMessage
		Required   []string
		Items      *object
		More       json.RawMessage `json:"additionalProperties"`
	}
	read := func(data []byte) (o object) {
		if err := json.Unmarshal(data, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	data, err := schemas.FS.ReadFile("config.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	root := read(data)
	var defs struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(data, &defs); err != nil {
		t.Fatal(err)
	}
	def := func(name string) object { return read(defs.Defs[name]) }
	tests := []struct {
		name   string
		schema object
		read   any
	}{
		{"config", root, file{}},
		{"nats", read(root.Properties["nats"]), natsFile{}},
		{"http", read(root.Properties["http"]), httpFile{}},
		{"backup", read(root.Properties["backup"]), backupFile{}},
		{"sign_in", read(root.Properties["sign_in"]), signInFile{}},
		{"provider", def("provider"), providerFile{}},
		{"second factor", read(def("provider").Properties["second_factor"]), factorFile{}},
		{"retention", read(root.Properties["retention"]), retentionFile{}},
		{"connection", def("connection"), connectionFile{}},
		{"limits", read(def("connection").Properties["limits"]), limitsFile{}},
		{"field", def("field"), fieldFile{}},
		{"campaign", def("campaign"), campaignFile{}},
		{"feed", *read(def("campaign").Properties["feeds"]).Items, feedFile{}},
		{"person", def("person"), personFile{}},
		{"login", read(read(def("person").Properties["phoning"]).More), loginFile{}},
		{"token", def("token"), tokenFile{}},
	}
	for _, tt := range tests {
		var keys, required []string
		for f := range reflect.TypeOf(tt.read).Fields() {
			name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			keys = append(keys, name)
			if option == "required" {
				required = append(required, name)
			}
		}
		var known []string
		for name := range tt.schema.Properties {
			known = append(known, name)
		}
		slices.Sort(keys)
		slices.Sort(known)
		slices.Sort(required)
		slices.Sort(tt.schema.Required)
		if diff := cmp.Diff(keys, known); diff != "" {
			t.Errorf("%s (-read +schema):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(required, tt.schema.Required); diff != "" {
			t.Errorf("%s, required (-read +schema):\n%s", tt.name, diff)
		}
	}
}
