package api

import (
	"context"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/problem"
)

func (a *API) outboxRoutes() {
	get(a, "/v1/outbox", "Writes on their way to the CRMs, the oldest first", a.outbox)
	get(a, "/v1/outbox/{id}", "One write", a.outboxEntry)
	post(a, "/v1/outbox/{id}/retry", "Let a parked or waiting write go at once", a.retryWrite)
	post(a, "/v1/outbox/{id}/discard", "Give a write up", a.discardWrite)
	post(a, "/v1/outbox/recheck", "Look up what a CRM has confirmed, and write again what it has lost", a.recheck)
	do(a, "/v1/outbox/rebuild", "Make the stream anew and publish everything again", a.rebuild)
}

// WritesPage is where a list of writes goes on; its cursor is a write's id.
type WritesPage struct {
	Cursor string `query:"cursor" pattern:"^[0-9a-f]*$" doc:"What the page before answered as next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" doc:"Items wanted at most; 50 if absent."`
}

func (a *API) writes(actor bridge.Actor, p WritesPage, f outbox.Filter) (list[write], error) {
	f.After, f.Limit = p.Cursor, p.Limit
	found, more, err := a.opts.Desk.Writes(actor, f)
	next := ""
	if more && len(found) > 0 {
		next = found[len(found)-1].ID
	}
	return listOf(found, next, writeOf), err
}

type outboxQuery struct {
	WritesPage
	State      outbox.State          `query:"state" enum:"pending,relayed,sending,sent,applied,parked,conflict,superseded,discarded"`
	Connection bridge.ConnectionName `query:"connection"`
}

func (a *API) outbox(_ context.Context, actor bridge.Actor, in *outboxQuery) (list[write], error) {
	return a.writes(actor, in.WritesPage, outbox.Filter{State: in.State, Connection: in.Connection})
}

type writeID struct {
	ID string `path:"id"`
}

func (a *API) outboxEntry(_ context.Context, actor bridge.Actor, in *writeID) (write, error) {
	e, err := a.opts.Desk.Write(actor, in.ID)
	if err != nil {
		return write{}, err
	}
	return writeOf(e), nil
}

func stateOf(e outbox.Entry, err error) (writeState, error) { return writeState{e.ID, e.State}, err }

func (a *API) retryWrite(ctx context.Context, actor bridge.Actor, in *writeID) (writeState, error) {
	return stateOf(a.opts.Desk.RetryWrite(ctx, actor, in.ID))
}

type discardRequest struct {
	ID   string `path:"id"`
	Body struct {
		Motive string `json:"motive" maxLength:"1000"`
	}
}

func (a *API) discardWrite(ctx context.Context, actor bridge.Actor, in *discardRequest) (writeState, error) {
	return stateOf(a.opts.Desk.DiscardWrite(ctx, actor, in.ID, in.Body.Motive))
}

func (a *API) rebuild(ctx context.Context, actor bridge.Actor, _ *struct{}) error {
	if !a.maintains(actor) {
		return problem.Forbidden("").Says(bilingual.Text{
			"only the operator and supervisors may rebuild the outbox's road",
			"seuls l'exploitant et les responsables peuvent refaire la route des écritures",
		})
	}
	if err := a.opts.Relay.Rebuild(ctx); err != nil {
		a.opts.Log.Error("the stream could not be made anew", "err", err)
		return problem.Unavailable("", tryAgain).Says(bilingual.Text{
			"the road could not be made anew: is NATS there? The outbox itself has lost nothing",
			"la route n'a pas pu être refaite : NATS est-il là ? Les écritures elles-mêmes n'ont rien perdu",
		})
	}
	return a.note(ctx, actor, "rebuild", "", "")
}
