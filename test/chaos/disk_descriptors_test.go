package chaos

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	// fewDescriptors are enough for a hub at rest, not for its callers.
	fewDescriptors = 128
	idlers         = 200
)

// noDescriptors leaves the hub no file descriptors: connections that nobody
// uses take them all. What is acknowledged is kept, and once they are gone the
// hub goes on by itself.
func noDescriptors(t *testing.T, bin string) {
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n", fewDescriptors, bin)
	limited := filepath.Join(dir, "limited")
	if err := os.WriteFile(limited, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPowerRun(t, limited, 96, 200*time.Millisecond)
	if !p.hub.waitReady(p.hub.start("")) {
		t.Fatal("the hub does not start")
	}
	p.growBy(50)
	var idle []net.Conn
	drop := func() {
		for _, c := range idle {
			_ = c.Close() // the hub may have closed it
		}
	}
	t.Cleanup(drop)
	for range idlers { // the kernel takes them in, whether the hub does or not
		p.load.http.CloseIdleConnections() // those of the callers go, and do not come back
		c, err := net.DialTimeout("tcp", p.hub.addr.Load().(string), 5*time.Second)
		if err != nil {
			break
		}
		idle = append(idle, c)
	}
	p.until("the hub has no descriptors left", func() bool { return p.descriptors() >= fewDescriptors-1 })
	before := p.load.acked.Load()
	busy := p.cpu()
	<-time.After(2 * time.Second)
	t.Logf("without descriptors: %d outcomes acknowledged in 2 s, %.1f s of CPU", p.load.acked.Load()-before, (p.cpu() - busy).Seconds())
	drop()
	began := time.Now()
	p.growBy(50)
	t.Logf("50 outcomes more %d ms after there were some", time.Since(began).Milliseconds())
	p.load.wait()
	p.drain()
	p.judge()
}

// descriptors counts those that the hub has open.
func (p *powerRun) descriptors() int {
	p.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.hub.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return len(open)
}

// cpu is how long the hub has computed.
func (p *powerRun) cpu() time.Duration {
	p.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.hub.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	var user, system int64 // in hundredths of a second
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
