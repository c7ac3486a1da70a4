package shared

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSeed(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(Env, dir)
	if err := os.MkdirAll(filepath.Join(dir, "seeds"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "l\u2019e\u2011mail\u00a0:\n un\u202fcode\t; « oui »\n"
	if err := os.WriteFile(filepath.Join(dir, "seeds", "007_a.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := Seed(t, "007"), "l'e-mail : un code ; « oui »"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
