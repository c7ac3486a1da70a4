package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../all.go")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("connectors/all/all.go does not list the folders: run go generate ./connectors/... (-want +got):\n%s", d)
	}
}

func TestConnectors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, source := range map[string]string{
		"acme/acme.go":        "package acme\nfunc Descriptor() {}",
		"later/doc.go":        "package later",
		"method/method.go":    "package method\ntype x int\nfunc (x) Descriptor() {}",
		"tested/some_test.go": "package tested\nfunc Descriptor() {}",
		"deep/fake/fake.go":   "package fake\nfunc Descriptor() {}",
		"zeta/a.go":           "package zeta",
		"zeta/b.go":           "package zeta\nfunc Descriptor() {}",
	} {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := connectors(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"acme", "zeta"}, got); d != "" {
		t.Error(d)
	}
}
