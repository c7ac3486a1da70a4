package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// child is a process of the test's; what it says goes to a file.
type child struct {
	t       *testing.T
	name    string
	command func() *exec.Cmd
	log     *os.File
	cmd     *exec.Cmd
	over    chan struct{}
}

func newChild(t *testing.T, name, log string, command func() *exec.Cmd) *child {
	t.Helper()
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, name: name, command: command, log: f}
	t.Cleanup(func() {
		c.kill()
		text, err := os.ReadFile(log)
		if t.Failed() {
			t.Logf("the end of the log of %s (%v):\n%s", name, err, text[max(0, len(text)-3000):])
		}
		_ = f.Close()
	})
	return c
}

func (c *child) start() {
	c.t.Helper()
	cmd, over := c.command(), make(chan struct{})
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.cmd, c.over = cmd, over
	go func() {
		_ = cmd.Wait() // a kill is no error here
		close(over)
	}()
}

func (c *child) kill() {
	if c.cmd != nil {
		_ = c.cmd.Process.Kill() // it may have ended by itself
		<-c.over
		c.cmd = nil
	}
}

// another is this test's binary as another program.
func another(t *testing.T, as string, args ...string) func() *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func() *exec.Cmd {
		cmd := exec.Command(self, args...)
		cmd.Env = append(os.Environ(), asEnv+"="+as)
		return cmd
	}
}

// cluster is three NATS servers.
type cluster struct {
	t     *testing.T
	dir   string
	nodes []*child
	ports []int
}

func newCluster(t *testing.T, dir string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: dir, ports: freePorts(t, 6)}
	var routes []string
	for _, port := range c.ports[3:] {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	for i := range 3 {
		name := c.name(i)
		c.nodes = append(c.nodes, newChild(t, name, filepath.Join(dir, name+".out"), another(t, "nats",
			name, fmt.Sprint(c.ports[i]), fmt.Sprint(c.ports[3+i]), strings.Join(routes, ","), filepath.Join(dir, name))))
	}
	return c
}

func (c *cluster) name(i int) string { return fmt.Sprintf("node-%d", i) }

// url is where clients of an address of ours find the cluster.
func (c *cluster) url(host string) string {
	var all []string
	for _, port := range c.ports[:3] {
		all = append(all, fmt.Sprintf("nats://%s:%d", host, port))
	}
	return strings.Join(all, ",")
}

func (c *cluster) start() {
	c.t.Helper()
	for _, n := range c.nodes {
		n.start()
	}
}

// wait waits until the nodes have found each other and take a stream.
func (c *cluster) wait() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		_, err := c.stream(ctx)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			c.t.Fatalf("the cluster does not start: %v", err)
		}
	}
}

// wipe kills all nodes and deletes what they stored.
func (c *cluster) wipe() {
	c.t.Helper()
	for i, n := range c.nodes {
		n.kill()
		if err := os.RemoveAll(filepath.Join(c.dir, c.name(i))); err != nil {
			c.t.Fatal(err)
		}
	}
}

// stream looks at the hub's stream as an administrator would.
func (c *cluster) stream(ctx context.Context) (*jetstream.StreamInfo, error) {
	nc, err := nats.Connect(c.url("127.0.0.1"))
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second) // a node that is gone answers nothing
	defer cancel()
	s, err := js.Stream(ctx, "passerelle-chaos")
	if err != nil {
		return nil, err
	}
	return s.CachedInfo(), nil
}

// leader is the node that leads the stream, and how many keep it.
func (c *cluster) leader() (node, replicas int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		info, err := c.stream(ctx)
		if err == nil && info.Cluster != nil {
			for i := range c.nodes {
				if info.Cluster.Leader == c.name(i) {
					return i, info.Config.Replicas
				}
			}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			c.t.Fatalf("the stream has no leader: %v", err)
		}
	}
}

// freePorts are ports that nothing listens on (yet).
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// island is a network namespace with two cables to us: over one its writer
// reaches NATS, over the other the CRM.
type island struct {
	t         *testing.T
	name      string
	nats, crm cable
}

// cable is a pair of interfaces; here is the address of our end.
type cable struct{ ours, here string }

func newIsland(t *testing.T) *island {
	t.Helper()
	n := os.Getpid()
	i := &island{t: t, name: fmt.Sprintf("chaos%d", n)}
	i.ip("netns", "add", i.name)
	t.Cleanup(func() { i.ip("netns", "del", i.name) }) // its cables go with it
	i.ip("-n", i.name, "link", "set", "lo", "up")
	i.nats = i.lay(fmt.Sprintf("cn%d", n), n%4096*2)
	i.crm = i.lay(fmt.Sprintf("cc%d", n), n%4096*2+1)
	return i
}

// lay lays a cable, with the nth network of four addresses of 198.18.0.0/15,
// which is for tests.
func (i *island) lay(name string, n int) cable {
	i.t.Helper()
	address := func(host int) string { return fmt.Sprintf("198.18.%d.%d", n/64, n%64*4+host) }
	theirs := name + "b"
	i.ip("link", "add", name, "type", "veth", "peer", "name", theirs, "netns", i.name)
	i.ip("addr", "add", address(1)+"/30", "dev", name)
	i.ip("link", "set", name, "up")
	i.ip("-n", i.name, "addr", "add", address(2)+"/30", "dev", theirs)
	i.ip("-n", i.name, "link", "set", theirs, "up")
	return cable{ours: name, here: address(1)}
}

func (i *island) ip(args ...string) {
	i.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		i.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// pull takes the cable to NATS out, plug puts it in again.
func (i *island) pull() { i.t.Helper(); i.ip("link", "set", i.nats.ours, "down") }
func (i *island) plug() { i.t.Helper(); i.ip("link", "set", i.nats.ours, "up") }

// inside runs a command there.
func (i *island) inside(command func() *exec.Cmd) func() *exec.Cmd {
	return func() *exec.Cmd {
		cmd := command()
		return exec.Command("ip", append([]string{"netns", "exec", i.name}, cmd.Args...)...)
	}
}

// door is a way of one writer's own into the CRM: it shows who wrote.
type door struct {
	url   string
	begun atomic.Int64 // writes
	under atomic.Int64 // writes under way
}

func newDoor(t *testing.T, host string, crm http.Handler) *door {
	t.Helper()
	d := &door{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			d.begun.Add(1)
			d.under.Add(1)
			defer d.under.Add(-1)
		}
		crm.ServeHTTP(w, r)
	}))
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	d.url = s.URL
	return d
}
