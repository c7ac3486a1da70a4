package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/identity"
	"passerelle/internal/policy"
	"passerelle/internal/problem"
	"passerelle/internal/secret"
)

func (a *API) userRoutes() {
	get(a, "/v1/users", "Who signs in with a browser", a.users)
	do(a, "/v1/users", "Give somebody an account: a person of the config, or somebody new", a.addUser)
	do(a, "/v1/users/{id}/reset", "Give an account another password, open it again and end its sessions", a.resetUser)
	do(a, "/v1/users/{id}/disable", "Close an account and end its sessions", a.disableUser)
	do(a, "/v1/users/{id}/unsubscribe", "End the address at which somebody's own calendar finds their appointments", a.unsubscribe)
	do(a, "/v1/users/{id}/unlock", "Let somebody try a password again who has tried too many", a.unlockUser)
	do(a, "/v1/users/{id}/reset-factor", "Take the second factor from somebody who has lost it, and end their sessions", a.resetFactor)
	get(a, "/v1/access", "Who signed in when from where, the newest first", a.access)
}

var errUsers = problem.Forbidden("").Says(bilingual.Text{
	"accounts are the operator's: run this on the hub's machine, without a token",
	"les comptes reviennent à l'exploitant : lancez ceci sur la machine du pont, sans jeton",
})

// ofAccounts says what is wrong with a command on accounts, nil if that is not it.
func ofAccounts(err error) *problem.Problem {
	if weak, ok := errors.AsType[*identity.Weak](err); ok {
		return invalid("/password", weak.Why)
	}
	if no, ok := errors.AsType[*identity.Refused](err); ok {
		return problem.New(http.StatusUnprocessableEntity, "").Says(no.Why)
	}
	if _, ok := errors.AsType[*identity.Unknown](err); ok {
		return problem.NotFound("").Says(bilingual.Of(err))
	}
	if _, ok := errors.AsType[*identity.NoToken](err); ok {
		return problem.NotFound("").Says(bilingual.Of(err))
	}
	return nil
}

// user is an account.
type user struct {
	Person     bridge.PersonID       `json:"person"`
	Name       string                `json:"name,omitempty"`
	Team       string                `json:"team,omitempty"`
	Connection bridge.ConnectionName `json:"connection,omitempty" doc:"Absent: they have no login to come through."`
	Login      string                `json:"login,omitempty"`
	Profile    bridge.Profile        `json:"profile,omitempty"`
	Role       bridge.Role           `json:"role,omitempty" doc:"Absent: no right at all."`
	Record     string                `json:"record" enum:"config,store" doc:"Where their name, team and profile stand."`
	Disabled   bool                  `json:"disabled,omitempty"`
	Changed    time.Time             `json:"password_changed,omitzero" doc:"Absent: they have none, and sign in at the identity provider."`
	LastLogin  time.Time             `json:"last_login,omitzero"`
	Sessions   int                   `json:"sessions"`
	Calendar   bool                  `json:"calendar,omitempty" doc:"Their own calendar has an address here."`
	LockedS    int                   `json:"locked_s,omitempty" doc:"Seconds until a password may be tried again; a reset or unlock ends it at once."`
	Renew      bool                  `json:"renew,omitempty" doc:"The password may be somebody else's too: it opens nothing until it is changed or reset."`
	Factor     time.Time             `json:"second_factor,omitzero" doc:"Since when they have one; absent: none."`
	Requires   policy.Strength       `json:"requires,omitempty" enum:"second_factor" doc:"Of their role; absent: a password is enough."`
}

func (a *API) userOf(s identity.Standing) user {
	login := s.Person.Phoning[s.Connection]
	out := user{
		Person: s.Person.ID, Name: s.Person.Name, Team: s.Person.Team, Connection: s.Connection,
		Login: login.Name, Profile: login.Profile, Record: "config", Disabled: s.Disabled,
		Changed: s.Changed, LastLogin: s.LastLogin, Sessions: s.Sessions, Calendar: s.Feed, LockedS: int(math.Ceil(s.Locked.Seconds())),
		Renew: s.Renew, Factor: s.Factor,
	}
	if s.Added {
		out.Record = "store"
	}
	rules := a.opts.Desk.Rules().Policy
	out.Role, _ = rules.RoleOf(s.Connection, login.Profile)
	out.Requires = rules.Requires(policy.Subject{Person: s.Person.ID, Connection: s.Connection, Profile: login.Profile})
	return out
}

