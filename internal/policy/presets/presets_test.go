package presets_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/policy/presets"
	"passerelle/internal/schema"
	"passerelle/internal/strict"
	"passerelle/schemas"
)

// each runs a test for every preset, loaded.
func each(t *testing.T, test func(*testing.T, string, *policy.Policy)) {
	t.Parallel()
	for _, name := range presets.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, ok := presets.Text(name)
			if !ok {
				t.Fatal("no text")
			}
			p, err := policy.Load(name+".yaml", text, bridge.Standard())
			if err != nil {
				t.Fatal(err)
			}
			test(t, name, p)
		})
	}
}

func TestPresetsSayWhatTheyAreMeantToSay(t *testing.T) {
	each(t, func(t *testing.T, _ string, p *policy.Policy) {
		if err := p.Test(); err != nil {
			t.Error(err)
		}
		if least := 5 * len(p.Roles()); p.Cases() < least {
			t.Errorf("%d claims, fewer than %d", p.Cases(), least)
		}
	})
}

func TestPresetsFitTheSchema(t *testing.T) {
	set := schema.Must(schemas.FS)
	each(t, func(t *testing.T, name string, p *policy.Policy) {
		node, err := strict.Parse(name, p.Text())
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := node.Decode(&value); err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := set.Validate("policy.v1", body); err != nil {
			t.Error(err)
		}
	})
}

// TestNamesSayHowManyRoles holds a preset to the number in its name, and to a
// French title for each role, which is what people are shown.
func TestNamesSayHowManyRoles(t *testing.T) {
	each(t, func(t *testing.T, name string, p *policy.Policy) {
		if _, number, ok := strings.Cut(name, "-"); ok && number != strconv.Itoa(len(p.Roles())) {
			t.Errorf("%d roles, not %s", len(p.Roles()), number)
		}
		for _, role := range p.Roles() {
			if p.Title(role) == string(role) {
				t.Errorf("role %s has no title", role)
			}
			if !slices.ContainsFunc(p.Paths(), func(path policy.Path) bool {
				of, _ := p.RoleOf(path.Connection, path.Profile)
				return of == role && path.Connection == "phoning.console"
			}) {
				t.Errorf("no profile of the console has role %s", role)
			}
		}
	})
}

func TestEveryFileIsListed(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(os.DirFS("."), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range files {
		files[i] = strings.TrimSuffix(name, ".yaml")
	}
	if names := presets.Names(); !slices.Equal(files, names) {
		t.Errorf("files %v, listed %v", files, names)
	}
	for _, p := range presets.All() {
		if p.About("en") == "" || p.About("fr") == p.About("en") {
			t.Errorf("%s: %q, %q", p.Name, p.About("en"), p.About("fr"))
		}
	}
	if _, ok := presets.Text("plateau-7"); ok {
		t.Error("a preset that does not exist has a text")
	}
}
