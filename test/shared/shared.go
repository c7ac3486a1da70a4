// Package shared is what tests of all folders ask: for the data that lies beside
// the project, not in it (real campaigns, captures, specifications), and for what
// the machine must have. It waits and looks for them too: until something holds,
// at what many goroutines have written, and at the rows of a CSV file.
package shared

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Env names the folder of the shared data; without it the folder is ../shared
// beside the module's root.
const Env = "PASSERELLE_SHARED"

// Path is a file of the shared data, named from its folder, like
// "data/bank-marketing.csv". Where it is absent the test is skipped, and under
// CI=1 it fails: there nothing may go untested.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(folder(t), filepath.FromSlash(name))
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "1":
		t.Fatalf("shared data is absent: %s (set %s)", path, Env)
	case errors.Is(err, os.ErrNotExist):
		t.Skipf("shared data is absent: %s (set %s)", path, Env)
	default:
		t.Fatal(err)
	}
	return ""
}

func folder(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(Env); dir != "" {
		return dir
	}
	return filepath.Join(Root(t), "..", "shared")
}

// Root is the folder of go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			err = errors.New("no go.mod above the test's folder")
		}
		dir = up
	}
	t.Fatal(err)
	return ""
}
