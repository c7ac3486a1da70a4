package app

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"passerelle/internal/store"
)

// manager listens as a service manager does.
// next reads what it is told, "" if that is nothing within patience.
func manager(t *testing.T) (m Manager, next func(patience time.Duration) string) {
	t.Helper()
	m = Manager{socket: filepath.Join(t.TempDir(), "notify")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return m, func(patience time.Duration) string {
		buf := make([]byte, 100)
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, _ := conn.Read(buf) // 0 if the time is up
		return string(buf[:n])
	}
}

func TestManagerOf(t *testing.T) {
	t.Parallel()
	own := strconv.Itoa(os.Getpid())
	for name, tt := range map[string]struct {
		env  map[string]string
		want Manager
		bad  bool
	}{
		"none":              {},
		"no watchdog":       {env: map[string]string{"NOTIFY_SOCKET": "@x"}, want: Manager{socket: "@x"}},
		"watched":           {env: map[string]string{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": own}, want: Manager{"/s", 3 * time.Second}},
		"any process":       {env: map[string]string{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "500"}, want: Manager{"/s", 500 * time.Microsecond}},
		"another's":         {env: map[string]string{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, want: Manager{socket: "/s"}},
		"no number":         {env: map[string]string{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "soon"}, bad: true},
		"no time":           {env: map[string]string{"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "0"}, bad: true},
		"without a manager": {env: map[string]string{"WATCHDOG_USEC": "3000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ManagerOf(func(name string) string { return tt.env[name] })
			if (err != nil) != tt.bad || err == nil && got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// The watchdog is fed by a committer that answers and by no other.
func TestTheWatchdogIsFedByTheCommitter(t *testing.T) {
	t.Parallel()
	m, next := manager(t)
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	a := &App{opts: Options{Manager: m}, store: s, log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	a.chores.Go(func() { a.feed(ctx, time.Millisecond) })
	for range 3 {
		if got := next(10 * time.Second); got != msgAlive {
			t.Fatalf("got %q", got)
		}
	}
	stuck, hanging := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(stuck) })
	t.Cleanup(release) // before the store is closed: its committer hangs
	go func() { _ = s.Commit(t.Context(), func(*store.Tx) error { close(hanging); <-stuck; return nil }) }()
	<-hanging
	for said := 0; next(100*time.Millisecond) != ""; said++ { // what it had said before
		if said == 1000 {
			t.Fatal("the watchdog is fed while the committer hangs")
		}
	}
	release()
	if got := next(10 * time.Second); got != msgAlive {
		t.Errorf("after the committer went on: %q", got)
	}
	cancel()
	a.chores.Wait()
}
