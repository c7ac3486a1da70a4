package api

import (
	"context"
	"net/http"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/intake"
	"passerelle/internal/ledger"
	"passerelle/internal/outbox"
	"passerelle/internal/problem"
	"passerelle/internal/relay"
	"passerelle/internal/store"
)

func (a *API) upkeepRoutes() {
	get(a, "/v1/parked-events", "Events that were not understood", a.parkedEvents)
	post(a, "/v1/parked-events/{id}/replay", "Take a parked event in again", a.replay)
	get(a, "/v1/connections", "How the connections do", a.connections)
	slow(a, http.MethodGet, "/v1/connections/{name}/examination", "What is wrong with a connection, and what its CRM tells", a.examine)
	slow(a, http.MethodGet, "/v1/connections/{name}/policy", "A draft policy, as far as a CRM tells its users' rights", a.importPolicy)
	slow(a, http.MethodPost, "/v1/connections/{name}/probe", "Make the whole round on one record of a CRM, and clean up", a.probe)
	do(a, "/v1/connections/{name}/probe/stop", "Send a probe to its clean-up", a.stopProbe)
	do(a, "/v1/connections/{name}/resume", "End a connection's pause, if its check passes", a.resume)
	get(a, "/v1/keys", "The data key and those it has replaced", a.keys)
	post(a, "/v1/keys/rotate", "Replace the data key by a new one", a.rotateKey)
}

// maintains says whether the actor looks after the bridge: the operator, and
// supervisors, who send writes again.
func (a *API) maintains(actor bridge.Actor) bool {
	return a.opts.Office.PowersOf(actor).Maintains
}

// note writes the ledger line of a command that is none of the desk's.
func (a *API) note(ctx context.Context, actor bridge.Actor, kind string, c bridge.ConnectionName, reason string) error {
	rules := a.opts.Desk.Rules().Policy
	line := ledger.Line{At: a.opts.Now(), Kind: kind, Who: actor.Name(), Connection: c, Policy: rules.Hash(), Reason: reason}
	line.Role, _ = rules.RoleOf(actor.Connection, actor.Profile())
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error { return ledger.Append(tx, line) })
}

var errUpkeep = problem.Forbidden("").Says(bilingual.Text{
	"only the operator and supervisors look after the connections",
	"seuls l'exploitant et les responsables s'occupent des connexions",
})

type parkedEvent struct {
	ID         string                `json:"id"`
	Connection bridge.ConnectionName `json:"connection"`
	Received   time.Time             `json:"received"`
	Reason     string                `json:"reason"`
	EventID    string                `json:"event_id,omitempty"`
	Schema     string                `json:"schema,omitempty" doc:"Absent: not even the kind of event was understood."`
}

func parkedOf(e intake.ParkedEvent) parkedEvent {
	return parkedEvent{ID: e.ID, Connection: e.Connection, Received: e.Received, Reason: e.Reason, EventID: e.EventID, Schema: e.Schema}
}

type parkedQuery struct{ Page }

func (a *API) parkedEvents(_ context.Context, actor bridge.Actor, in *parkedQuery) (list[parkedEvent], error) {
	if !a.maintains(actor) {
		return list[parkedEvent]{}, errUpkeep
	}
	at, err := in.desk()
	if err != nil {
		return list[parkedEvent]{}, err
	}
	found, next, err := a.opts.Intake.List(at)
	return listOf(found, cursor(next), parkedOf), err
}

type parkedID struct {
	ID string `path:"id"`
}

func (a *API) replay(ctx context.Context, actor bridge.Actor, in *parkedID) (receipt, error) {
	if !a.maintains(actor) {
		return receipt{}, errUpkeep
	}
	got, err := a.opts.Intake.Replay(ctx, actor, in.ID)
	return receiptOf(got), err
}

type connection struct {
	Name    bridge.ConnectionName `json:"name"`
	Kind    connector.Kind        `json:"kind"`
	Type    string                `json:"type"`
	Paused  *pause                `json:"paused,omitempty"`
	Breaker httpx.BreakerState    `json:"breaker,omitempty"`
	Trouble string                `json:"trouble,omitempty" doc:"Where it does not answer: what it said to the oldest write that is to be tried again."`
	Writes  map[outbox.State]int  `json:"writes,omitempty" doc:"By state; those that came to an end are not counted."`
	Oldest  time.Time             `json:"oldest,omitzero" doc:"Since when the oldest unconfirmed write waits."`

	Confirmed time.Time `json:"confirmed,omitzero" doc:"When the CRM last showed a write; absent: none that is kept."`

	Findings []relay.Tally `json:"findings,omitempty" doc:"What the CRM did with writes and should not have."`
}

type pause struct {
	Reason string      `json:"reason"`
	Since  time.Time   `json:"since"`
	Lost   *relay.Loss `json:"lost,omitempty" doc:"The CRM was set back: what it has lost. Only a person ends this pause."`
}

func (a *API) connections(_ context.Context, actor bridge.Actor, _ *struct{}) (list[connection], error) {
	if !a.maintains(actor) {
		return list[connection]{}, errUpkeep
	}
	out := list[connection]{Items: []connection{}}
	for _, c := range a.opts.Connections() {
		s, err := relay.StandingOf(a.opts.Store, c)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, connectionOf(c, s))
	}
	return out, nil
}

func connectionOf(c relay.Connection, s relay.Standing) connection {
	out := connection{
		Name: c.Name, Kind: c.Kind, Type: c.Type, Breaker: s.Breaker, Trouble: s.Trouble, Writes: s.Writes, Oldest: s.Oldest,
		Confirmed: s.Confirmed, Findings: s.Findings,
	}
	if p := s.Paused; p != nil {
		out.Paused = &pause{Reason: p.Reason, Since: p.Since, Lost: p.Lost}
	}
	return out
}

type connectionName struct {
	Name bridge.ConnectionName `path:"name"`
}

func (a *API) resume(ctx context.Context, actor bridge.Actor, in *connectionName) error {
	if !a.maintains(actor) {
		return errUpkeep
	}
	return a.opts.Relay.ResumeFor(ctx, actor, in.Name)
}
