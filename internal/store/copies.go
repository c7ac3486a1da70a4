package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"passerelle/internal/faultpoint"
)

// passing is a fault point that no hub of the crash tests comes by: this
// package's own test dies there.
func passing(name string) { faultpoint.Hit("store." + name) }

// copyPath is where the store is kept as it was at a version, before it was
// brought to a later one.
func copyPath(path string, version uint64) string { return fmt.Sprintf("%s.v%d", path, version) }

var copyPattern = regexp.MustCompile(`\.v[0-9]+(\.part)?$`)

// Copies lists the files that upgrades have kept beside the store.
func (s *Store) Copies() ([]string, error) {
	near, err := filepath.Glob(s.path + ".v*")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, path := range near {
		if copyPattern.MatchString(path[len(s.path):]) {
			out = append(out, path)
		}
	}
	return out, nil
}

// DropCopies removes the copies that upgrades have kept, if they are older than
// before (zero: all of them), and answers which. They hold what the store held
// then: neither retention nor an erasure reaches into them.
func (s *Store) DropCopies(before time.Time) (dropped []string, err error) {
	paths, err := s.Copies()
	for _, path := range paths {
		info, statErr := os.Stat(path)
		if statErr != nil || !before.IsZero() && !info.ModTime().Before(before) {
			err = errors.Join(err, statErr)
			continue
		}
		if gone := removeFile(path); gone != nil {
			err = errors.Join(err, gone)
			continue
		}
		dropped = append(dropped, path)
	}
	if len(dropped) > 0 {
		err = errors.Join(err, syncDir(s.path))
	}
	return dropped, err
}
