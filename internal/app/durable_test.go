package app

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDurableFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := makeDurable(dir); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "policy.yaml")
	for _, text := range []string{"a policy", "another"} {
		if err := writeDurable(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q %v, want %q", got, err, text)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files, want one (%v)", len(left), err)
	}
	if err := makeDurable(filepath.Join(path, "below a file")); err == nil {
		t.Error("a folder below a file was made")
	}
	if err := makeDurable(path); err == nil {
		t.Error("a file was taken for a folder")
	}
	if err := writeDurable(dir, nil); err == nil {
		t.Error("a folder was replaced by a file")
	}
}
