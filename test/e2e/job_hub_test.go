package e2e

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/test/shared"
)

// asHub makes a copy of the test's binary a hub: one that can be killed.
const asHub = "PASSERELLE_E2E_HUB"

func TestMain(m *testing.M) {
	dir := os.Getenv(asHub)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := hubMain(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hubMain is a hub like that of the real binary, until SIGTERM. No CRM of these
// tests stores a write later than it answers, so none is waited for longer.
func hubMain(dir string) error {
	cfg, err := config.Load(filepath.Join(dir, "passerelle.yaml"))
	if err != nil {
		return err
	}
	log, err := obs.New(os.Stderr, slog.LevelDebug, obs.FormatText)
	if err != nil {
		return err
	}
	registry := all.Registry()
	for name, d := range registry {
		d.Settle = min(d.Settle, 200*time.Millisecond)
		registry[name] = d
	}
	ctx, end := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer end()
	hub, err := app.New(ctx, app.Options{Config: cfg, Registry: registry, Log: log, ClaimTimeout: 5 * time.Second, SyncEvery: time.Second})
	if err != nil {
		return err
	}
	if err := hub.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	hub.Stop()
	return nil
}

// mortal is a hub through all its lives.
type mortal struct {
	t    *testing.T
	dir  string
	log  shared.Buffer
	addr atomic.Value // string
	cmd  *exec.Cmd
	over chan struct{}
}

func newMortal(t *testing.T, dir string) *mortal {
	m := &mortal{t: t, dir: dir}
	t.Cleanup(func() {
		m.kill()
		if t.Failed() {
			t.Logf("the end of the hub's log:\n%s", m.tail(60))
		}
	})
	return m
}

// tail is the end of the log, without who asked for what.
func (m *mortal) tail(lines int) string {
	all := slices.DeleteFunc(strings.Split(strings.TrimSpace(m.log.String()), "\n"), func(line string) bool { return strings.Contains(line, "msg=request") })
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

var listening = regexp.MustCompile(`listening.*addr"?[=:]"?([0-9.]+:[0-9]+)`)

// Write takes the log of every life and reads where it listens.
func (m *mortal) Write(b []byte) (int, error) {
	if found := listening.FindSubmatch(b); found != nil {
		m.addr.Store(string(found[1]))
	}
	return m.log.Write(b)
}

// start begins a life and waits until it listens.
func (m *mortal) start() {
	m.t.Helper()
	m.addr.Store("")
	m.cmd = exec.Command(os.Args[0])
	m.cmd.Env = append(os.Environ(), asHub+"="+m.dir)
	m.cmd.Stdout, m.cmd.Stderr = m, m
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.over = make(chan struct{})
	go func(cmd *exec.Cmd, over chan struct{}) {
		_ = cmd.Wait() // a kill is no error here
		close(over)
	}(m.cmd, m.over)
	within(m.t, time.Minute, "the hub listens", func() bool {
		select {
		case <-m.over:
			m.t.Fatal("the hub died at its start")
		default:
		}
		return m.addr.Load() != ""
	})
}

// kill ends a life as a power switch would.
func (m *mortal) kill() {
	if m.over == nil {
		return
	}
	_ = m.cmd.Process.Kill()
	<-m.over
}

func (m *mortal) url(path string) string { return fmt.Sprintf("http://%s%s", m.addr.Load(), path) }

// within polls until the condition holds.
func within(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// moody stands before a CRM and does to requests what networks and servers do.
type moody struct {
	world *world
	bad   atomic.Bool

	mu   sync.Mutex
	dice *rand.Rand
	met  map[string]int
}

func (m *moody) mood() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	mood := ""
	switch n := m.dice.IntN(1000); {
	case !m.bad.Load():
	case n < 4:
		mood = "throttled"
	case n < 40:
		mood = "unavailable"
	case n < 60:
		mood = "request lost"
	case n < 120:
		mood = "answer lost"
	}
	m.met[mood]++
	return mood
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch mood := m.mood(); {
	case mood == "throttled":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case mood == "unavailable":
		w.WriteHeader(http.StatusServiceUnavailable)
	case mood == "request lost":
		hangUp(w)
	case mood == "answer lost" && m.world.writes(r):
		m.world.crm.ServeHTTP(httptest.NewRecorder(), r)
		hangUp(w)
	default:
		m.world.crm.ServeHTTP(w, r)
	}
}

// hangUp resets the connection.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// pushed keeps what a platform is given.
func pushed(t *testing.T) (*shared.Buffer, string) {
	kept := &shared.Buffer{}
	platform := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		_, _ = kept.Write(body.Bytes())
	}))
	t.Cleanup(platform.Close)
	return kept, platform.URL
}
