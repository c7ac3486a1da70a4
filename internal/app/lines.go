package app

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/session"
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

// opener makes connections ready. Nothing is sent yet.
type opener struct {
	Options
	count    func(bridge.ConnectionName, int)                                   // requests made
	sessions func(bridge.ConnectionName) func(connector.Login) connector.Access // of connections that log in
}

func (o opener) line(ctx context.Context, c config.Connection) (line, error) {
	l := line{cfg: c, desc: o.Registry[c.Type], breaker: httpx.NewBreaker(breakerFailures, breakerOpen)}
	l.breaker.Tell(func(down bool) {
		if down {
			o.Log.Warn("a connection does not answer: what is for it waits, and it is asked again by itself", "connection", c.Name)
		} else {
			o.Log.Info("a connection answers again", "connection", c.Name)
		}
	})
	if c.Limits != nil {
		l.bucket = httpx.NewBucket(c.Limits.Rate, c.Limits.Burst)
	} else {
		l.bucket = httpx.NewBucket(0, 0)
	}
	meter := func(n int) { o.count(c.Name, n) }
	conn, err := l.desc.Open(ctx, connector.Env{
		Name:    c.Name,
		Decode:  func(into any) error { return c.Settings.Decode(into) },
		Fields:  c.Fields,
		Catalog: o.Config.Catalog,
		HTTP: httpx.New(httpx.Options{
			Version: o.Version, AllowPrivate: c.AllowPrivate, Bucket: l.bucket, Breaker: l.breaker, Count: meter,
		}),
		Meter:   meter,
		Now:     o.Now,
		Zone:    c.Zone,
		Dir:     o.Config.Dir,
		Session: o.sessions(c.Name),
	})
	if err != nil {
		return l, fmt.Errorf("connection %s: %w", c.Name, err)
	}
	l.conn = conn
	return l, nil
}

// lines opens every connection but the console.
func (o opener) lines(ctx context.Context) ([]line, error) {
	var out []line
	for _, c := range o.Config.Connections {
		if c.Type == config.ConsoleType {
			continue
		}
		l, err := o.line(ctx, c)
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
	a.sessions = session.New(session.Options{Store: a.store, Seal: a.key, Now: a.clock.steady, Log: a.log})
	opts := a.opts
	opts.Now = a.clock.steady // what was read before a write of ours is told by it
	a.lines, err = opener{opts, a.metrics.Requested, a.sessions.Of}.lines(ctx)
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
