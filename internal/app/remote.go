package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/session"
	"passerelle/internal/writer"
)

// RunWriter runs a writer alone until ctx ends: config and credentials, no
// store, no policy. The hub that grants its claims is found over NATS.
func RunWriter(ctx context.Context, opts Options) error {
	if opts.Config.NATS.URL == "" {
		return errors.New("a writer alone needs an outside NATS: write nats.url in the config")
	}
	opts = opts.defaults()
	if err := opts.Config.Check(opts.Registry); err != nil {
		return err
	}
	conn, err := bus.Connect(bus.Options{
		URL: opts.Config.NATS.URL, Credentials: opts.Config.NATS.Credentials,
		Name: opts.Config.Hub + " writer", Log: opts.Log,
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	road := conn.Road(opts.Config.Hub)
	sessions := session.Remote{Road: road, Key: opts.Config.NATS.WriterKey, Now: opts.Now}
	lines, err := opener{opts, func(bridge.ConnectionName, int) {}, sessions.Of}.lines(ctx)
	if err != nil {
		return err
	}
	defer closeLines(lines)
	lines = slices.DeleteFunc(slices.Clone(lines), func(l line) bool {
		return l.desc.Kind != connector.CRM || l.desc.Local
	})
	if len(lines) == 0 {
		return errors.New("there is nothing for a writer alone to do: no connection of the config can be served away from the hub")
	}
	w := writer.New(writer.Options{Name: writerName(), Hub: writer.Remote{Road: road}, Road: road, Lines: serveLines(lines), Log: opts.Log})
	w.Start()
	opts.Log.Info("writing", "hub", opts.Config.Hub, "count", len(lines))
	if err := opts.Manager.tell(msgReady); err != nil {
		opts.Log.Warn("the service manager was not told", "reason", msgReady, "err", err)
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// writerName tells this process from other writers.
func writerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "writer"
	}
	return fmt.Sprintf("%s %d", host, os.Getpid())
}

func serveLines(lines []line) []writer.Line {
	out := make([]writer.Line, len(lines))
	for i, l := range lines {
		out[i] = writer.Line{Name: l.cfg.Name, Descriptor: l.desc, Conn: l.conn}
	}
	return out
}
