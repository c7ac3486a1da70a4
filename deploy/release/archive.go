package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// handedOut are the folders and files of the tree that go along, less the Go
// programs among them.
var handedOut = []string{"README.md", "deploy"}

// writeArchive packs the program and what its installation needs, all under one
// folder and with one time.
func writeArchive(ctx context.Context, to, folder, program string, at time.Time) (err error) {
	files, err := tracked(ctx)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zip, err := gzip.NewWriterLevel(f, gzip.BestCompression) // its header has no name and no time
	if err != nil {
		return err
	}
	pack := tar.NewWriter(zip)
	add := func(from, name string, mode int64) error {
		raw, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		head := &tar.Header{Name: path.Join(folder, name), Mode: mode, Size: int64(len(raw)), ModTime: at, Format: tar.FormatPAX}
		if err := pack.WriteHeader(head); err != nil {
			return err
		}
		_, err = pack.Write(raw)
		return err
	}
	if err := add(program, "passerelle", 0o755); err != nil {
		return err
	}
	for _, name := range files {
		if err := add(filepath.FromSlash(name), name, 0o644); err != nil {
			return err
		}
	}
	return errors.Join(pack.Close(), zip.Close())
}

// tracked lists what git knows of what is handed out, sorted.
func tracked(ctx context.Context) ([]string, error) {
	raw, err := exec.CommandContext(ctx, "git", append([]string{"ls-files", "-z", "--"}, handedOut...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	files := strings.FieldsFunc(string(raw), func(r rune) bool { return r == 0 })
	files = slices.DeleteFunc(files, func(name string) bool { return path.Ext(name) == ".go" })
	slices.Sort(files)
	return files, nil
}

// writeSums writes what `sha256sum -c SHA256SUMS` checks.
func writeSums(dir string) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(raw), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), sums.Bytes(), 0o644)
}
