package app

import (
	"context"
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/governance"
	"passerelle/internal/policy"
)

// probeWithin bounds one connection's harmless check.
const probeWithin = 20 * time.Second

// Probe is what looking at a connection found. Err is nil where nothing is
// wrong.
type Probe struct {
	Name  bridge.ConnectionName
	Asked bool // its harmless check was made
	Login bool // it buys sessions: only the hub, which keeps them, may ask
	Tells bool // its CRM can tell what it lets do
	Err   error

	cfg  config.Connection
	told *governance.CRMRights // nil: it was not asked, or did not say
}

// KeyUse is what the connection's key could do of which a policy uses this much;
// false if its CRM did not tell.
func (p Probe) KeyUse(rules *policy.Policy, people []bridge.Person) (policy.KeyUse, bool) {
	if p.told == nil {
		return policy.KeyUse{}, false
	}
	within := rules.Within(map[bridge.ConnectionName]policy.Told{p.Name: p.told.Told(p.Name, p.cfg.Fields, people)})
	return useOf(p.cfg, within, *p.told), true
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
		out = append(out, probe(ctx, opts, c, ask))
	}
	return out, opts.Config.Check(opts.Registry)
}

func probe(ctx context.Context, opts Options, c config.Connection, ask bool) Probe {
	p := Probe{Name: c.Name, cfg: c}
	// A login could use up the refresh token that the hub lives on.
	noLogin := func(bridge.ConnectionName) func(connector.Login) connector.Access {
		return func(connector.Login) connector.Access { p.Login = true; return nil }
	}
	l, err := opener{opts, func(bridge.ConnectionName, int) {}, noLogin}.line(ctx, c)
	if err != nil {
		p.Err = err
		return p
	}
	defer closeLines([]line{l})
	p.Tells = tellsRights(l.conn)
	if p.Asked = ask && !p.Login; !p.Asked {
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	if err := l.conn.Check(ctx); err != nil {
		p.Err = fmt.Errorf("connection %s: %w", c.Name, err)
		return p
	}
	if told, err := askRights(ctx, l.conn, nil, opts.Now()); err == nil {
		p.told = &told // what keeps it from telling, doctor says
	}
	return p
}
