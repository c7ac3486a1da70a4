package shared

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Seed is the text of a source by its number, like "003", as [Plain] has it.
// Where the shared data is absent the test is skipped, as [Path] does.
func Seed(t testing.TB, number string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Path(t, "seeds"), number+"_*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("source %s is %d files: %v", number, len(files), err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return Plain(string(raw))
}

// Plain is a text with one space wherever it has any, whatever their kind, and
// with typewriter apostrophes and hyphens: so two copies of a sentence compare.
func Plain(text string) string {
	text = strings.NewReplacer("\u2019", "'", "\u2011", "-").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}
