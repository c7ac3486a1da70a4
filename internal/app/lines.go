package app

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
)

// line is one connection that has a connector behind it.
type line struct {
	cfg     config.Connection
	desc    connector.Descriptor
	conn    connector.Conn
	bucket  *httpx.Bucket
	breaker *httpx.Breaker
}

// The breaker of a connection: how many unavailables in a row open it, and how
// long it stays open before a probe.
const (
	breakerFailures = 5
	breakerOpen     = 3 * time.Second
)

// openLine makes one connection ready. Nothing is sent yet.
func openLine(ctx context.Context, cfg *config.Config, c config.Connection, reg connector.Registry, version string, now func() time.Time, count func(bridge.ConnectionName, int)) (line, error) {
	l := line{cfg: c, desc: reg[c.Type], breaker: httpx.NewBreaker(breakerFailures, breakerOpen)}
	if c.Limits != nil {
		l.bucket = httpx.NewBucket(c.Limits.Rate, c.Limits.Burst)
	} else {
		l.bucket = httpx.NewBucket(0, 0)
	}
	meter := func(n int) { count(c.Name, n) }
	conn, err := l.desc.Open(ctx, connector.Env{
		Name:    c.Name,
		Decode:  func(into any) error { return c.Settings.Decode(into) },
		Fields:  c.Fields,
		Catalog: cfg.Catalog,
		HTTP: httpx.New(httpx.Options{
			Version: version, AllowPrivate: c.AllowPrivate, Bucket: l.bucket, Count: meter,
		}),
		Meter: meter,
		Now:   now,
		Zone:  c.Zone,
		Dir:   cfg.Dir,
	})
	if err != nil {
		return l, fmt.Errorf("connection %s: %w", c.Name, err)
	}
	l.conn = conn
	return l, nil
}

// openLines opens every connection but the console.
func openLines(ctx context.Context, opts Options, count func(bridge.ConnectionName, int)) ([]line, error) {
	var out []line
	for _, c := range opts.Config.Connections {
		if c.Type == config.ConsoleType {
			continue
		}
		l, err := openLine(ctx, opts.Config, c, opts.Registry, opts.Version, opts.Now, count)
		if err != nil {
			closeLines(out)
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func closeLines(lines []line) {
	for _, l := range lines {
		_ = l.conn.Close() // nothing of ours hangs on it
	}
}

func (a *App) openLines(ctx context.Context) (err error) {
	a.lines, err = openLines(ctx, a.opts, a.metrics.Requested)
	if err == nil {
		a.onStop(func() { closeLines(a.lines) })
	}
	return err
}

// Check asks every connection for its harmless check. The answer maps names to
// what is wrong, nil for nothing.
func (a *App) Check(ctx context.Context) map[bridge.ConnectionName]error {
	out := map[bridge.ConnectionName]error{}
	for _, l := range a.lines {
		out[l.cfg.Name] = l.conn.Check(ctx)
	}
	return out
}
