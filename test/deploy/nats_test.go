package deploy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var nodes = []string{"nats-1", "nats-2", "nats-3"}

// secrets makes the files that compose mounts.
func secrets(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "secrets")
	cmd := exec.Command("go", "run", "./deploy/secrets", "-out", dir)
	cmd.Dir = path(t, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// node is a server of the cluster, and the file it was configured by.
type node struct {
	*server.Server
	opts *server.Options
}

// cluster starts three servers by deploy/nats/nats.conf, on ports of this
// machine instead of hosts of their own.
func cluster(t *testing.T, secrets string) (started []node) {
	t.Helper()
	ports := map[string]int{}
	for _, name := range nodes {
		ports[name] = freePort(t)
	}
	for _, name := range nodes {
		opts := configOf(t, secrets, name)
		opts.Host, opts.Port, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT, 0
		opts.Cluster.Host, opts.Cluster.Port = "127.0.0.1", ports[name]
		for _, route := range opts.Routes {
			port, ok := ports[route.Hostname()]
			if !ok || route.Port() != "6222" || route.User == nil {
				t.Fatalf("%s has a route to %s", name, route.Redacted())
			}
			route.Host = fmt.Sprintf("127.0.0.1:%d", port)
		}
		opts.StoreDir, opts.NoSigs, opts.NoLog = t.TempDir(), true, true
		s, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		started = append(started, node{s, opts})
	}
	return started
}

// configOf lays the files as they lie in the container and reads them as the
// server does.
func configOf(t *testing.T, secrets, name string) *server.Options {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "etc/nats/nats.conf"), read(t, "deploy/nats/nats.conf"))
	for _, secret := range []string{"nats_operator.conf", "nats_routes.conf"} {
		raw, err := os.ReadFile(filepath.Join(secrets, secret))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, "run/secrets", secret), string(raw))
	}
	t.Setenv("NATS_NAME", name)
	opts, err := server.ProcessConfigFile(filepath.Join(root, "etc/nats/nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if opts.ServerName != name || opts.StoreDir != "/data" || !opts.JetStream || opts.Cluster.Port != 6222 || opts.Port != 4222 || len(opts.Routes) != len(nodes) {
		t.Fatalf("%s was read as %q, store %q, cluster %+v, %d routes", name, opts.ServerName, opts.StoreDir, opts.Cluster.Port, len(opts.Routes))
	}
	return opts
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// The three make a cluster, let in who has the .creds file and nobody else, and
// keep a stream when one of them is gone.
func TestTheNATSConfigMakesACluster(t *testing.T) {
	dir := secrets(t)
	servers := cluster(t, dir)
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.ClientURL())
	}
	if _, err := nats.Connect(urls[0]); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without credentials: %v", err)
	}
	nc, err := nats.Connect(strings.Join(urls, ","), nats.UserCredentials(filepath.Join(dir, "hub.creds")), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	// A cluster without a leader yet answers nothing at all.
	soon := func(ask func(context.Context) error) func() bool {
		return func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			return ask(ctx) == nil
		}
	}
	eventually(t, "a stream is kept three times", soon(func(ctx context.Context) error {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "t", Subjects: []string{"t"}, Replicas: 3})
		return err
	}))
	publish := func(ctx context.Context) error { _, err := js.Publish(ctx, "t", nil); return err }
	eventually(t, "three keep a message", soon(publish))
	servers[0].Shutdown()
	eventually(t, "two go on", soon(publish))
}

// Secrets are made once: what runs holds the old ones.
func TestSecretsAreNotWrittenOver(t *testing.T) {
	t.Parallel()
	dir := secrets(t)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	cmd := exec.Command("go", "run", "./deploy/secrets", "-out", dir)
	cmd.Dir = path(t, ".")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "is there already") {
		t.Errorf("a second run: %v\n%s", err, out)
	}
}
