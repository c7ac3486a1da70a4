package chaos

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// turnsReadOnly makes the disk read-only under load, as ext4 does when it meets an
// error: whatever would write is refused, and what is read is read or refused,
// until the disk is mounted anew and the hub started on it.
func turnsReadOnly(t *testing.T, bin string) {
	p := newPowerRun(t, bin, 96, 50*time.Millisecond)
	if !p.hub.waitReady(p.hub.start("")) {
		t.Fatal("the hub does not start")
	}
	p.growBy(50)
	p.disk.fail()
	p.until("the doors refuse", p.refused)
	p.until("a command is refused", func() bool {
		return p.refusedAt("/v1/oppositions", `{"number": "+33199000101", "motive": "asked us to"}`)
	})
	p.until("/readyz tells", func() bool { return !p.isReady() })
	status, answer, err := p.supervisor.ask(t.Context(), http.MethodGet, "/v1/leads?campaign=spring&limit=10", nil)
	if err != nil || status != http.StatusOK && !p.isProblem(status, answer) {
		t.Errorf("leads are neither read nor refused: %d %s, %v", status, answer, err)
	}
	p.hub.kill()
	p.disk.restore()
	if !p.hub.waitReady(p.hub.start("")) {
		t.Fatal("the hub does not start again")
	}
	p.growBy(50)
	p.load.wait()
	p.drain()
	p.judge()
}

// fail lets the file system meet an error.
func (d *image) fail() {
	d.t.Helper()
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		device, rest, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(rest, d.dir+" ") {
			continue
		}
		trigger := fmt.Sprintf("/sys/fs/ext4/%s/trigger_fs_error", filepath.Base(device))
		if err := os.WriteFile(trigger, []byte("1"), 0); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	d.t.Fatalf("%s is not mounted", d.dir)
}
