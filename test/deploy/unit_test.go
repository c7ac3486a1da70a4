package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"passerelle/test/shared"
)

// unit lays the unit with a program that is there, since systemd looks for it.
func unit(t *testing.T) string {
	t.Helper()
	text := strings.ReplaceAll(read(t, "deploy/passerelle.service"), "/usr/local/bin/passerelle ", program(t)+" ")
	file := filepath.Join(t.TempDir(), "passerelle.service")
	write(t, file, text)
	return file
}

func TestSystemdTakesTheUnit(t *testing.T) {
	t.Parallel()
	shared.Programs(t, "systemd-analyze")
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit(t)).CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

// The exposure, from 0 to 100 tenths, stays what hardening made it.
func TestTheUnitIsHardened(t *testing.T) {
	t.Parallel()
	shared.Programs(t, "systemd-analyze")
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit(t)).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// setting finds what the unit says under a key.
func setting(t *testing.T, key string) string {
	t.Helper()
	for line := range strings.SplitSeq(read(t, "deploy/passerelle.service"), "\n") {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return value
		}
	}
	t.Fatalf("the unit has no %s", key)
	return ""
}

// The program under systemd's protocol: it says when it is ready, feeds the
// watchdog, takes over a changed config, and says that it stops. Its secrets
// are the credentials that systemd loads.
func TestTheProgramSpeaksWithItsManager(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := references.ReplaceAllStringFunc(read(t, "deploy/examples/first/passerelle.yaml"), func(ref string) string {
		return map[string]string{"${env:DIALLER_SECRET}": "${credential:dialler_secret}", "${env:SAMIR_TOKEN}": "${credential:supervisor_token}"}[ref]
	})
	write(t, filepath.Join(dir, "passerelle.yaml"), strings.Replace(config, "127.0.0.1:8080", "127.0.0.1:0", 1))
	for _, name := range []string{"policy.yaml", "prospects.csv"} {
		write(t, filepath.Join(dir, name), read(t, "deploy/examples/first/"+name))
	}
	for _, credential := range []string{"dialler_secret", "supervisor_token"} {
		if !strings.Contains(read(t, "deploy/passerelle.service"), "\nLoadCredential="+credential+":") {
			t.Errorf("the unit does not load %s", credential)
		}
		write(t, filepath.Join(dir, "credentials", credential), anySecret)
	}
	socket := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	heard := func() string {
		buf := make([]byte, 200)
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	until := func(want string) {
		t.Helper()
		for got := heard(); got != want; got = heard() {
			if got != "WATCHDOG=1" {
				t.Fatalf("heard %q while waiting for %q", got, want)
			}
		}
	}
	args := strings.Fields(setting(t, "ExecStart"))[1:]
	at := slices.Index(args, "--config") + 1
	args[at] = filepath.Join(dir, "passerelle.yaml")
	built := program(t) // takes its time on a new machine
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var log bytes.Buffer
	hub := exec.CommandContext(ctx, built, args...)
	hub.Stderr = &log
	hub.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=100000", "CREDENTIALS_DIRECTORY="+filepath.Join(dir, "credentials"))
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	until("READY=1")
	if got := heard(); got != "WATCHDOG=1" {
		t.Errorf("heard %q", got)
	}
	if err := hub.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until("RELOADING=1")
	until("READY=1")
	if err := hub.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until("STOPPING=1")
	if err := hub.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &log)
	}
	var line struct{ Level, Msg string }
	if first, _, _ := bytes.Cut(log.Bytes(), []byte("\n")); json.Unmarshal(first, &line) != nil || line.Msg == "" {
		t.Errorf("the log is not JSON: %s", first)
	}
}
