package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/fault"
	"passerelle/internal/problem"
	"passerelle/internal/relay"
)

type recheckRequest struct {
	Body struct {
		Connection bridge.ConnectionName `json:"connection"`
		Since      time.Time             `json:"since" doc:"Writes that the CRM confirmed then or later."`
		From       string                `json:"from,omitempty" doc:"What the page before answered as next."`
		PutBack    bool                  `json:"put_back,omitempty" doc:"What is gone is written again; otherwise only counted."`
	}
}

type rechecked struct {
	Looked int      `json:"looked" doc:"Writes of this page that were looked up."`
	Gone   []string `json:"gone" doc:"Ids of those that the CRM does not show any more."`
	Next   string   `json:"next,omitempty" doc:"Where to go on; absent at the end."`
}

// recheck looks up a page of what a CRM has confirmed. The first page's command
// stands in the ledger.
func (a *API) recheck(ctx context.Context, actor bridge.Actor, in *recheckRequest) (rechecked, error) {
	out := rechecked{Gone: []string{}}
	if !a.maintains(actor) {
		return out, errUpkeep
	}
	ask := in.Body
	if !a.hasCRM(ask.Connection) {
		return out, &desk.NotFound{What: bilingual.Text{"CRM connection", "de connexion CRM"}, ID: string(ask.Connection)}
	}
	at, err := Page{Cursor: ask.From}.desk()
	if err != nil {
		return out, err
	}
	if ask.From == "" {
		reason := "look since " + ask.Since.UTC().Format(time.RFC3339)
		if ask.PutBack {
			reason = "put back since " + ask.Since.UTC().Format(time.RFC3339)
		}
		if err := a.note(ctx, actor, "recheck", ask.Connection, reason); err != nil {
			return out, err
		}
	}
	found, err := a.opts.Relay.Recheck(ctx, relay.RecheckAsk{Connection: ask.Connection, Since: ask.Since, From: at.After, PutBack: ask.PutBack})
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return out, problem.Unavailable("the CRM could not be read: "+f.Error(), tryAgain)
	}
	if err != nil {
		return out, err
	}
	return rechecked{Looked: found.Looked, Gone: append(out.Gone, found.Gone...), Next: cursor(found.Next)}, nil
}

func (a *API) hasCRM(name bridge.ConnectionName) bool {
	return slices.ContainsFunc(a.opts.Connections(), func(c relay.Connection) bool { return c.Name == name && c.Kind == connector.CRM })
}
