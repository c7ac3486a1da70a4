package bus

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"passerelle/internal/bridge"
)

// startCluster starts three servers and answers where they are.
func startCluster(t *testing.T) (url string) {
	t.Helper()
	dir := t.TempDir()
	ports := freePorts(t, 6)
	var urls, routes []string
	for _, port := range ports[3:] {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	for i := range 3 {
		ns, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("node-", i), Host: "127.0.0.1", Port: ports[i], JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint(i)),
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[3+i]}, Routes: server.RoutesFromStr(strings.Join(routes, ",")),
			NoSigs: true, NoLog: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	return strings.Join(urls, ",")
}

// freePorts are ports that nothing listens on (yet).
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		hold, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer hold.Close()
		ports = append(ports, hold.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// A cluster keeps the stream three times, and makes up for one that it could
// only keep once.
func TestACluster(t *testing.T) {
	t.Parallel()
	c, err := Connect(Options{URL: startCluster(t), Name: "test", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := c.Road("paris")
	const slow = time.Minute // what servers wait for each other
	var in inbox
	subscribe(t, r, func(d Delivery) { in.put(d.Message); d.Ack() })
	soon(t, "three servers take a stream", slow, func() bool { return r.Renew(t.Context(), []bridge.ConnectionName{crm}) == nil })
	if s, err := r.State(t.Context()); err != nil || s.Narrow {
		t.Errorf("kept too seldom: %+v (%v)", s, err)
	}
	if err := c.js.DeleteStream(t.Context(), r.stream()); err != nil {
		t.Fatal(err)
	}
	once, err := r.createWith(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.createConsumers(t.Context(), once, []bridge.ConnectionName{crm}); err != nil {
		t.Fatal(err)
	}
	if s, err := r.State(t.Context()); err != nil || !s.Narrow {
		t.Errorf("kept once, and that is enough: %+v (%v)", s, err)
	}
	if err := r.Widen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := r.State(t.Context()); err != nil || s.Narrow {
		t.Errorf("still kept too seldom: %+v (%v)", s, err)
	}
	soon(t, "it takes messages, once it has a leader", slow, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return r.Publish(ctx, messages(50)) == nil
	})
	soon(t, "all arrive", slow, func() bool { return in.count() >= 50 })
}
