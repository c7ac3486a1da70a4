package chaos

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// program is the package of the binary under test.
const program = "passerelle/cmd/passerelle"

// build makes the binary with its fault points.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passerelle")
	start := time.Now()
	out, err := exec.Command("go", "build", "-tags", "faultpoint", "-o", path, program).CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	t.Logf("built in %.1f s", time.Since(start).Seconds())
	return path
}

// points finds the fault points in the source.
func points(t *testing.T) []string {
	t.Helper()
	hit := regexp.MustCompile(`faultpoint\.Hit\("([^"]+)"\)`)
	var names []string
	for _, dir := range []string{"internal/store", "internal/relay", "internal/writer", "internal/intake", "internal/desk", "connectors/sheet"} {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range hit.FindAllSubmatch(text, -1) {
				if name := string(m[1]); !slices.Contains(forgetPoints, name) {
					names = append(names, name)
				}
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("no fault points in the source")
	}
	return names
}

// process is the hub through all its lives. The log of all of them is one file.
type process struct {
	t       *testing.T
	bin     string
	dir     string
	log     *os.File
	command func() *exec.Cmd // of each life
	cmd     *exec.Cmd
	life    *life
	addr    atomic.Value // string: where it last listened
}

// life is one run of the program.
type life struct {
	mu    sync.Mutex
	begun []byte        // of a line that is not whole yet
	ready chan struct{} // closed when it listens
	over  chan struct{} // closed when it has ended
	since time.Time     // when it listened; after ready
	died  string        // the fault point it died at; after over
}

func newProcess(t *testing.T, bin, dir string) *process {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "hub.log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, bin: bin, dir: dir, log: log}
	p.addr.Store("")
	p.command = func() *exec.Cmd {
		return exec.Command(bin, "serve", "--config", filepath.Join(dir, "passerelle.yaml"))
	}
	t.Cleanup(func() {
		p.kill()
		_ = log.Close()
		if t.Failed() {
			t.Logf("the end of the hub's log:\n%s", p.tail(60))
		}
	})
	return p
}

// note writes a line of the test's own into the log.
func (p *process) note(format string, args ...any) {
	if _, err := fmt.Fprintf(p.log, "-- "+format+"\n", args...); err != nil {
		p.t.Error(err)
	}
}

// start begins a life; point arms a fault point, "" none.
func (p *process) start(point string) *life {
	p.t.Helper()
	l := &life{ready: make(chan struct{}), over: make(chan struct{})}
	cmd := p.command()
	cmd.Env = append(cmd.Environ(), "PASSERELLE_FAULTPOINT="+point)
	out := listener{p, l}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.life = cmd, l
	go func() {
		_ = cmd.Wait() // a kill is no error here
		close(l.over)
	}()
	return l
}

// kill ends the life under way as a power switch would.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

func (p *process) signal(s syscall.Signal) {
	if p.life == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // it may have died by itself
	select {
	case <-p.life.over:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.life.over
		p.t.Errorf("the hub did not end within 20 s of %s", s)
	}
}

// waitReady waits until it listens; false if it died before.
func (p *process) waitReady(l *life) bool {
	p.t.Helper()
	select {
	case <-l.ready:
		return true
	case <-l.over:
		return false
	case <-time.After(30 * time.Second):
		p.t.Fatal("the hub does not listen 30 s after its start")
		return false
	}
}

func (p *process) tail(lines int) string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	all := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(line string) bool {
		return strings.Contains(line, "msg=request") // the access log
	})
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// listener reads a life's log for its address and its death.
type listener struct {
	p *process
	l *life
}

var (
	addrPattern = regexp.MustCompile(`listening.*addr"?[=:]"?([0-9.]+:[0-9]+)`)
	diePattern  = regexp.MustCompile(`faultpoint: dying at (\S+)`)
)

func (w listener) Write(b []byte) (int, error) {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	if _, err := w.p.log.Write(b); err != nil {
		return 0, err
	}
	w.l.begun = append(w.l.begun, b...)
	for {
		line, rest, whole := bytes.Cut(w.l.begun, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		w.line(string(line))
		w.l.begun = rest
	}
}

func (w listener) line(text string) {
	if m := diePattern.FindStringSubmatch(text); m != nil {
		w.l.died = m[1]
	}
	if m := addrPattern.FindStringSubmatch(text); m != nil && w.l.since.IsZero() {
		w.l.since = time.Now()
		w.p.addr.Store(m[1])
		close(w.l.ready)
	}
}

// url is where the hub listens, or last did.
func (p *process) url(path string) string { return fmt.Sprintf("http://%s%s", p.addr.Load(), path) }

// stop ends the life under way in good order.
func (p *process) stop() { p.signal(syscall.SIGTERM) }
