package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"passerelle/internal/store"
)

type backupCmd struct {
	File string `arg:"" placeholder:"FILE" help:"The backup: a new file."`
}

func (c backupCmd) Run(ctx context.Context, s *session) error {
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s is there already: name a new file for each backup", c.File)
	}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.patient().backUp(ctx, c.File)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(m)
	}
	return s.backedUp(c.File, m)
}

// backUp has the hub take a backup and writes it to a file that is there whole
// or not at all.
func (h *hub) backUp(ctx context.Context, path string) (m store.Manifest, err error) {
	resp, err := h.send(ctx, http.MethodPost, "/v1/backup", nil)
	if err != nil {
		return m, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end, or is of no use
	if resp.StatusCode >= http.StatusBadRequest {
		raw, err := io.ReadAll(resp.Body)
		return m, errors.Join(refused(resp, raw), err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = io.Copy(f, resp.Body)
	if err != nil {
		err = unreachable{fmt.Errorf("the backup broke off, and nothing was written: %w", err)}
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return m, err
	}
	if m, err = readBack(f.Name()); err != nil {
		return m, err
	}
	return m, place(f.Name(), path)
}

// readBack reads from the disk what a backup says of itself.
func readBack(path string) (store.Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return store.Manifest{}, err
	}
	m, err := store.ReadManifest(bufio.NewReader(f))
	return m, errors.Join(err, f.Close())
}

// place gives a file its name, for good.
func place(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (s *session) backedUp(path string, m store.Manifest) error {
	sealed := "It is encrypted for backup.recipient of the config."
	if !m.Encrypted {
		sealed = "It is not encrypted: backup.recipient in the config says for whom it would be."
	}
	return s.printf("%s holds hub %s as of %s: %d bytes, the ledger to line %d, %d forgotten.\n%s\nThe data key is not in it: keep that elsewhere, and each one for as long as its backups.\n",
		path, m.Hub, moment(m.Taken), m.Size, m.Ledger.N, len(m.Forgotten), sealed)
}
