package api

import (
	"context"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
	"passerelle/internal/problem"
)

func (a *API) proposalRoutes() {
	get(a, "/v1/proposals", "Proposals: a caller's own, a supervisor's teams'", a.proposals)
	post(a, "/v1/proposals/{id}/validate", "Let it go to the CRM", a.validate)
	post(a, "/v1/proposals/{id}/reject", "Refuse it; the lead goes back in the queue", a.reject)
	post(a, "/v1/proposals/{id}/reschedule", "Move the appointment", a.reschedule)
	post(a, "/v1/proposals/{id}/cancel", "Cancel it, in the CRM too", a.cancel)
	get(a, "/v1/conflicts", "Writes that wait because the CRM holds another value", a.conflicts)
	post(a, "/v1/conflicts/{id}/resolve", "Settle a conflict", a.resolve)
	get(a, "/v1/oppositions", "What a prospect or a number has objected to, and what was lifted", a.oppositions)
	do(a, "/v1/oppositions", "Record that somebody, or a number, must not be called", a.oppose)
	do(a, "/v1/oppositions/lift", "End an opposition", a.lift)
}

type proposalsQuery struct {
	Page
	State bridge.ProposalState `query:"state" enum:"proposed,validated,synced,rejected,rescheduled,cancelled,expired" doc:"proposed if absent."`
}

func (a *API) proposals(_ context.Context, actor bridge.Actor, in *proposalsQuery) (list[proposal], error) {
	at, err := in.desk()
	if err != nil {
		return list[proposal]{}, err
	}
	found, next, err := a.opts.Desk.Proposals(actor, in.State, at)
	return listOf(found, cursor(next), proposalOf), err
}

func (a *API) decide(ctx context.Context, actor bridge.Actor, id bridge.ProposalID, r desk.Ruling) (proposalState, error) {
	p, err := a.opts.Desk.Decide(ctx, actor, id, r)
	return proposalState{p.ID, p.State}, in(err, "")
}

type validateRequest struct {
	ID bridge.ProposalID `path:"id"`
}

func (a *API) validate(ctx context.Context, actor bridge.Actor, in *validateRequest) (proposalState, error) {
	return a.decide(ctx, actor, in.ID, desk.Ruling{Verb: desk.Validate})
}

