package chaos

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/outbox"
	"passerelle/test/crmfake"
	"passerelle/test/shared"
)

var clusterFor = flag.Duration("chaos.cluster", 0, "how long the cluster's faults go on, in an order of the dice, after each has happened once")

const (
	// patience bounds each wait of the cluster's test.
	patience = time.Minute
	// claimFor is how long a claim lasts here: the test waits for some to run
	// out.
	claimFor = 3 * time.Second
)

// TestCluster runs a hub and two writers in processes of their own on a cluster
// of three NATS servers, and lets die what can.
func TestCluster(t *testing.T) {
	shared.Networks(t)
	t.Parallel()
	began := time.Now()
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(began.UnixNano())
	}
	t.Logf("seed %d", chosen)
	c := newClusterRun(t, build(t), chosen)
	c.begin(chosen)
	faults := []func(){c.loseNodeAndWriter, c.cutWriterOff, c.killHub, c.loseStorage}
	for _, fault := range faults {
		fault()
	}
	for time.Since(began) < *clusterFor {
		faults[c.dice.IntN(len(faults))]()
	}
	c.end()
	t.Logf("all in %.0f s", time.Since(began).Seconds())
}

// clusterRun is a hub whose road is a cluster.
type clusterRun struct {
	run
	crm      *restCRM
	cluster  *cluster
	island   *island
	cutOff   *child // the writer there
	writer   *child // one beside the hub
	ofHub    *door
	ofCutOff *door
	ofWriter *door
	stale    int // reports of old claims refused so far
}

func newClusterRun(t *testing.T, bin string, chosen uint64) *clusterRun {
	t.Helper()
	dir := t.TempDir()
	c := &clusterRun{crm: newRestCRM(t, chosen), cluster: newCluster(t, dir), island: newIsland(t)}
	c.run = run{t: t, dir: dir, crm: c.crm, dice: rand.New(rand.NewPCG(chosen, 0))}
	c.ofHub = newDoor(t, "127.0.0.1", c.crm.http.Config.Handler)
	c.ofCutOff = newDoor(t, c.island.crm.here, c.crm.http.Config.Handler)
	c.ofWriter = newDoor(t, "127.0.0.1", c.crm.http.Config.Handler)
	c.cutOff = newChild(t, "the writer that is cut off", filepath.Join(dir, "cut-off.log"),
		c.island.inside(c.alone(bin, "cut-off", c.island.nats.here, c.ofCutOff)))
	c.writer = newChild(t, "the other writer", filepath.Join(dir, "writer.log"), c.alone(bin, "writer", "127.0.0.1", c.ofWriter))
	c.configure(dir, "127.0.0.1", c.ofHub.url)
	c.hub = newProcess(t, bin, dir)
	c.hub.command = another(t, "hub", filepath.Join(dir, "passerelle.yaml"), claimFor.String())
	c.load = newLoad(t, c.hub, 8, 250*time.Millisecond)
	c.supervisor = newSupervisor(t, c.hub)
	return c
}

