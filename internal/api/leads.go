package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
)

func (a *API) leadRoutes() {
	get(a, "/v1/me", "Who you are, as the bridge knows you", a.me)
	get(a, "/v1/campaigns", "The campaigns you may work on", a.campaigns)
	get(a, "/v1/campaigns/{id}", "One campaign, with its script", a.campaign)
	a.nextRoute()
	get(a, "/v1/leads", "Leads you may know of", a.leads)
	get(a, "/v1/leads/{id}", "One lead, with its card and what was said before", a.lead)
	post(a, "/v1/leads/{id}/status", "Correct the prospect's status", a.correct)
	post(a, "/v1/leads/close", "End the sequence of leads", a.closeLeads)
	post(a, "/v1/leads/reassign", "Give leads to somebody, or to the pool", a.reassign)
	post(a, "/v1/people/{id}/handover", "Deal with the leads of somebody who leaves", a.handover)
	get(a, "/v1/acts", "What was done to leads in the last day, and can be undone", a.acts)
	post(a, "/v1/acts/{id}/undo", "Undo it, as far as the leads are as it left them", a.undo)
}

type me struct {
	Operator   bool                  `json:"operator,omitempty" doc:"At the machine itself: maintenance only."`
	Person     bridge.PersonID       `json:"person,omitempty"`
	Name       string                `json:"name,omitempty"`
	Team       string                `json:"team,omitempty"`
	Connection bridge.ConnectionName `json:"connection,omitempty"`
	Profile    bridge.Profile        `json:"profile,omitempty"`
	Role       bridge.Role           `json:"role,omitempty" doc:"Absent: no right at all."`
	RoleTitle  string                `json:"role_title,omitempty"`
	Policy     string                `json:"policy" doc:"The hash of the policy in force."`
}

func (a *API) me(_ context.Context, actor bridge.Actor, _ *struct{}) (me, error) {
	rules := a.opts.Desk.Rules().Policy
	out := me{
		Operator: actor.Operator, Person: actor.Person.ID, Name: actor.Person.Name, Team: actor.Person.Team,
		Connection: actor.Connection, Profile: actor.Profile(), Policy: rules.Hash(),
	}
	if role, ok := rules.RoleOf(actor.Connection, actor.Profile()); ok {
		out.Role, out.RoleTitle = role, rules.Title(role)
	}
	return out, nil
}

type campaign struct {
	ID        bridge.CampaignID     `json:"id"`
	Name      string                `json:"name"`
	CRM       bridge.ConnectionName `json:"crm"`
	Team      string                `json:"team,omitempty"`
	Principal string                `json:"principal,omitempty"`
	Rules     string                `json:"rules" doc:"The calling rule set."`
	Ends      time.Time             `json:"ends,omitzero"`
	Ended     bool                  `json:"ended"`
	Script    string                `json:"script,omitempty" doc:"Where you may read it."`
}

func (a *API) campaignOf(c bridge.Campaign) campaign {
	return campaign{
		ID: c.ID, Name: c.Name, CRM: c.CRM, Team: c.Team, Principal: c.Principal, Rules: c.Rules,
		Ends: c.Ends, Ended: c.Ended(a.opts.Now()),
	}
}

func (a *API) campaigns(_ context.Context, actor bridge.Actor, _ *struct{}) (list[campaign], error) {
	return listOf(a.opts.Desk.CampaignsOf(actor), "", a.campaignOf), nil
}

type campaignID struct {
	ID bridge.CampaignID `path:"id"`
}

func (a *API) campaign(_ context.Context, actor bridge.Actor, in *campaignID) (campaign, error) {
	for _, c := range a.opts.Desk.CampaignsOf(actor) {
		if c.ID == in.ID {
			out := a.campaignOf(c)
			out.Script = c.Script
			return out, nil
		}
	}
	return campaign{}, &desk.NotFound{What: bilingual.Text{"campaign", "de campagne"}, ID: string(in.ID)}
}

