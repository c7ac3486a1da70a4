package sheet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"

	"passerelle/internal/fault"
	"passerelle/internal/faultpoint"
)

// settleTime is how old a file must be for its time to betray every later
// change: the coarsest file systems count in steps of two seconds.
const settleTime = 3 * time.Second

// errBusy says that somebody keeps writing the file while it is read.
var errBusy = errors.New("is being saved over and over: close the program that has it open")

// stamp tells whether a file is still the one that was read.
type stamp struct {
	info    fs.FileInfo // nil: there was no file
	sum     uint64      // of the content
	settled bool        // any change since the read shows in info
}

// readStamped reads a whole file that does not change meanwhile. A file that is
// not there is an empty one with a stamp of its own.
func readStamped(path string) ([]byte, stamp, error) {
	for range 5 {
		now := time.Now()
		before, err := statOrNil(path)
		if err != nil {
			return nil, stamp{}, err
		}
		if before == nil {
			return nil, stamp{}, nil
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, stamp{}, err
		}
		after, err := statOrNil(path)
		if err != nil {
			return nil, stamp{}, err
		}
		if sameInfo(before, after) && int64(len(data)) == after.Size() {
			return data, newStamp(after, data, now), nil
		}
	}
	return nil, stamp{}, errBusy
}

func newStamp(info fs.FileInfo, data []byte, now time.Time) stamp {
	return stamp{info: info, sum: xxhash.Sum64(data), settled: now.Sub(info.ModTime()) > settleTime}
}

// still says whether the file at path is the one the stamp was taken of. A file
// that was young then is compared by content.
func (s stamp) still(path string) (bool, error) {
	info, err := statOrNil(path)
	if err != nil {
		return false, err
	}
	if !sameInfo(s.info, info) {
		return false, nil
	}
	if info == nil || s.settled {
		return true, nil
	}
	data, again, err := readStamped(path)
	return err == nil && again.info != nil && int64(len(data)) == s.info.Size() && again.sum == s.sum, err
}

func statOrNil(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}

func sameInfo(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// errChanged says that a person saved the file since it was read.
var errChanged = errors.New("was changed meanwhile")

// replaceFile puts data in the file's place by temporary file, fsync, rename
// and fsync of the folder, if the file is still the one was was taken of
// (else errChanged). Nothing of a failure shows under the file's name, except
// that a failed sync of the folder leaves open what a power cut would undo.
func replaceFile(path string, data []byte, was stamp) (stamp, error) {
	op := "sheet: write " + filepath.Base(path)
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	info, err := writeTemp(temp, data, was.info)
	if err != nil {
		_ = os.Remove(temp) // a rest of it is overwritten by the next try
		return stamp{}, fault.New(fault.Unavailable, op, err)
	}
	same, err := was.still(path)
	if err == nil && !same {
		err = errChanged
	}
	faultpoint.Hit("sheet.rename.before")
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp)
		return stamp{}, fault.New(fault.Unavailable, op, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return stamp{}, fault.Lost(op, err)
	}
	return newStamp(info, data, time.Now()), nil
}

// writeTemp writes a file durably, with the permissions of the one it is to
// replace.
func writeTemp(temp string, data []byte, old fs.FileInfo) (fs.FileInfo, error) {
	mode := fs.FileMode(0o644)
	if old != nil {
		mode = old.Mode().Perm()
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	info, statErr := f.Stat()
	return info, errors.Join(err, statErr, f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