type reasonRequest struct {
	ID   bridge.ProposalID `path:"id"`
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

func (a *API) reject(ctx context.Context, actor bridge.Actor, in *reasonRequest) (proposalState, error) {
	return a.decide(ctx, actor, in.ID, desk.Ruling{Verb: desk.Reject, Reason: in.Body.Reason})
}

func (a *API) cancel(ctx context.Context, actor bridge.Actor, in *reasonRequest) (proposalState, error) {
	return a.decide(ctx, actor, in.ID, desk.Ruling{Verb: desk.Cancel, Reason: in.Body.Reason})
}

type rescheduleRequest struct {
	ID   bridge.ProposalID `path:"id"`
	Body struct {
		At      string `json:"at" minLength:"1" doc:"2026-11-23T10:30 in zone, or with an offset."`
		Zone    string `json:"zone,omitempty" doc:"IANA; the salesperson's if absent."`
		With    string `json:"with,omitempty" doc:"The salesperson; as before if absent."`
		Minutes int    `json:"minutes,omitempty" minimum:"5" maximum:"1440"`
		Reason  string `json:"reason,omitempty" maxLength:"1000"`
	}
}

func (a *API) reschedule(ctx context.Context, actor bridge.Actor, in *rescheduleRequest) (proposalState, error) {
	next := &bridge.Next{Kind: bridge.NextAppointment, At: in.Body.At, Zone: in.Body.Zone, With: in.Body.With, Minutes: in.Body.Minutes}
	return a.decide(ctx, actor, in.ID, desk.Ruling{Verb: desk.Reschedule, Reason: in.Body.Reason, Next: next})
}

type conflictsQuery struct{ WritesPage }

func (a *API) conflicts(_ context.Context, actor bridge.Actor, in *conflictsQuery) (list[write], error) {
	return a.writes(actor, in.WritesPage, outbox.Filter{State: outbox.Conflicted})
}

type resolveRequest struct {
	ID   string `path:"id"`
	Body struct {
		Keep desk.Keep `json:"keep" enum:"crm,ours" doc:"Whose value stays."`
	}
}

func (a *API) resolve(ctx context.Context, actor bridge.Actor, in *resolveRequest) (writeState, error) {
	return stateOf(a.opts.Desk.Resolve(ctx, actor, in.ID, in.Body.Keep))
}

type oppositionRequest struct {
	Body struct {
		Person *personRef `json:"person,omitempty" doc:"The prospect, or"`
		Number string     `json:"number,omitempty" maxLength:"60" doc:"a phone number."`
		Motive string     `json:"motive" maxLength:"1000"`
	}
}

// personRef names a prospect.
type personRef struct {
	Connection bridge.ConnectionName `json:"connection" minLength:"1" doc:"The CRM."`
	ID         string                `json:"id" minLength:"1" doc:"Its id there."`
}

func (in *oppositionRequest) objection() (desk.Objection, error) {
	out := desk.Objection{Number: in.Body.Number, Motive: in.Body.Motive}
	if p := in.Body.Person; p != nil {
		out.Person = &bridge.Ref{Connection: p.Connection, Object: bridge.ProspectObj, ID: p.ID}
	}
	if (out.Person == nil) == (out.Number == "") {
		return out, invalid("", bilingual.Text{"name either a person or a number", "nommez ou une personne ou un numéro"})
	}
	return out, nil
}

type oppositionsQuery struct {
	Number     string                `query:"number" maxLength:"60" doc:"A phone number, or"`
	Connection bridge.ConnectionName `query:"connection" doc:"the CRM and"`
	ProspectID string                `query:"prospect_id" doc:"the prospect's id there."`
}

// opposition is one refusal to be called.
type opposition struct {
	Scope  calling.Scope   `json:"scope" doc:"person or number"`
	At     time.Time       `json:"at"`
	By     bridge.PersonID `json:"by,omitempty" doc:"Who took it down; absent: a system."`
	Motive string          `json:"motive,omitempty"`
	Stands bool            `json:"stands"`
	Lifted *lifted         `json:"lifted,omitempty"`
}

type lifted struct {
	At     time.Time       `json:"at"`
	By     bridge.PersonID `json:"by"`
	Motive string          `json:"motive"`
}

func oppositionOf(o calling.Opposition) opposition {
	out := opposition{Scope: o.Scope, At: o.At, By: o.By, Motive: o.Motive, Stands: o.Stands()}
	if o.Lift != nil {
		out.Lifted = &lifted{At: o.Lift.At, By: o.Lift.By, Motive: o.Lift.Motive}
	}
	return out
}

func (a *API) oppositions(_ context.Context, actor bridge.Actor, in *oppositionsQuery) (list[opposition], error) {
	person := in.Connection != "" && in.ProspectID != ""
	if person == (in.Number != "") || (in.Connection != "") != (in.ProspectID != "") {
		return list[opposition]{}, problem.BadRequest("").Says(bilingual.Text{
			"name either number, or connection and prospect_id",
			"nommez soit number, soit connection et prospect_id",
		})
	}
	o := desk.Objection{Number: in.Number}
	if person {
		o.Person = &bridge.Ref{Connection: in.Connection, Object: bridge.ProspectObj, ID: in.ProspectID}
	}
	found, err := a.opts.Desk.Objections(actor, o)
	return listOf(found, "", oppositionOf), err
}

func (a *API) oppose(ctx context.Context, actor bridge.Actor, in *oppositionRequest) error {
	o, err := in.objection()
	if err != nil {
		return err
	}
	return a.opts.Desk.Oppose(ctx, actor, o)
}

func (a *API) lift(ctx context.Context, actor bridge.Actor, in *oppositionRequest) error {
	o, err := in.objection()
	if err != nil {
		return err
	}
	return a.opts.Desk.Lift(ctx, actor, o)
}