// configure writes a config for which NATS is at a host and the CRM at a URL.
func (c *clusterRun) configure(dir, host, crm string) {
	c.t.Helper()
	configure(c.t, dir, strings.ReplaceAll(c.crm.config(), c.crm.http.URL, crm))
	path := filepath.Join(dir, "passerelle.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	text = fmt.Appendf(text, "nats: {url: %q}\n", c.cluster.url(host))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// alone is the real binary as a writer alone.
func (c *clusterRun) alone(bin, name, host string, to *door) func() *exec.Cmd {
	c.t.Helper()
	dir := filepath.Join(c.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	c.configure(dir, host, to.url)
	return func() *exec.Cmd {
		return exec.Command(bin, "serve", "--only", "writer", "--config", filepath.Join(dir, "passerelle.yaml"))
	}
}

// soon waits until something is so, and says how long it took.
func (c *clusterRun) soon(what string, so func() bool) time.Duration {
	c.t.Helper()
	begun := time.Now()
	for !so() {
		if time.Since(begun) > patience {
			c.t.Fatalf("%s: not within %s; on their way: %s", what, patience, c.waits())
		}
		<-time.After(5 * time.Millisecond)
	}
	return time.Since(begun)
}

func (c *clusterRun) begin(chosen uint64) {
	c.t.Helper()
	c.cluster.start()
	c.cluster.wait()
	c.startFirst()
	c.cutOff.start()
	c.writer.start()
	c.soon("the cluster keeps the stream three times", func() bool { _, n := c.cluster.leader(); return n == 3 })
	c.load.start(chosen)
	c.supervisor.start()
	c.allAtWork()
}

// allAtWork waits until both writers write.
func (c *clusterRun) allAtWork() {
	c.t.Helper()
	one, other := c.ofCutOff.begun.Load(), c.ofWriter.begun.Load()
	c.soon("both writers write", func() bool { return c.ofCutOff.begun.Load() > one+5 && c.ofWriter.begun.Load() > other+5 })
}

// open is the writes that are on their way.
func (c *clusterRun) open() map[string]bool {
	c.t.Helper()
	ids := map[string]bool{}
	for _, state := range []outbox.State{outbox.Pending, outbox.Relayed, outbox.Sending} {
		found, err := c.supervisor.writes(c.t.Context(), state)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, w := range found {
			ids[w.ID] = true
		}
	}
	return ids
}

// settled says whether the CRM has taken all of these writes.
func (c *clusterRun) settled(before map[string]bool) func() bool {
	return func() bool {
		for id := range c.open() {
			if before[id] {
				return false
			}
		}
		return true
	}
}

// firstWrite waits until the CRM is written to again.
func (c *clusterRun) firstWrite() time.Duration {
	c.t.Helper()
	c.crm.mark()
	return c.soon("the CRM is written to", func() bool { return !c.crm.firstWrite().IsZero() })
}

// loseNodeAndWriter kills the node that leads the stream, and a writer with
// what it holds.
func (c *clusterRun) loseNodeAndWriter() {
	c.t.Helper()
	c.busy(func() bool { return c.ofWriter.under.Load() > 1 })
	leader, _ := c.cluster.leader()
	c.cluster.nodes[leader].kill()
	c.writer.kill()
	before := c.open()
	first := c.firstWrite()
	c.crm.Misbehave()
	all := c.soon("what was on its way arrives", c.settled(before))
	c.t.Logf("a node and a writer killed: the next write after %s, the %d on their way settled after %s (claims last %s)",
		ms(first), len(before), ms(first+all), claimFor)
	c.cluster.nodes[leader].start()
	c.writer.start()
	c.allAtWork()
}

// busy makes the CRM slow and waits until a writer is in the middle of writing.
func (c *clusterRun) busy(writing func() bool) {
	c.t.Helper()
	c.crm.Misbehave(crmfake.Rule{Fault: crmfake.Slow, Delay: 300 * time.Millisecond})
	c.soon("the writer is at work", writing)
}

// cutWriterOff pulls the cable to NATS of a writer that goes on writing to the
// CRM, until others have taken its writes over. What it reports then is too
// late.
func (c *clusterRun) cutWriterOff() {
	c.t.Helper()
	c.busy(func() bool { return c.ofCutOff.under.Load() > 1 })
	c.island.pull()
	before := c.open()
	time.AfterFunc(400*time.Millisecond, func() { c.crm.Misbehave() })
	all := c.soon("others take over", c.settled(before))
	c.soon("it takes nothing any more", func() bool { return c.ofCutOff.under.Load() == 0 })
	during := c.ofCutOff.begun.Load()
	c.island.plug()
	old := c.soon("its report of an old claim is refused", func() bool { return c.refused() > c.stale })
	c.t.Logf("a writer cut off: its writes settled by others after %s; back, it was refused after %s (%d reports), having begun %d writes while away",
		ms(all), ms(old), c.refused()-c.stale, c.ofCutOff.begun.Load()-during)
	c.stale = c.refused()
	c.allAtWork()
}

// refused counts the hub's refusals of late reports, in all its lives.
func (c *clusterRun) refused() int {
	c.t.Helper()
	text, err := os.ReadFile(c.hub.log.Name())
	if err != nil {
		c.t.Fatal(err)
	}
	return bytes.Count(text, []byte("a late report was refused"))
}

// killHub kills the hub under load and starts it again.
func (c *clusterRun) killHub() {
	c.t.Helper()
	before := c.open()
	c.hub.kill()
	died := time.Now()
	life := c.hub.start("")
	if !c.hub.waitReady(life) {
		c.t.Fatal("the hub does not start again")
	}
	first := c.firstWrite()
	all := c.soon("what was on its way arrives", c.settled(before))
	c.t.Logf("the hub killed: it listened after %s, the next write %s later, the %d on their way settled %s later",
		ms(life.since.Sub(died)), ms(first), len(before), ms(first+all))
	c.allAtWork()
}

// loseStorage kills all nodes, deletes what they stored and starts them again.
// Calls are taken all the time.
func (c *clusterRun) loseStorage() {
	c.t.Helper()
	c.cluster.wipe()
	acked := c.load.acked.Load()
	gone := time.Now()
	c.soon("calls are taken without NATS", func() bool { return c.load.acked.Load() > acked+50 })
	acked = c.load.acked.Load() - acked
	c.cluster.start()
	before := c.open()
	first := c.firstWrite()
	all := c.soon("what was on its way arrives", c.settled(before))
	c.soon("the cluster keeps the stream three times again", func() bool { _, n := c.cluster.leader(); return n == 3 })
	c.t.Logf("the cluster's storage deleted: %d calls taken in %s without it, the next write %s after its start, the %d on their way settled after %s",
		acked, ms(time.Since(gone)-first-all), ms(first), len(before), ms(first+all))
	c.allAtWork()
}

func (c *clusterRun) end() {
	c.t.Helper()
	c.crm.calm()
	c.load.wait()
	c.supervisor.wait()
	c.drain()
	hub, one, other := c.ofHub.begun.Load(), c.ofCutOff.begun.Load(), c.ofWriter.begun.Load()
	c.t.Logf("writes begun by the hub's own writer: %d; by the one that was cut off: %d; by the other: %d", hub, one, other)
	c.cutOff.kill()
	c.writer.kill()
	c.judge()
}

func ms(d time.Duration) string { return d.Round(time.Millisecond).String() }
