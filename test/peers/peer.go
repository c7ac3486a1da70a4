package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// peer is a program that takes outcomes and brings them to the CRM.
type peer interface {
	name() string
	// prepare lays what the program needs into dir, for a CRM at an address.
	prepare(dir, crm string) error
	// command starts it on what prepare has laid.
	command() *exec.Cmd
	// request posts the outcome of a call to a prospect.
	request(id string, prospect int) (*http.Request, error)
	acknowledged(status int, body string) bool
}

// plain is what the peers are posted: JSON, unsigned.
type plain struct{ port int }

func (p plain) request(id string, prospect int) (*http.Request, error) {
	body, err := json.Marshal(map[string]any{
		"operation_id": id, "prospect_id": fmt.Sprint(prospect), "at": time.Now().UTC().Format(time.RFC3339),
		"result": "not_interested", "note": id + " " + filler, "secret": 5,
	})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/outcomes", p.port), bytes.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

func (plain) acknowledged(status int, _ string) bool { return status >= 200 && status < 300 }

// process is a peer that runs.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func start(p peer, log *os.File) (*process, error) {
	cmd := p.command()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	run := &process{cmd, make(chan struct{})}
	go func() { _ = cmd.Wait(); close(run.done) }() // it ends by being killed
	return run, nil
}

// kill ends it as a crash does, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.done
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// root is the bridge's own folder.
func root() (string, error) { return filepath.Abs(filepath.Join("..", "..")) }

// workshop is where what is fetched and built lies, beside the bridge's own.
func workshop() (string, error) {
	top, err := root()
	if err != nil {
		return "", err
	}
	build := filepath.Join(top, ".build")
	if err := os.MkdirAll(filepath.Join(build, "peers"), 0o755); err != nil {
		return "", err
	}
	return filepath.Join(build, "peers"), os.WriteFile(filepath.Join(build, ".gitignore"), []byte("*\n"), 0o644)
}
