package faultpoint_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const variable = "PASSERELLE_FAULTPOINT"

// The binary that people run cannot be told to kill itself.
func TestTheBinaryHasNoFaultPoints(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for tag, want := range map[string]bool{"": false, "faultpoint": true} {
		path := filepath.Join(dir, "passerelle-"+tag)
		build := exec.Command("go", "build", "-tags", tag, "-o", path, "passerelle/cmd/passerelle")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(raw, []byte(variable)); got != want {
			t.Errorf("built with -tags %q: the binary holds %s: %v, want %v", tag, variable, got, want)
		}
	}
}
