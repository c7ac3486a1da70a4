package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// LoadOrCreateKey reads the data key at path, or makes one there with mode
// 0600 if there is none. The file is on the disk before it is used. A file of
// the wrong length or form is refused, and so is one that group or others may
// read or write. Two processes that start at once get the same key.
func LoadOrCreateKey(path string) (Key, error) {
	key, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, fmt.Errorf("data key: %w", err)
	}
	return loadKey(path)
}

func loadKey(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("data key: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("data key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("data key %s: not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Key{}, fmt.Errorf("data key %s: others may use it (mode %04o): chmod 600 it, and replace the key if they did", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return Key{}, fmt.Errorf("data key: %w", err)
	}
	key, err := ParseKey(New(string(data)))
	if err != nil {
		return Key{}, fmt.Errorf("data key %s: %w", path, err)
	}
	return key, nil
}

// createKey writes the whole file beside its place and then links it there, so
// that no crash leaves half a key and no other process's key is overwritten.
func createKey(path string) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(randomKey() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
