package app

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
)

// probeWithin bounds one connection's harmless check.
const probeWithin = 20 * time.Second

// Probe is what looking at a connection found. Err is nil where nothing is
// wrong.
type Probe struct {
	Name  bridge.ConnectionName
	Asked bool // its harmless check was made
	Err   error
}

// ProbeAll opens every connection of the config, without a store or a hub, and
// if ask is set makes its harmless check. Its error says that the config names
// connectors that there are not, or settings they do not have; it is
// strict.Findings. Connections without a connector are not among the probes.
func ProbeAll(ctx context.Context, opts Options, ask bool) ([]Probe, error) {
	opts = opts.defaults()
	var out []Probe
	for _, c := range opts.Config.Connections {
		if d, ok := opts.Registry[c.Type]; !ok || d.Kind != c.Kind {
			continue
		}
		p := Probe{Name: c.Name}
		p.Asked, p.Err = probe(ctx, opts, c, ask)
		out = append(out, p)
	}
	return out, opts.Config.Check(opts.Registry)
}

func probe(ctx context.Context, opts Options, c config.Connection, ask bool) (asked bool, err error) {
	l, err := openLine(ctx, opts.Config, c, opts.Registry, opts.Version, opts.Now, func(bridge.ConnectionName, int) {})
	if err != nil {
		return false, err
	}
	defer closeLines([]line{l})
	if !ask {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	if err := l.conn.Check(ctx); err != nil {
		return true, fmt.Errorf("connection %s: %w", c.Name, err)
	}
	return true, nil
}
