package relay

import (
	"context"
	"errors"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/desk"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// Connection is one of the config's, a CRM's or a platform's.
type Connection struct {
	Name    bridge.ConnectionName
	Kind    connector.Kind
	Type    string         // the connector's name
	Breaker *httpx.Breaker // nil where there is none
}

// Standing is how a connection does.
type Standing struct {
	Paused  *Pause // nil: it is not
	Breaker httpx.BreakerState
	Trouble string // where it does not answer: what it said to the oldest write that is to be tried again
	Writes  map[outbox.State]int
	Oldest  time.Time // since when the oldest unconfirmed write waits
	// Confirmed is when the CRM last showed a write of ours; zero: none that is kept.
	Confirmed time.Time
	Findings  []Tally
}

// Answers says whether it is neither paused nor given up for now.
func (s Standing) Answers() bool {
	return s.Paused == nil && (s.Breaker == "" || s.Breaker == httpx.BreakerClosed)
}

// Waiting counts the writes that are on their way.
func (s Standing) Waiting() int {
	return s.Writes[outbox.Pending] + s.Writes[outbox.Relayed] + s.Writes[outbox.Sending] + s.Writes[outbox.Sent]
}

// Standing says how a connection does.
func (r *Relay) Standing(c Connection) (Standing, error) { return StandingOf(r.opts.Store, c) }

// StandingOf says it from the store alone, for those who look while no hub runs.
func StandingOf(s *store.Store, c Connection) (out Standing, err error) {
	if c.Breaker != nil {
		out.Breaker = c.Breaker.State()
	}
	err = s.View(func(tx *store.Tx) error {
		p, paused, err := Paused(tx, c.Name)
		if err != nil {
			return err
		}
		if paused {
			out.Paused = &p
		}
		if out.Findings, err = Tallies(tx, c.Name); err != nil {
			return err
		}
		if c.Breaker != nil && out.Breaker != httpx.BreakerClosed {
			if out.Trouble, err = outbox.Trouble(tx, c.Name); err != nil {
				return err
			}
		}
		out.Confirmed = outbox.Confirmed(tx, c.Name)
		out.Writes, out.Oldest, err = outbox.Count(tx, c.Name)
		return err
	})
	return out, err
}

// ResumeFor ends a connection's pause for somebody once its check passes; the
// ledger says who. Its errors are the desk's, and the store's.
func (r *Relay) ResumeFor(ctx context.Context, actor bridge.Actor, c bridge.ConnectionName) error {
	if _, err := r.lane(c); err != nil {
		return &desk.NotFound{What: bilingual.Text{"CRM connection", "de connexion CRM"}, ID: string(c)}
	}
	rules := r.opts.Desk.Rules().Policy
	line := ledger.Line{Kind: "resume", Who: actor.Name(), Connection: c, Policy: rules.Hash()}
	line.Role, _ = rules.RoleOf(actor.Connection, actor.Profile())
	err := r.resume(ctx, c, func(tx *store.Tx) error {
		line.At = r.opts.Now()
		return ledger.Append(tx, line)
	})
	if err == nil || errors.Is(err, store.ErrNotKept) || errors.Is(err, store.ErrBusy) {
		return err
	}
	return &desk.Clash{Why: bilingual.Of(err)}
}
