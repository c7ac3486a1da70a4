package chaos

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/store"
)

// A hub that cannot use its data says why, in a line, and ends.
func cannotStart(t *testing.T, bin string) {
	for _, c := range []struct {
		name string
		hurt func(t *testing.T, d *image, data string) // between two starts
		want []string
	}{
		{"locked", func(t *testing.T, _ *image, data string) {
			s, err := store.Open(filepath.Join(data, "store.db"), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
		}, []string{"store.db", "is a hub running on this data_dir?"}},
		{"of a newer version", func(t *testing.T, _ *image, data string) {
			s, err := store.Open(filepath.Join(data, "store.db"), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Commit(context.Background(), func(tx *store.Tx) error {
				return store.NewRaw("meta").Put(tx, "version", binary.BigEndian.AppendUint64(nil, 99))
			})
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
		}, []string{"store.db", "newer version", "upgrade the program"}},
		{"a torn page", func(t *testing.T, _ *image, data string) {
			rewrite(t, filepath.Join(data, "store.db"), func(raw []byte) []byte {
				clear(raw[3*os.Getpagesize()+512:])
				return raw
			})
		}, []string{"store.db", "damaged", "page ", "restore the last backup"}},
		{"cut short", func(t *testing.T, _ *image, data string) {
			rewrite(t, filepath.Join(data, "store.db"), func(raw []byte) []byte { return raw[:20_000] })
		}, []string{"store.db", "damaged", "20000 bytes", "restore the last backup"}},
		{"empty", func(t *testing.T, _ *image, data string) {
			rewrite(t, filepath.Join(data, "store.db"), func(raw []byte) []byte { return nil })
		}, []string{"store.db", "damaged", "empty"}},
		{"no store", func(t *testing.T, _ *image, data string) {
			rewrite(t, filepath.Join(data, "store.db"), func(raw []byte) []byte { return []byte(strings.Repeat("text\n", 10_000)) })
		}, []string{"store.db", "damaged", "or it is no store"}},
		{"read-only", func(t *testing.T, d *image, _ string) {
			d.run("mount", "-o", "remount,ro", d.dir)
		}, []string{"data_dir", "cannot be written to", "read-only"}},
		{"read-only and new", func(t *testing.T, d *image, data string) {
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
			d.run("mount", "-o", "remount,ro", d.dir)
		}, []string{"data_dir", "cannot be written to", "read-only"}},
		{"full and new", func(t *testing.T, d *image, data string) {
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
			d.fill()
		}, []string{"data_dir", "no space left"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			disk := newImage(t, dir, 32)
			crm := newRestCRM(t, 1)
			configureOn(t, dir, "disk/data", crm.config())
			hub := newProcess(t, bin, dir)
			if !hub.waitReady(hub.start("")) {
				t.Fatal("the hub does not start")
			}
			hub.stop()
			c.hurt(t, disk, disk.path("data"))
			status, said := endsAtOnce(t, bin, dir)
			if status != 1 {
				t.Errorf("it ended with %d, want 1", status)
			}
			last := said[strings.LastIndex(strings.TrimSpace(said), "\n")+1:]
			for _, words := range c.want {
				if !strings.Contains(last, words) {
					t.Errorf("the last line lacks %q", words)
				}
			}
			if t.Failed() || strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") {
				t.Errorf("it said:\n%s", said)
			}
		})
	}
}

func rewrite(t *testing.T, path string, with func([]byte) []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, with(raw), 0o600); err != nil {
		t.Fatal(err)
	}
}

// endsAtOnce runs a hub that cannot start and answers its exit code and words.
func endsAtOnce(t *testing.T, bin, dir string) (status int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "serve", "--config", filepath.Join(dir, "passerelle.yaml"))
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("it did not end within 20 s:\n%s", out)
	}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
