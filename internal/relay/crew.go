package relay

import (
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
)

// crew is the writers that the hub has heard of lately, by their lives.
type crew struct {
	mu      sync.Mutex
	members map[string]*member
}

// member is one writer as its last beat showed it.
type member struct {
	serving bus.Shares
	heard   time.Time
	own     bool // the hub's
}

// beat notes a writer's beat and answers its shares, and whether it is new. A
// writer that can serve nothing leaves: left is what it could before.
func (c *crew) beat(b bus.Beat, own bool, now time.Time) (shares bus.Shares, joined bool, left bus.Shares) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, known := c.members[b.Writer]
	if len(b.Serving) == 0 {
		delete(c.members, b.Writer)
		if known {
			left = before.serving
		}
		return nil, false, left
	}
	c.members[b.Writer] = &member{serving: b.Serving, heard: now, own: own}
	shares = bus.Shares{}
	for line := range b.Serving {
		shares[line] = c.share(line, b.Writer)
	}
	return shares, !known, nil
}

// share is what a writer is to serve of a line: what is dealt to it; what it
// serves until the one to whom it is dealt does; and the hub's own takes what
// nobody serves.
func (c *crew) share(line bridge.ConnectionName, writer string) (share bus.Share) {
	var names []string
	var others bus.Share
	for name, m := range c.members {
		serving, can := m.serving[line]
		if !can {
			continue
		}
		names = append(names, name)
		if name != writer {
			others |= serving
		}
	}
	me := c.members[writer]
	for p, owner := range bus.Split(line, names) {
		switch {
		case owner == writer,
			me.serving[line].Has(p) && !c.members[owner].serving[line].Has(p),
			me.own && !others.Has(p):
			share |= bus.Of(p)
		}
	}
	return share
}

// silent forgets the writers that have fallen silent and answers what each
// could serve.
func (c *crew) silent(now time.Time) map[string]bus.Shares {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost := map[string]bus.Shares{}
	for name, m := range c.members {
		if now.Sub(m.heard) > bus.SilentFor {
			lost[name] = m.serving
			delete(c.members, name)
		}
	}
	return lost
}

// beat answers a writer's beat, and looks who has fallen silent: the hub's own
// writer beats, too. By the machine's clock, as beats are counted.
func (r *Relay) beat(b bus.Beat, own bool) bus.Shares {
	now := time.Now()
	for name, serving := range r.crew.silent(now) {
		r.opts.Log.Warn("a writer fell silent", "writer", name)
		r.leftBehind(serving)
	}
	shares, joined, left := r.crew.beat(b, own, now)
	switch {
	case joined:
		r.opts.Log.Info("a writer joined", "writer", b.Writer)
	case left != nil:
		r.opts.Log.Info("a writer left", "writer", b.Writer)
		r.leftBehind(left)
	}
	return shares
}

// leftBehind has published again what a writer may have held that is gone.
func (r *Relay) leftBehind(serving bus.Shares) {
	for line := range serving {
		if l, ok := r.lanes[line]; ok {
			l.reset()
		}
	}
}

// elsewhere leaves of a beat what a writer in another process may serve.
func (r *Relay) elsewhere(b bus.Beat) bus.Beat {
	serving := bus.Shares{}
	for line, share := range b.Serving {
		if l, ok := r.lanes[line]; ok && !l.Descriptor.Local {
			serving[line] = share
		}
	}
	b.Serving = serving
	return b
}
