package app

import (
	"bytes"
	"log"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A server that is out of file descriptors says so hundreds of times a second.
func TestAServersComplaintsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		server := log.New(&complaints{log: slog.New(slog.NewTextHandler(&out, nil))}, "", 0)
		for range 30 {
			server.Print("http: Accept error: too many open files")
			time.Sleep(100 * time.Millisecond)
		}
		if n := strings.Count(out.String(), "too many open files"); n != 3 || strings.Count(out.String(), "\n") != n {
			t.Errorf("%d lines of 30 in 3 s:\n%s", n, &out)
		}
	})
}
