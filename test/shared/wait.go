package shared

import (
	"bytes"
	"encoding/csv"
	"os"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = time.Minute

// Eventually looks until the condition holds; a test that waits longer than a
// minute has failed.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-late:
			t.Fatalf("not within %v: %s", patience, what)
		case <-again.C:
		}
	}
}

// Buffer collects what several goroutines write. Its zero value is empty.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Rows reads a CSV file with a header line: each row by its columns' names. nil
// where there is none yet, or where it is just being written.
func Rows(path string) []map[string]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) == 0 {
		return nil
	}
	var out []map[string]string
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, head := range all[0] {
			m[head] = row[i]
		}
		out = append(out, m)
	}
	return out
}
