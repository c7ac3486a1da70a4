//go:build faultpoint

package store

import (
	"context"
	"os"
	"testing"
)

// TestCrashChild is what the crash test runs until it dies: it opens a store,
// bringing it up to date, and compacts it.
func TestCrashChild(t *testing.T) {
	s, err := Open(os.Getenv("STORE_CRASH"), Options{Migrations: counting(0)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.Close()
}
