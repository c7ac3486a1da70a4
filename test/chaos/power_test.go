package chaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/test/crmfake"
)

var cuts = flag.Int("chaos.cuts", 4, "how often the power is cut under load, with a backlog and without each")

// powerCallers post at once: enough to share commits.
const powerCallers = 64

// TestPowerCut cuts the power of the disk that the hub's data lies on while it
// takes calls in. A kill leaves the page cache to the kernel, a cut does not:
// only what was flushed before it was acknowledged survives.
func TestPowerCut(t *testing.T) {
	bin := build(t)
	for name, backlog := range map[string]bool{"as the CRM takes it": false, "with a backlog": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPowerRun(t, bin, 256, time.Millisecond)
			if backlog {
				p.crm.Misbehave(crmfake.Rule{Fault: crmfake.Down})
			}
			for range *cuts {
				p.life()
			}
			p.end()
		})
	}
}

// TestPowerCutAtTheFirstStart cuts the power right after the first thing that a
// new hub acknowledges: one that it keeps sealed, so that store and key must both
// have come through. Before that it cuts it at a random moment of the start.
func TestPowerCutAtTheFirstStart(t *testing.T) {
	bin := build(t)
	for round := range max(2, *cuts/2) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			p := newPowerHub(t, bin, 64, time.Millisecond)
			p.hub.start("")
			<-time.After(time.Duration(p.dice.IntN(150)) * time.Millisecond)
			p.powerCut()
			if !p.hub.waitReady(p.hub.start("")) {
				t.Fatal("the hub does not start after a power cut in its first start")
			}
			event, made := p.load.event(0, p.dice)
			event["agent"] = "nobody we know"
			body, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			if status, answer := p.load.post(made.event, body); status != http.StatusAccepted || !bytes.Contains(answer, []byte(`"parked"`)) {
				t.Fatalf("%d %s, want it parked", status, answer)
			}
			p.powerCut()
			if !p.hub.waitReady(p.hub.start("")) {
				t.Fatal("the hub does not start after a power cut")
			}
			p.replayParked(made.event)
		})
	}
}

// replayParked takes the one parked event in again: it is opened for that, and
// parked for the same reason.
func (p *powerRun) replayParked(event string) {
	p.t.Helper()
	var parked struct {
		Items []struct {
			ID      string `json:"id"`
			EventID string `json:"event_id"`
		}
	}
	p.command(&parked, "parked", "list")
	if len(parked.Items) != 1 || parked.Items[0].EventID != event {
		p.t.Fatalf("parked: %+v, want %s", parked.Items, event)
	}
	out, _ := exec.Command(p.hub.bin, "--config", filepath.Join(p.dir, "passerelle.yaml"), "parked", "replay", parked.Items[0].ID).CombinedOutput()
	if !bytes.Contains(out, []byte("nobody has this agent's login")) {
		p.t.Errorf("replay: %s", out)
	}
}

// command asks the hub over its socket.
func (p *powerRun) command(into any, args ...string) {
	p.t.Helper()
	args = append([]string{"--config", filepath.Join(p.dir, "passerelle.yaml"), "--json"}, args...)
	out, err := exec.Command(p.hub.bin, args...).Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		p.t.Fatalf("passerelle %v: %v\n%s", args, err, out)
	}
}

// powerRun is a hub on a disk whose power fails.
type powerRun struct {
	run
	disk  *image
	crm   *restCRM
	acked []int64 // by each life
}

// newPowerRun lets a hub read its campaign, and its callers begin.
func newPowerRun(t *testing.T, bin string, megabytes int64, pause time.Duration) *powerRun {
	t.Helper()
	p := newPowerHub(t, bin, megabytes, pause)
	p.getReady()
	p.load.start(p.dice.Uint64())
	return p
}

// newPowerHub makes a hub whose data lies on a disk of so many MB, with callers
// who rest between two calls, at most so long.
func newPowerHub(t *testing.T, bin string, megabytes int64, pause time.Duration) *powerRun {
	t.Helper()
	dir := t.TempDir()
	chosen := uint64(time.Now().UnixNano())
	p := &powerRun{disk: newImage(t, dir, megabytes), crm: newRestCRM(t, chosen)}
	p.run = run{t: t, dir: dir, crm: p.crm, dice: rand.New(rand.NewPCG(chosen, 0)), deaths: map[string]int{}, moods: map[string]int{}, hurts: map[string]int{}}
	configureOn(t, dir, "disk/data", p.crm.config())
	p.hub = newProcess(t, bin, dir)
	p.load = newLoad(t, p.hub, powerCallers, pause)
	p.supervisor = newSupervisor(t, p.hub)
	return p
}

// configureOn configures a hub whose data lies in a folder of the test's.
func configureOn(t *testing.T, dir, data, crm string) {
	t.Helper()
	configure(t, dir, crm)
	path := filepath.Join(dir, "passerelle.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.Replace(string(text), "data_dir: data\n", "data_dir: "+data+"\n", 1)
	if moved == string(text) {
		t.Fatal("the config names no data_dir to replace")
	}
	if err := os.WriteFile(path, []byte(moved), 0o600); err != nil {
		t.Fatal(err)
	}
}

// life starts the hub, lets it work for a while, and cuts the power.
func (p *powerRun) life() {
	p.t.Helper()
	p.hub.note("a life begins: %s", time.Now().Format(time.TimeOnly))
	before := p.load.acked.Load()
	if !p.hub.waitReady(p.hub.start("")) {
		p.t.Fatal("the hub does not start after a power cut")
	}
	<-time.After(time.Duration(100+p.dice.IntN(700)) * time.Millisecond)
	p.powerCut()
	p.acked = append(p.acked, p.load.acked.Load()-before)
}

// powerCut cuts the power at once, then sees to it that it was cut: a file
// that was written and not flushed has lost what was in it.
func (p *powerRun) powerCut() {
	p.t.Helper()
	const words = "in the page cache only"
	canary := p.disk.path("canary")
	if err := os.WriteFile(canary, []byte(words), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.disk.cut()
	p.hub.kill()
	p.disk.restore()
	left, err := os.ReadFile(canary)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.t.Fatal(err)
	}
	if len(bytes.Trim(left, "\x00")) > 0 {
		p.t.Fatalf("what was never flushed survived: this was no power cut")
	}
	if err := os.RemoveAll(canary); err != nil {
		p.t.Fatal(err)
	}
}

// end lets everything arrive and compares.
func (p *powerRun) end() {
	p.t.Helper()
	p.crm.calm()
	if !p.hub.waitReady(p.hub.start("")) {
		p.t.Fatal("the hub does not start after a power cut")
	}
	p.load.wait()
	p.drain()
	p.judge()
	p.t.Logf("acknowledged before each cut: %d", p.acked)
}
