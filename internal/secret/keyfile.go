package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
func createKey(path string) error {
	return besides(path, randomKey()+"\n", os.Link)
}

// besides writes a file beside its place and then puts it there.
func besides(path, text string, put func(from, to string) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := put(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// Renew puts a new key before those in the file at path, which k was read
// from, and seals with it from then on; the others still open records. The
// file is on the disk before the new key is used, and whole at any moment.
func (k Key) Renew(path string) error {
	text, err := k.inFile(path)
	if err != nil {
		return err
	}
	return k.rewrite(path, randomKey()+"\n"+text)
}

// DropOld takes all but the current key out of the file at path, and forgets
// them. What they sealed cannot be opened any more.
func (k Key) DropOld(path string) error {
	text, err := k.inFile(path)
	if err != nil {
		return err
	}
	current, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return k.rewrite(path, current+"\n")
}

// inFile reads the file's text and refuses one that holds other keys than k.
func (k Key) inFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("data key: %w", err)
	}
	there, err := ParseKey(New(string(data)))
	if err != nil {
		return "", fmt.Errorf("data key %s: %w", path, err)
	}
	if there.ID() != k.ID() || !slices.Equal(there.Old(), k.Old()) {
		return "", fmt.Errorf("data key %s: it was changed since it was read: restart the hub first", path)
	}
	return string(data), nil
}

func (k Key) rewrite(path, text string) error {
	next, err := ParseKey(New(text))
	if err != nil {
		return err
	}
	if err := besides(path, text, os.Rename); err != nil {
		return fmt.Errorf("data key: %w", err)
	}
	ring := next.ring()
	k.k.Store(&ring)
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
