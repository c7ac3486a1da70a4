package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
)

// asEnv makes a copy of the test's binary another program: one that can be
// killed.
const asEnv = "PASSERELLE_CHAOS_AS"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(asEnv) {
	case "nats":
		err = natsMain(os.Args[1:])
	case "hub":
		err = hubMain(os.Args[1:])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ended() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	return ctx
}

// natsMain is one node of a cluster: NAME PORT CLUSTER-PORT ROUTES DIR.
func natsMain(args []string) error {
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	clusterPort, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	node, err := server.NewServer(&server.Options{
		ServerName: args[0],
		Host:       "0.0.0.0",
		Port:       port,
		// Clients keep to the addresses that they were given.
		Cluster:   server.ClusterOpts{Name: "chaos", Host: "127.0.0.1", Port: clusterPort, NoAdvertise: true},
		Routes:    server.RoutesFromStr(args[3]),
		JetStream: true,
		StoreDir:  args[4],
		NoSigs:    true,
		LogFile:   args[4] + ".log",
	})
	if err != nil {
		return err
	}
	node.ConfigureLogger()
	node.Start()
	<-ended().Done()
	node.Shutdown()
	return nil
}

// hubMain is a hub like that of the real binary, whose claims run out sooner:
// CONFIG TIMEOUT.
func hubMain(args []string) error {
	cfg, err := config.Load(args[0])
	if err != nil {
		return err
	}
	timeout, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	log, err := obs.New(os.Stderr, slog.LevelInfo, obs.FormatText)
	if err != nil {
		return err
	}
	ctx := ended()
	hub, err := app.New(ctx, app.Options{Config: cfg, Log: log, ClaimTimeout: timeout})
	if err != nil {
		return err
	}
	if err := hub.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	hub.Stop()
	return nil
}
