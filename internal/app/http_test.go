package app

import (
	"bytes"
	"log"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// A server that is out of file descriptors says so hundreds of times a second.
func TestAServersComplaintsAreFew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	c := &complaints{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	server := log.New(c, "", 0)
	for range 30 {
		server.Print("http: Accept error: too many open files")
		now = now.Add(100 * time.Millisecond)
	}
	if n := strings.Count(out.String(), "too many open files"); n != 3 || strings.Count(out.String(), "\n") != n {
		t.Errorf("%d lines of 30 in 3 s:\n%s", n, &out)
	}
}
