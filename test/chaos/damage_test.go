package chaos

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// damage does to the embedded NATS's store what may happen to it, and names it.
func damage(dir string, dice *rand.Rand) (string, error) {
	store := filepath.Join(dir, "data", "nats")
	kind := dice.IntN(6)
	if kind < 2 {
		return "", nil
	}
	if kind == 2 {
		return "deleted", os.RemoveAll(store)
	}
	var files []string
	err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return "", nil // deleted before, and the hub died before it made it anew
	}
	if err != nil {
		return "", err
	}
	victim := files[dice.IntN(len(files))]
	info, err := os.Stat(victim)
	if err != nil {
		return "", err
	}
	switch kind {
	case 3:
		return "a file gone", os.Remove(victim)
	case 4:
		return "a file cut", os.Truncate(victim, dice.Int64N(info.Size()+1))
	}
	raw, err := os.ReadFile(victim)
	if err != nil {
		return "", err
	}
	for range min(16, len(raw)) {
		raw[dice.IntN(len(raw))] ^= byte(1 + dice.IntN(255))
	}
	return "a file spoilt", os.WriteFile(victim, raw, 0o600)
}
