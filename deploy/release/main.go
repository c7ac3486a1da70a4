package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	out := flag.String("out", filepath.Join(".build", "release"), "the folder for what is made; an earlier release in it is removed")
	list := flag.String("targets", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64", "what to build for, GOOS/GOARCH")
	flag.Parse()
	if err := run(ctx, *out, strings.Split(*list, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, targets []string) error {
	if _, err := os.Stat("go.mod"); err != nil {
		return errors.New("run it in the folder of go.mod")
	}
	if err := prepare(out); err != nil {
		return err
	}
	for _, name := range targets {
		t, err := parseTarget(name)
		if err != nil {
			return err
		}
		if err := makeTarget(ctx, t, out); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return writeSums(out)
}

// prepare makes the folder ready: what an earlier run left there would be summed.
func prepare(out string) error {
	old, err := filepath.Glob(filepath.Join(out, "passerelle-*"))
	if err != nil {
		return err
	}
	for _, path := range append(old, filepath.Join(out, "SHA256SUMS")) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return os.MkdirAll(out, 0o755)
}

// target is a platform.
type target struct{ os, arch string }

func parseTarget(name string) (target, error) {
	system, arch, ok := strings.Cut(name, "/")
	if !ok || system == "" || arch == "" {
		return target{}, fmt.Errorf("-targets: %q is not GOOS/GOARCH", name)
	}
	return target{system, arch}, nil
}

// makeTarget builds the program, and makes its archive and list of modules.
func makeTarget(ctx context.Context, t target, out string) error {
	dir, err := os.MkdirTemp("", "passerelle-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left
	program := filepath.Join(dir, "passerelle")
	if err := build(ctx, t, program); err != nil {
		return err
	}
	stamp, err := readStamp(program)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("passerelle-%s-%s-%s", stamp.version, t.os, t.arch)
	if err := writeSBOM(filepath.Join(out, name+".cdx.json"), stamp); err != nil {
		return err
	}
	if err := writeArchive(ctx, filepath.Join(out, name+".tar.gz"), name, program, stamp.at); err != nil {
		return err
	}
	fmt.Println(filepath.Join(out, name+".tar.gz"))
	return nil
}

// build makes the program. Without cgo it needs nothing of the system that it
// runs on; trimmed paths and no build id make it the same everywhere.
func build(ctx context.Context, t target, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid=", "-o", to, "./cmd/passerelle")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}