func (a *API) users(_ context.Context, actor bridge.Actor, _ *struct{}) (list[user], error) {
	if !actor.Operator {
		return list[user]{}, errUsers
	}
	found, err := a.opts.Accounts.List()
	return listOf(found, "", a.userOf), err
}

type addUserRequest struct {
	Body struct {
		Person     bridge.PersonID       `json:"person" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$" doc:"Of the config, or a new id: also the login."`
		Name       string                `json:"name,omitempty" maxLength:"200"`
		Team       string                `json:"team,omitempty" maxLength:"100"`
		Profile    bridge.Profile        `json:"profile,omitempty" maxLength:"100" doc:"What the policy gives a role."`
		Connection bridge.ConnectionName `json:"connection,omitempty" doc:"Of the type console; absent: the only one."`
		Password   string                `json:"password" maxLength:"512" writeOnly:"true"`
	}
}

func (a *API) addUser(ctx context.Context, actor bridge.Actor, in *addUserRequest) error {
	if !actor.Operator {
		return errUsers
	}
	b := in.Body
	n := identity.Newcomer{
		Person: b.Person, Name: b.Name, Team: b.Team, Profile: b.Profile, Connection: b.Connection,
		Password: secret.New(b.Password),
	}
	_, known := a.opts.Desk.Rules().Person(b.Person)
	if _, mapped := a.opts.Desk.Rules().Policy.RoleOf(b.Connection, b.Profile); !known && b.Connection != "" && b.Profile != "" && !mapped {
		return invalid("/profile", bilingual.Text{
			"the policy gives this profile no role on {connection}", "les règles ne donnent à ce profil aucun rôle sur {connection}",
		}.With("{connection}", b.Connection))
	}
	return a.opts.Accounts.Add(ctx, actor, n)
}

type resetUserRequest struct {
	ID   bridge.PersonID `path:"id"`
	Body struct {
		Password string `json:"password" maxLength:"512" writeOnly:"true"`
	}
}

func (a *API) resetUser(ctx context.Context, actor bridge.Actor, in *resetUserRequest) error {
	if !actor.Operator {
		return errUsers
	}
	return a.opts.Accounts.Reset(ctx, actor, in.ID, secret.New(in.Body.Password))
}

type disableUserRequest struct {
	ID   bridge.PersonID `path:"id"`
	Body struct {
		Motive string `json:"motive" maxLength:"1000"`
	}
}

func (a *API) disableUser(ctx context.Context, actor bridge.Actor, in *disableUserRequest) error {
	if !actor.Operator {
		return errUsers
	}
	return a.opts.Accounts.Disable(ctx, actor, in.ID, in.Body.Motive)
}

type userRequest struct {
	ID bridge.PersonID `path:"id"`
}

func (a *API) unsubscribe(ctx context.Context, actor bridge.Actor, in *userRequest) error {
	if !actor.Operator {
		return errUsers
	}
	return a.opts.Accounts.EndFeed(ctx, actor, in.ID)
}

func (a *API) unlockUser(ctx context.Context, actor bridge.Actor, in *userRequest) error {
	if !actor.Operator {
		return errUsers
	}
	return a.opts.Accounts.Unlock(ctx, actor, in.ID)
}

func (a *API) resetFactor(ctx context.Context, actor bridge.Actor, in *disableUserRequest) error {
	if !actor.Operator {
		return errUsers
	}
	return a.opts.Accounts.ResetFactor(ctx, actor, in.ID, in.Body.Motive)
}

// visit is a line of the access log.
type visit struct {
	At     time.Time       `json:"at"`
	What   string          `json:"what" doc:"signed in, signed out, refused, asked for a code, new device, new device is theirs or is not theirs, outside the hours or outside the networks; token made, token used, token revoked"`
	Person bridge.PersonID `json:"person,omitempty" doc:"Absent: the login was nobody's."`
	Client string          `json:"client,omitempty" doc:"Network address."`
	How    string          `json:"how,omitempty" doc:"What was shown, as password, code or recovery code."`
}

type accessQuery struct {
	Limit    int  `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Findings bool `query:"findings" doc:"Only what somebody should look into: refusals, new devices, and attempts outside hours or networks."`
}

func (a *API) access(_ context.Context, actor bridge.Actor, in *accessQuery) (list[visit], error) {
	if !actor.Operator {
		return list[visit]{}, errUsers
	}
	found, err := a.opts.Accounts.Log(in.Limit, in.Findings)
	return listOf(found, "", func(l identity.Access) visit { return visit{l.At, l.What, l.Person, l.Client, l.How} }), err
}
