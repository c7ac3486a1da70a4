package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"passerelle/internal/bus/embedded"
)

func TestAskAndServe(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	hub, asker := connect(t, s), connect(t, s)
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	wait, err := hub.Serve(serving, "passerelle.paris.claim", func(_ context.Context, raw []byte) (any, error) {
		switch string(raw) {
		case `"fail"`:
			return nil, errors.New("out of order")
		case `"odd"`:
			return make(chan int), nil
		}
		return map[string]string{"said": string(raw)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(subject string, request any) (string, error) {
		var reply struct{ Said string }
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		err := asker.Ask(ctx, subject, request, &reply)
		return reply.Said, err
	}
	for _, c := range []struct {
		name, subject string
		request       any
		said          string
		remote        bool   // the hub answered with an error
		err           string // in it
	}{
		{"an answer", "passerelle.paris.claim", "hello", `"hello"`, false, ""},
		{"an error of the hub", "passerelle.paris.claim", "fail", "", true, "out of order"},
		{"an answer that is no JSON", "passerelle.paris.claim", "odd", "", true, "unsupported type"},
		{"nobody there", "passerelle.lyon.claim", "hello", "", false, "no responders"},
		{"a request that is no JSON", "passerelle.paris.claim", make(chan int), "", false, "unsupported type"},
	} {
		said, err := ask(c.subject, c.request)
		if said != c.said || (err != nil) != (c.err != "") || errors.Is(err, ErrRemote) != c.remote {
			t.Errorf("%s: %q, %v", c.name, said, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q does not say %q", c.name, err, c.err)
		}
	}
	stop()
	wait()
	if _, err := ask("passerelle.paris.claim", "hello"); err == nil {
		t.Error("answered after the end")
	}
}

// Serve's end waits for the requests that it is answering.
func TestServeEndsWithItsLastAnswer(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	hub, asker := connect(t, s), connect(t, s)
	serving, stop := context.WithCancel(context.Background())
	begun, finish := make(chan struct{}), make(chan struct{})
	var finished atomic.Bool
	wait, err := hub.Serve(serving, "slow", func(context.Context, []byte) (any, error) {
		close(begun)
		<-finish
		finished.Store(true)
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		var ok bool
		answered <- asker.Ask(t.Context(), "slow", nil, &ok)
	}()
	<-begun
	stop()
	close(finish)
	wait()
	if !finished.Load() {
		t.Error("ended before the answer")
	}
	if err := <-answered; err != nil {
		t.Errorf("the last asker got %v", err)
	}
}

func TestConnectBeforeTheServerIsThere(t *testing.T) {
	t.Parallel()
	hold, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := hold.Addr().(*net.TCPAddr).Port
	hold.Close()
	changes := make(chan bool, 16)
	c, err := Connect(Options{
		URL: fmt.Sprintf("nats://127.0.0.1:%d", port), Name: "early",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Changed: func(up bool) { changes <- up },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if <-changes || c.Connected() {
		t.Fatal("connected to nobody")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Road("paris").Publish(ctx, messages(1)); err == nil {
		t.Error("published to nobody")
	}
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !<-changes {
		t.Fatal("lost what it never had")
	}
	soon(t, "the road is made", patience, func() bool { return c.Road("paris").Renew(t.Context(), nil) == nil })
}

func TestOptionsThatNeverCanBeRight(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"no credentials file": {URL: "nats://127.0.0.1:1", Credentials: filepath.Join(t.TempDir(), "none.creds")},
		"not a URL":           {URL: "nats://[::1"},
	} {
		opts.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
		if c, err := Connect(opts); err == nil {
			c.Close()
			t.Errorf("%s: connected", name)
		}
	}
}

// All goroutines of a road end with it. They inherit a profiler label.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	label := "bus-" + t.Name()
	pprof.Do(context.Background(), pprof.Labels("test", label), func(ctx context.Context) {
		s, err := embedded.Start(filepath.Join(t.TempDir(), "nats"))
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Stop()
		c := connect(t, s)
		defer c.Close()
		r := newRoad(t, c)
		running, stop := context.WithCancel(ctx)
		wait, err := c.Serve(running, "ask", func(context.Context, []byte) (any, error) { return true, nil })
		if err != nil {
			t.Error(err)
			stop()
			return
		}
		got := make(chan struct{}, 100)
		sub := r.Subscribe(crm, 4, func(d Delivery) { d.Ack(); got <- struct{}{} })
		sub.Take(All)
		publish(t, r, messages(3))
		<-got
		sub.Close()
		stop()
		wait()
	})
	var profile strings.Builder
	soon(t, "goroutines end", patience, func() bool {
		profile.Reset()
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			t.Fatal(err)
		}
		return !strings.Contains(profile.String(), label)
	})
}

func TestALostConnectionIsTold(t *testing.T) {
	t.Parallel()
	s, err := embedded.Start(filepath.Join(t.TempDir(), "nats"))
	if err != nil {
		t.Fatal(err)
	}
	changes := make(chan bool, 16)
	c, err := Connect(Options{Embedded: s, Name: "x", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Changed: func(up bool) { changes <- up }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s.Stop()
	deadline := time.After(patience)
	for {
		select {
		case up := <-changes:
			if !up {
				return
			}
		case <-deadline:
			t.Fatal("a stopped server went unnoticed")
		}
	}
}
