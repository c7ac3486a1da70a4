package api

import (
	"context"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/identity"
)

func (a *API) tokenRoutes() {
	get(a, "/v1/tokens", "Which programs come in with a service token", a.tokens)
	post(a, "/v1/tokens", "Make a service token; it is shown this once", a.makeToken)
	do(a, "/v1/tokens/{id}/revoke", "End a service token at once", a.revokeToken)
}

// serviceToken is a token as those who look after them see it.
type serviceToken struct {
	ID         string                `json:"id"`
	Name       string                `json:"name" doc:"Of the program."`
	Person     bridge.PersonID       `json:"person" doc:"As whom it acts."`
	Connection bridge.ConnectionName `json:"connection"`
	Role       bridge.Role           `json:"role,omitempty" doc:"Absent: no right at all."`
	ReadOnly   bool                  `json:"read_only,omitempty"`
	By         string                `json:"made_by"`
	Made       time.Time             `json:"made"`
	Expires    time.Time             `json:"expires"`
	Revoked    time.Time             `json:"revoked,omitzero"`
	Used       time.Time             `json:"last_used,omitzero" doc:"To the minute."`
	Client     string                `json:"last_client,omitempty" doc:"Network address of the last use."`
	Ended      bool                  `json:"ended,omitempty" doc:"Expired or revoked."`
	Token      string                `json:"token,omitempty" doc:"In the answer alone that makes it."`
}

func (a *API) serviceTokenOf(t identity.ServiceToken) serviceToken {
	out := serviceToken{
		ID: t.ID, Name: t.Name, Person: t.Person, Connection: t.Connection, ReadOnly: t.ReadOnly, By: t.By,
		Made: t.Made, Expires: t.Expires, Revoked: t.Revoked, Used: t.Used, Client: t.Client, Ended: t.Ended(a.opts.Now()),
	}
	rules := a.opts.Desk.Rules()
	if p, known := rules.Person(t.Person); known {
		out.Role, _ = rules.Policy.RoleOf(t.Connection, p.Phoning[t.Connection].Profile)
	}
	return out
}

func (a *API) tokens(_ context.Context, actor bridge.Actor, _ *struct{}) (list[serviceToken], error) {
	if !actor.Operator {
		return list[serviceToken]{}, errUsers
	}
	found, err := a.opts.Tokens.List()
	return listOf(found, "", a.serviceTokenOf), err
}

type makeTokenRequest struct {
	Body struct {
		Name       string                `json:"name" minLength:"1" maxLength:"100" doc:"Of the program. Two tokens of one name are good at a time: the one in use and the next."`
		Person     bridge.PersonID       `json:"person" doc:"As whom it acts: with their role, in their scopes, and nothing beyond."`
		Connection bridge.ConnectionName `json:"connection,omitempty" doc:"Absent: the only one that they have a login on."`
		ReadOnly   bool                  `json:"read_only,omitempty" doc:"Takes GET and HEAD alone."`
		Days       int                   `json:"days,omitempty" minimum:"1" maximum:"366" default:"90" doc:"Until it ends."`
	}
}

func (a *API) makeToken(ctx context.Context, actor bridge.Actor, in *makeTokenRequest) (serviceToken, error) {
	if !actor.Operator {
		return serviceToken{}, errUsers
	}
	b := in.Body
	made, token, err := a.opts.Tokens.Make(ctx, actor, identity.TokenRequest{
		Name: b.Name, Person: b.Person, Connection: b.Connection, ReadOnly: b.ReadOnly, Days: b.Days,
	})
	if err != nil {
		return serviceToken{}, err
	}
	out := a.serviceTokenOf(made)
	out.Token = token.Reveal()
	return out, nil
}

type revokeTokenRequest struct {
	ID   string `path:"id"`
	Body struct {
		Motive string `json:"motive,omitempty" maxLength:"1000"`
	}
}

func (a *API) revokeToken(ctx context.Context, actor bridge.Actor, in *revokeTokenRequest) error {
	if !actor.Operator {
		return errUsers
	}
	return a.opts.Tokens.Revoke(ctx, actor, in.ID, in.Body.Motive)
}
