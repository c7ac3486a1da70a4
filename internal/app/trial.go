package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/doctor"
)

// trials are the probes under way, one a connection at most.
type trials struct {
	mu      sync.Mutex
	running map[bridge.ConnectionName]context.CancelFunc
}

// begin notes a probe, false if one is under way.
func (t *trials) begin(name bridge.ConnectionName, stop context.CancelFunc) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, busy := t.running[name]; busy {
		return false
	}
	if t.running == nil {
		t.running = map[bridge.ConnectionName]context.CancelFunc{}
	}
	t.running[name] = stop
	return true
}

func (t *trials) end(name bridge.ConnectionName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, name)
}

// stop sends the probe of a connection to its clean-up.
func (t *trials) stop(name bridge.ConnectionName) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	stop, running := t.running[name]
	if running {
		stop()
	}
	return running
}

// probe makes the whole round on one record of a CRM. who is the person of the
// config whom the appointment is with; nobody is the owner of the key.
func (a *App) probe(ctx context.Context, name bridge.ConnectionName, record string, who bridge.PersonID, leave bool, lang string) (doctor.ProbeReport, error) {
	p, ok := a.patient(name, lang)
	if !ok || p.Kind != connector.CRM {
		return doctor.ProbeReport{}, fmt.Errorf("there is no CRM connection %s", name)
	}
	user, err := a.salesperson(ctx, p, who)
	if err != nil {
		return doctor.ProbeReport{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if !a.trials.begin(name, stop) {
		return doctor.ProbeReport{}, fmt.Errorf("a probe of %s is under way: wait for its end", name)
	}
	defer a.trials.end(name)
	r := doctor.Round{Record: record, User: user, Leave: leave}
	for _, c := range a.cfg.Campaigns {
		if c.CRM == name {
			r.Selection = c.Selection
			break
		}
	}
	out := doctor.Probe(ctx, p, r)
	for _, left := range out.Left {
		a.log.Warn("a probe could not take away what it made", "connection", name, "reason", left)
	}
	return out, nil
}

// salesperson is somebody's user id in a CRM.
func (a *App) salesperson(ctx context.Context, p doctor.Patient, who bridge.PersonID) (string, error) {
	if who != "" {
		person, ok := a.people.Directory().Person(who)
		if id := person.CRM[p.Name]; ok && id != "" {
			return id, nil
		}
		return "", fmt.Errorf("%s has no user id in %s: give them one under people.%s.crm, or name somebody else", who, p.Name, who)
	}
	if c, ok := p.Conn.(connector.Cataloguer); ok {
		catalogue, err := c.Catalogue(ctx)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return "", err
		}
		if catalogue.Key.ID != "" {
			return catalogue.Key.ID, nil
		}
	}
	return "", errors.New("the CRM does not tell whom its key belongs to: name the person whom the appointment is to be with")
}
