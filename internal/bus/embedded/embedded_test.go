package embedded_test

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
)

// use makes a stream and publishes to it: what the hub does at its start.
func use(t *testing.T, dir string) {
	t.Helper()
	s, err := embedded.Start(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	c, err := bus.Connect(bus.Options{Embedded: s, Name: "test", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := c.Road("paris")
	if err := r.Renew(context.Background(), []bridge.ConnectionName{"crm.main"}); err != nil {
		t.Fatal(err)
	}
	var m []bus.Message
	for range 100 {
		m = append(m, bus.Message{Entry: "e", Connection: "crm.main", Partition: 1})
	}
	if err := r.Publish(context.Background(), m); err != nil {
		t.Fatal(err)
	}
}

// files runs fn over every file under dir.
func files(t *testing.T, dir string, fn func(path string, size int64) error) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		n++
		return fn(path, info.Size())
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files damaged: %v", n, err)
	}
}

// Whatever became of the stream's files, the hub starts and publishes: nothing
// hangs on them.
func TestStartsOverADamagedStore(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, dir string){
		"whole": func(*testing.T, string) {},
		"gone": func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		},
		"files cut in half": func(t *testing.T, dir string) {
			files(t, dir, func(path string, size int64) error { return os.Truncate(path, size/2) })
		},
		"files empty": func(t *testing.T, dir string) {
			files(t, dir, func(path string, _ int64) error { return os.Truncate(path, 0) })
		},
		"files full of rubbish": func(t *testing.T, dir string) {
			files(t, dir, func(path string, size int64) error {
				junk := make([]byte, size)
				for i := range junk {
					junk[i] = byte(i*7 + 1)
				}
				return os.WriteFile(path, junk, 0o600)
			})
		},
		"files removed": func(t *testing.T, dir string) {
			files(t, dir, func(path string, _ int64) error { return os.Remove(path) })
		},
		"a file where the folder was": func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, []byte("?"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "nats")
			use(t, dir)
			damage(t, dir)
			use(t, dir)
		})
	}
}

func TestAFolderThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := embedded.Start(filepath.Join(file, "nats")); err == nil {
		s.Stop()
		t.Fatal("started inside a file")
	}
}
