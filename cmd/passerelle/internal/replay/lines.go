package replay

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// lines is a file of JSON, one value a line. It is safe for concurrent use.
type lines struct {
	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
	enc  *json.Encoder
}

func createLines(path string) (*lines, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	l := &lines{file: f, buf: bufio.NewWriterSize(f, 1<<16)}
	l.enc = json.NewEncoder(l.buf)
	l.enc.SetEscapeHTML(false) // what was received stays as it was
	return l, nil
}

func (l *lines) write(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enc.Encode(v)
}

// Close writes what is left.
func (l *lines) Close() error { return errors.Join(l.buf.Flush(), l.file.Close()) }

// readLines calls each with every value of a file.
func readLines[T any](path string, each func(T) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
	for n := 1; dec.More(); n++ {
		var v T
		if err := dec.Decode(&v); err != nil {
			return fmt.Errorf("%s, value %d: %w", path, n, err)
		}
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}
