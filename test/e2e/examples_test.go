package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passerelle/connectors/all"
	"passerelle/internal/config"
	"passerelle/internal/policy"
)

// The example that a newcomer starts from is whole, and the README shows it as
// it is.
func TestTheFirstExample(t *testing.T) {
	t.Setenv("DIALLER_SECRET", hookSecret)
	t.Setenv("SAMIR_TOKEN", sam)
	path := filepath.Join("..", "..", "deploy", "examples", "first", "passerelle.yaml")
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(all.Registry()); err != nil {
		t.Error(err)
	}
	if _, err := policy.Load(cfg.PolicyFile, cfg.PolicyText, cfg.Catalog); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```yaml\n"+string(text)+"```") {
		t.Error("the README's first config is not deploy/examples/first/passerelle.yaml")
	}
}
