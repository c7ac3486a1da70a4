package vtiger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

var (
	_ connector.Puller       = (*conn)(nil)
	_ connector.Applier      = (*conn)(nil)
	_ connector.Finder       = (*conn)(nil)
	_ connector.Cataloguer   = (*conn)(nil)
	_ connector.RightsTeller = (*conn)(nil)
	_ connector.PeopleLister = (*conn)(nil)
	_ connector.Diary        = (*conn)(nil)
	_ connector.Calendar     = (*conn)(nil)
	_ connector.Remover      = (*conn)(nil)
)

type conn struct {
	settings
	env    connector.Env
	zone   *time.Location // of the site's database
	mapper mapper
	access connector.Access // nil in the cloud, whose credential is fixed

	mu      sync.Mutex
	modules map[string]*module // as describe told, for a while
	me      identity           // whom the key belongs to, in the cloud

	syncLess   atomic.Bool  // the operation sync has crashed since the last whole read
	serverTime atomic.Int64 // of the last answer, in seconds; 0 where it told none
}

func open(_ context.Context, env connector.Env) (connector.Conn, error) {
	s, err := load(env)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, err
	}
	c := &conn{
		settings: s, env: env, zone: zone, mapper: mapper{env.Fields, env.Catalog, s.Aliases, zone},
		modules: map[string]*module{},
	}
	if s.Flavour != cloud {
		c.access = env.Session(c.login)
	}
	return c, nil
}

// Close has nothing to close: the client belongs to the bridge.
func (c *conn) Close() error { return nil }

// Check reads what the key may see of each module that is needed. Every mapped
// field must be in one of the prospects' modules, and the calendar must have
// the fields and values that the settings name; the site's newest stamp must not
// lie in the future.
func (c *conn) Check(ctx context.Context) error {
	const op = "vtiger: check"
	var modules []*module
	for _, name := range c.Prospects {
		m, err := c.describe(ctx, op, name)
		if err != nil {
			return err
		}
		modules = append(modules, m)
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return err
	}
	findings := c.unmapped(modules)
	findings = append(findings, c.unfit(events)...)
	if len(findings) > 0 {
		return fault.Newf(fault.Permanent, op, "%s", strings.Join(findings, "; "))
	}
	return c.checkZone(ctx, op, modules[0])
}

// checkZone refuses a zone in which the newest record was written in the future.
// That it is right only a new event proves.
func (c *conn) checkZone(ctx context.Context, op string, m *module) error {
	rows, err := c.query(ctx, op, query{columns: []string{modified}, module: m.name, order: modified + " DESC", limit: 1})
	if err != nil || len(rows) == 0 || c.ahead(rows[0]) <= 0 {
		return err
	}
	return fault.Newf(fault.Permanent, op, "%s", c.shifted(rows[0]))
}

// unmapped names mapped fields that no module has or that the key is not shown.
func (c *conn) unmapped(modules []*module) []string {
	var missing []string
	for _, name := range c.env.Fields.Names() {
		has := func(m *module) bool { return c.mapper.in(m, name) != "" }
		if !slices.ContainsFunc(modules, has) {
			missing = append(missing, fmt.Sprintf("%s (%s)", c.env.Fields[name], name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []string{"the key is shown no field " + strings.Join(missing, ", ") + ": correct the connection's fields, or open them in the profile of " + c.User}
}

// unfit names what of the calendar the settings need and the key may not write.
func (c *conn) unfit(events *module) []string {
	var out []string
	wants := func(field string, values ...string) {
		for _, v := range append(values, "") {
			if err := events.mayWrite(field, v); err != nil {
				out = append(out, events.name+": "+err.Error())
				return
			}
		}
	}
	if !events.create || !events.update {
		out = append(out, events.name+": the key may not create and change them")
	}
	wants(c.Operation)
	wants("activitytype", c.Call.Type, c.Appointment.Type)
	wants("eventstatus", c.Call.Held, c.Call.NotHeld, c.Appointment.Planned, c.Appointment.Cancelled)
	if c.Call.Disposition != "" {
		wants(c.Call.Disposition)
	}
	return out
}
