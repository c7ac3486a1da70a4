package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"passerelle/connectors/all"
	"passerelle/internal/config"
	"passerelle/internal/policy"
	"passerelle/test/shared"
)

// path is a file of the tree.
func path(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(shared.Root(t), filepath.FromSlash(name))
}

func read(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// references are how a config names its secrets.
var references = regexp.MustCompile(`\$\{(env|file|credential):[^}]*\}`)

// What stands for a key, and for all other secrets: it can sign, and let in.
const (
	anyKey    = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	anySecret = "whsec_" + anyKey
)

// fillIn gives a config its secrets.
func fillIn(text string) string {
	return references.ReplaceAllStringFunc(text, func(reference string) string {
		if strings.Contains(reference, "_key") {
			return anyKey
		}
		return anySecret
	})
}

// example copies an example's folder, with its secrets filled in.
func example(t testing.TB, folder string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	entries, err := os.ReadDir(path(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text := fillIn(read(t, filepath.Join(folder, e.Name())))
		write(t, filepath.Join(dir, e.Name()), text)
		if e.Name() == "passerelle.yaml" || e.Name() == "replay.yaml" {
			file = filepath.Join(dir, e.Name())
		}
	}
	return dir, file
}

func TestEveryExampleLoads(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(path(t, "deploy/examples/*"))
	if err != nil || len(folders) < 3 {
		t.Fatalf("%v, %v", folders, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			_, file := example(t, filepath.Join("deploy/examples", filepath.Base(folder)))
			cfg, err := config.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := cfg.Check(all.Registry()); err != nil {
				t.Error(err)
			}
			if _, err := policy.Load(cfg.PolicyFile, cfg.PolicyText, cfg.Catalog); err != nil {
				t.Error(err)
			}
		})
	}
}
