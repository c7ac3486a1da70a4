package store

import (
	"errors"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
)

// prepare sees to it that a whole store lies at path: it looks over the one
// that is there, or makes one. headless is an error where one of the file's two
// heads cannot be read.
func prepare(path string, opts Options) (headless, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path, opts); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return checkFile(path, opts.Lock)
}

// create makes an empty store beside its place and then links it there, so that after
// a power cut there is a whole store or none. One that another process has put
// there meanwhile stays.
func create(path string, opts Options) (err error) {
	fresh := path + ".new"
	if err := removeFile(fresh); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeFile(fresh)) }()
	db, err := bbolt.Open(fresh, 0o600, options(opts))
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil { // bbolt has flushed its first pages
		return err
	}
	if err := os.Link(fresh, path); err != nil {
		return err
	}
	return syncDir(path)
}