// handout is a lead in a caller's hands.
type handout struct {
	Lead       lead              `json:"lead"`
	Card       card              `json:"card" doc:"The fields you may read, by canonical name."`
	Context    map[string]string `json:"context,omitempty"`
	Script     string            `json:"script,omitempty"`
	LeaseUntil time.Time         `json:"lease_until"`
}

type nextAnswer struct {
	Status int
	Body   *handout
}

func (a *API) nextRoute() {
	const path = "/v1/campaigns/{id}/next"
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodPost, Path: path, OperationID: operationID(http.MethodPost, path),
		Summary:      "The next lead for you, yours alone until the lease ends",
		MaxBodyBytes: -1,
		Responses: map[string]*huma.Response{
			"204": {Description: "No lead is left."},
			"409": errorResponse(a.huma, "None may be called now; next_lawful says when one may, if that is known."),
		},
		Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests},
	}, func(ctx context.Context, in *campaignID) (*nextAnswer, error) {
		actor, _ := identity.FromContext(ctx)
		out, err := a.opts.Desk.Next(ctx, actor, in.ID)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		if out == nil {
			return &nextAnswer{Status: http.StatusNoContent}, nil
		}
		return &nextAnswer{Status: http.StatusOK, Body: &handout{
			Lead: leadOf(out.Lead), Card: card(out.Card.Fields), Context: out.Card.Context,
			Script: out.Script, LeaseUntil: out.LeaseUntil,
		}}, nil
	})
}

type leadsQuery struct {
	Page
	Campaign bridge.CampaignID `query:"campaign"`
	Assignee string            `query:"assignee" doc:"A person, or pool."`
	Status   bridge.LeadState  `query:"status" enum:"waiting,leased,pending,finished,closed,withdrawn"`
}

func (a *API) leads(_ context.Context, actor bridge.Actor, in *leadsQuery) (list[lead], error) {
	at, err := in.desk()
	if err != nil {
		return list[lead]{}, err
	}
	choice := desk.Choice{Campaign: in.Campaign, Assignee: in.Assignee, State: in.Status}
	found, next, err := a.opts.Desk.Leads(actor, choice, at)
	return listOf(found, cursor(next), func(v desk.View) lead { return leadOf(v.Lead) }), err
}

type leadID struct {
	ID bridge.LeadID `path:"id"`
}

// leadView is a lead as its reader may see it.
type leadView struct {
	Lead     lead              `json:"lead"`
	Card     card              `json:"card"`
	Context  map[string]string `json:"context,omitempty"`
	Outcomes []outcome         `json:"outcomes" doc:"Those that you may read, the oldest first."`
}

func (a *API) lead(_ context.Context, actor bridge.Actor, in *leadID) (leadView, error) {
	v, err := a.opts.Desk.Lead(actor, in.ID)
	if err != nil {
		return leadView{}, err
	}
	return leadView{
		Lead: leadOf(v.Lead), Card: card(v.Card.Fields), Context: v.Card.Context,
		Outcomes: listOf(v.Outcomes, "", outcomeOf).Items,
	}, nil
}

type correctRequest struct {
	ID   bridge.LeadID `path:"id"`
	Key  string        `header:"Idempotency-Key" doc:"The same key has one effect."`
	Body struct {
		Status string `json:"prospect_status" minLength:"1" maxLength:"200"`
		Motive string `json:"motive" maxLength:"1000"`
	}
}

func (a *API) correct(ctx context.Context, actor bridge.Actor, in *correctRequest) (receipt, error) {
	event, err := eventID("status", actor, in.Key)
	if err != nil {
		return receipt{}, err
	}
	got, err := a.opts.Desk.Correct(ctx, actor, in.ID, event, in.Body.Status, in.Body.Motive)
	if err != nil {
		return receipt{}, err
	}
	return receiptOf(got), sameLead(got.Lead, in.ID)
}

// filter finds leads.
type filter struct {
	Campaign bridge.CampaignID `json:"campaign,omitempty"`
	Assignee string            `json:"assignee,omitempty" doc:"A person, or pool."`
	Status   bridge.LeadState  `json:"status,omitempty" enum:"waiting,leased,pending,finished,closed,withdrawn"`
}

