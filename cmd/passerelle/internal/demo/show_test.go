package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// show is a demo under way.
type show struct {
	t    *testing.T
	f    folder
	base string
	out  *screen
	end  context.CancelFunc
	done chan error
}

// screen is what the demo prints.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// play starts a demo on a free port and waits until it has spoken.
func play(t *testing.T, dir string, o Options) *show {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &show{t: t, f: folder(dir), out: &screen{}, end: cancel, done: make(chan error, 1)}
	ready := make(chan string, 1)
	before := o.Ready
	o.Dir, o.Listen, o.Out = dir, "127.0.0.1:0", s.out
	o.Ready = func(base string) {
		if before != nil {
			before(base)
		}
		ready <- base
	}
	go func() { s.done <- Run(ctx, o) }()
	t.Cleanup(cancel)
	select {
	case s.base = <-ready:
	case err := <-s.done:
		t.Fatalf("the demo ended: %v\n%s", err, s.out)
	}
	return s
}

// stop ends the demo as Ctrl-C does.
func (s *show) stop() {
	s.t.Helper()
	s.end()
	if err := <-s.done; err != nil {
		s.t.Fatalf("stop: %v", err)
	}
}

// eventually looks until the condition holds: writes reach the CRM by and by.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-late:
			t.Fatalf("not within 30 s: %s", what)
		case <-again.C:
		}
	}
}

// ask sends a request as somebody and answers the body.
func (s *show) ask(person, method, path, body string) (int, string) {
	s.t.Helper()
	token, err := s.f.token(person)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// rows reads a CSV file of the CRM, without its header; none if there is no
// file yet.
func (s *show) rows(name string) [][]string {
	s.t.Helper()
	text, err := os.ReadFile(s.f.path(crmName, name))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 {
		return nil // being written
	}
	return all[1:]
}

// prospect reads a line of the workbook by header.
func (s *show) prospect(id string) map[string]string {
	s.t.Helper()
	file, err := excelize.OpenFile(s.f.prospects())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := file.GetRows(prospectsTab)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if row[0] != id {
			continue
		}
		out := map[string]string{}
		for i, cell := range row {
			out[rows[0][i]] = cell
		}
		return out
	}
	s.t.Fatalf("the workbook has no %s", id)
	return nil
}

// commands are the curl lines that the demo printed.
func (s *show) commands() []string {
	var out []string
	for line := range strings.Lines(s.out.String()) {
		if strings.HasPrefix(line, "curl ") {
			out = append(out, line)
		}
	}
	return out
}

// shell makes a way to run commands with the test's own curl.
func shell(t *testing.T) func(command string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "curl")); err != nil {
		t.Fatal(err)
	}
	return func(command string) string {
		t.Helper()
		cmd := exec.Command("sh", "-c", command)
		// Under the race detector a process waits a second at its end.
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s\n%v", command, err)
		}
		return string(out)
	}
}
