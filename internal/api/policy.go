package api

import (
	"context"
	"net/netip"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/policy"
)

func (a *API) policyRoutes() {
	get(a, "/v1/policy", "The policy in force and its register", a.policy)
	post(a, "/v1/policy/explain", "Why somebody may or may not do something", a.explain)
}

// policyVersion is a line of the register.
type policyVersion governance.Line

type policyText struct {
	Hash     string          `json:"hash"`
	Text     string          `json:"text" doc:"YAML, as it was activated."`
	Register []policyVersion `json:"register" doc:"The oldest version first."`
}

func (a *API) policy(_ context.Context, actor bridge.Actor, _ *struct{}) (policyText, error) {
	if !a.readsPolicy(actor) {
		return policyText{}, errReadsPolicy
	}
	p := a.opts.Desk.Rules().Policy
	out := policyText{Hash: p.Hash(), Text: string(p.Text())}
	versions, err := a.opts.Office.History()
	out.Register = listOf(versions, "", func(l governance.Line) policyVersion { return policyVersion(l) }).Items
	return out, err
}

type explainRequest struct {
	Body struct {
		As         bridge.PersonID       `json:"as" minLength:"1" doc:"The person it is about."`
		Connection bridge.ConnectionName `json:"connection" minLength:"1" doc:"They come through."`
		Action     policy.Action         `json:"action" enum:"read,create,write,propose,delete,export"`
		Field      bridge.FieldName      `json:"field,omitempty" doc:"A field, or"`
		Object     bridge.Object         `json:"object,omitempty" doc:"a whole object."`
		Lead       bridge.LeadID         `json:"lead,omitempty" doc:"On this lead; absent: on what is theirs in every way."`
		At         time.Time             `json:"at,omitzero" doc:"When they ask; absent: now."`
		From       string                `json:"from,omitempty" doc:"The address they ask from; absent: one that their role is let in from."`
		Lang       string                `json:"lang,omitempty" enum:"en,fr"`
	}
}

type explanation struct {
	Allowed    bool         `json:"allowed"`
	Role       bridge.Role  `json:"role,omitempty"`
	Rule       string       `json:"rule,omitempty" doc:"The rule that decided, with its place in the policy."`
	Reason     string       `json:"reason"`
	Cause      policy.Cause `json:"cause"`
	Proposable bool         `json:"proposable,omitempty"`
	Considered []considered `json:"considered" doc:"Rules on this, by precedence."`
	Remedy     string       `json:"remedy,omitempty" doc:"The smallest change of the policy that would decide otherwise."`
	Text       string       `json:"text" doc:"All of it in sentences."`
	Policy     string       `json:"policy"`
}

type considered struct {
	Rule    string       `json:"rule"`
	At      string       `json:"at"`
	Deny    bool         `json:"deny,omitempty"`
	Scope   policy.Scope `json:"scope"`
	Holds   bool         `json:"holds"`
	Decided bool         `json:"decided,omitempty"`
}

func (a *API) explain(_ context.Context, actor bridge.Actor, in *explainRequest) (explanation, error) {
	b := in.Body
	target := policy.OnObject(b.Object)
	switch {
	case (b.Field == "") == (b.Object == ""):
		return explanation{}, invalid("", bilingual.Text{"name either a field or an object", "nommez ou un champ ou un objet"})
	case b.Field != "":
		target = policy.OnField(b.Field)
	}
	visit := policy.Visit{At: b.At}
	if b.From != "" {
		var err error
		if visit.From, err = netip.ParseAddr(b.From); err != nil {
			return explanation{}, invalid("/from", bilingual.Text{"an address like 10.20.0.7 or 2001:db8::7", "une adresse comme 10.20.0.7 ou 2001:db8::7"})
		}
	}
	e, err := a.opts.Desk.Explain(actor, desk.Question{As: b.As, Connection: b.Connection, Action: b.Action, Target: target, Lead: b.Lead, Visit: visit})
	if err != nil {
		return explanation{}, err
	}
	out := explanation{
		Allowed: e.Allowed, Role: e.Role, Rule: e.Where(), Reason: e.Reason, Cause: e.Cause, Proposable: e.Proposable,
		Considered: []considered{}, Remedy: e.Remedy.Text(b.Lang), Text: e.Text(b.Lang), Policy: a.opts.Desk.Rules().Policy.Hash(),
	}
	for _, c := range e.Considered {
		out.Considered = append(out.Considered, considered{
			Rule: c.Rule, At: c.Pos.String(), Deny: c.Deny, Scope: c.Scope, Holds: c.Holds, Decided: c.Decided,
		})
	}
	return out, nil
}