func (f *filter) choice(ids []bridge.LeadID, from string) desk.Choice {
	out := desk.Choice{IDs: ids}
	if f != nil {
		out.Campaign, out.Assignee, out.State = f.Campaign, f.Assignee, f.Status
	}
	out.Assignee = cmp.Or(from, out.Assignee)
	return out
}

type closeRequest struct {
	Body struct {
		IDs    []bridge.LeadID `json:"ids,omitempty" maxItems:"10000"`
		Filter *filter         `json:"filter,omitempty"`
		Motive string          `json:"motive" maxLength:"1000"`
	}
}

func (a *API) closeLeads(ctx context.Context, actor bridge.Actor, in *closeRequest) (desk.Moved, error) {
	out, err := a.opts.Desk.Close(ctx, actor, in.Body.Filter.choice(in.Body.IDs, ""), in.Body.Motive)
	return out, inFilter(err)
}

// inFilter puts what the desk finds wrong with a choice of leads where it stands
// in the body.
func inFilter(err error) error {
	if wrong, ok := errors.AsType[*desk.Invalid](err); ok && wrong.Part == "campaign" {
		return &desk.Invalid{Part: "filter.campaign", Why: wrong.Why}
	}
	return err
}

type reassignRequest struct {
	Body struct {
		IDs    []bridge.LeadID `json:"ids,omitempty" maxItems:"10000"`
		From   string          `json:"from,omitempty" doc:"A person, or pool."`
		Filter *filter         `json:"filter,omitempty"`
		To     string          `json:"to" minLength:"1" doc:"A person, or pool."`
		Motive string          `json:"motive" maxLength:"1000"`
	}
}

func (a *API) reassign(ctx context.Context, actor bridge.Actor, in *reassignRequest) (desk.Moved, error) {
	choice := in.Body.Filter.choice(in.Body.IDs, in.Body.From)
	out, err := a.opts.Desk.Reassign(ctx, actor, choice, in.Body.To, in.Body.Motive)
	return out, inFilter(err)
}

type handoverRequest struct {
	ID   bridge.PersonID `path:"id"`
	Body struct {
		To     string `json:"to" minLength:"1" doc:"A person, pool, or later."`
		Motive string `json:"motive" maxLength:"1000"`
	}
}

func (a *API) handover(ctx context.Context, actor bridge.Actor, in *handoverRequest) (desk.Moved, error) {
	out, err := a.opts.Desk.Handover(ctx, actor, in.ID, in.Body.To, in.Body.Motive)
	if _, known := a.opts.Desk.Rules().Person(in.ID); err == nil && !known && out.Moved == 0 && len(out.Skipped) == 0 {
		err = &desk.NotFound{What: bilingual.Text{"person", "de personne"}, ID: string(in.ID)} // somebody who has gone may still have leads
	}
	return out, err
}

// act is a command on leads that can be undone.
type act struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind" enum:"reassign,close,correct"`
	By     bridge.PersonID `json:"by"`
	At     time.Time       `json:"at"`
	From   string          `json:"from,omitempty" doc:"The person whose leads they were, where the command named one."`
	To     string          `json:"to,omitempty" doc:"A person, or pool."`
	Motive string          `json:"motive"`
	Leads  int             `json:"leads" doc:"That it changed."`
	Undone time.Time       `json:"undone,omitzero"`
}

func (a *API) acts(_ context.Context, actor bridge.Actor, _ *struct{}) (list[act], error) {
	found, err := a.opts.Desk.Acts(actor)
	return listOf(found, "", func(d desk.Act) act {
		return act{d.ID, string(d.Kind), d.By, d.At, d.From, d.To, d.Motive, d.Leads, d.Undone}
	}), err
}

type actID struct {
	ID string `path:"id"`
}

func (a *API) undo(ctx context.Context, actor bridge.Actor, in *actID) (desk.Moved, error) {
	return a.opts.Desk.Undo(ctx, actor, in.ID)
}
