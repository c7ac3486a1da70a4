package store

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Size is the file's size in bytes.
func (s *Store) Size() int64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Free is how many bytes of the file hold nothing: what a compaction would give
// back, and new records use up first.
func (s *Store) Free() int64 {
	_, free := s.usage()
	return free
}

// usage says how many bytes of the file are in use and how many hold nothing.
func (s *Store) usage() (used, free int64) {
	db := s.db.Load()
	stats, size := db.Stats(), s.Size()
	_ = s.view(func(tx *bbolt.Tx) error { // a closed store has no size of its own
		// Asked inside: outside of a transaction the mapping may move under Info.
		free = int64(stats.FreePageN+stats.PendingPageN) * int64(tx.DB().Info().PageSize)
		// The file grows in large steps: what lies behind the last page is free too.
		free += max(size-tx.Size(), 0)
		return nil
	})
	return max(size-free, 0), free
}

// spare is how much room a copy leaves the hub to go on writing.
const spare = 64 << 20

// NoRoom says that the disk has too little room for a copy of the store.
type NoRoom struct {
	Dir        string
	Need, Have int64 // bytes
}

func (n *NoRoom) Error() string {
	return fmt.Sprintf("it needs %d MiB of room in %s, and there are %d", n.Need>>20+1, n.Dir, n.Have>>20)
}

// roomFor says whether a copy of so many bytes fits beside the file.
func roomFor(path string, bytes int64) error {
	have, err := room(path)
	if err != nil {
		return err
	}
	if need := bytes + spare; have < need {
		return &NoRoom{Dir: filepath.Dir(path), Need: need, Have: have}
	}
	return nil
}
