package shared

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEventually(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		after time.Duration
		ended string
	}{
		{0, ""}, {time.Second, ""}, {2 * patience, "failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			began, p := time.Now(), &probe{TB: t}
			holds := func() bool { return p.ended != "" || time.Since(began) >= tc.after }
			Eventually(p, "it holds", holds)
			if p.ended != tc.ended {
				t.Errorf("after %v: %q, want %q", tc.after, p.ended, tc.ended)
			}
		})
	}
}

func TestBufferTakesFromMany(t *testing.T) {
	t.Parallel()
	var b Buffer
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() { fmt.Fprintln(&b, "a line") })
	}
	writers.Wait()
	if got := b.String(); got != strings.Repeat("a line\n", 8) {
		t.Errorf("%q", got)
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for text, want := range map[string][]map[string]string{
		"":                      nil,
		"id,name\n":             nil,
		"id,name\n1,\"É, é\"\n": {{"id": "1", "name": "É, é"}},
		"id,name\n1\n":          nil, // cut short
	} {
		path := filepath.Join(dir, "rows.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, Rows(path)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	if Rows(filepath.Join(dir, "none.csv")) != nil {
		t.Error("rows of no file")
	}
}
