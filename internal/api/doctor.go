package api

import (
	"context"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/doctor"
)

// Examine has a look at a connection; false if there is no such.
type Examine func(ctx context.Context, name bridge.ConnectionName, lang string) (doctor.Report, bool, error)

type examineQuery struct {
	Name bridge.ConnectionName `path:"name"`
	Lang string                `query:"lang" enum:"en,fr" doc:"Of the findings."`
}

func (a *API) examine(ctx context.Context, actor bridge.Actor, in *examineQuery) (doctor.Report, error) {
	if !a.maintains(actor) {
		return doctor.Report{}, errUpkeep
	}
	r, there, err := a.opts.Examine(ctx, in.Name, in.Lang)
	if err == nil && !there {
		err = &desk.NotFound{What: "connection", ID: string(in.Name)}
	}
	return r, err
}
