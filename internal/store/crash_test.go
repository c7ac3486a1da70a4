//go:build !faultpoint

package store

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCrashes kills the process at every point of an upgrade and a compaction:
// the next start finds the store whole, as it was or as it was to be, and
// nothing beside it but the copy.
func TestCrashes(t *testing.T) {
	t.Parallel()
	child := filepath.Join(t.TempDir(), "child")
	if out, err := exec.Command("go", "test", "-c", "-tags", "faultpoint", "-o", child, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, point := range pointsHere(t) {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.db")
			older(t, path, 250)
			cmd := exec.Command(child, "-test.run", "^TestCrashChild$")
			cmd.Env = append(os.Environ(), "STORE_CRASH="+path, "PASSERELLE_FAULTPOINT=store."+point)
			out, err := cmd.CombinedOutput()
			if err == nil || !bytes.Contains(out, []byte("dying at store."+point)) {
				t.Fatalf("it was to die: %v\n%s", err, out)
			}
			s, err := Open(path, Options{Migrations: counting(0)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			checkMarked(t, s, 250)
			files, _ := filepath.Glob(path + "*")
			if diff := cmp.Diff([]string{path, path + ".v1"}, files); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			compact(t, s)
			checkMarked(t, s, 250)
		})
	}
}

// pointsHere lists the fault points of this package that this test alone
// reaches.
func pointsHere(t *testing.T) (points []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\tpassing\("([^"]+)"\)`).FindAllSubmatch(text, -1) {
			points = append(points, string(m[1]))
		}
	}
	if len(points) < 7 || !slices.Contains(points, "compact.renamed") {
		t.Fatalf("points found: %v", points)
	}
	return points
}
