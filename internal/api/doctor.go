package api

import (
	"context"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/doctor"
	"passerelle/internal/problem"
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
		err = &desk.NotFound{What: bilingual.Text{"connection", "de connexion"}, ID: string(in.Name)}
	}
	return r, err
}

// Import drafts a policy from what a CRM tells of its users' rights; false if
// there is no such connection.
type Import func(ctx context.Context, name bridge.ConnectionName, lang string) (doctor.Draft, bool, error)

// importPolicy is for who may propose a policy; what comes of it decides nothing.
func (a *API) importPolicy(ctx context.Context, actor bridge.Actor, in *examineQuery) (doctor.Draft, error) {
	if !actor.Operator && !a.opts.Office.PowersOf(actor).Proposes {
		return doctor.Draft{}, errImport
	}
	if !a.hasCRM(in.Name) {
		return doctor.Draft{}, &desk.NotFound{What: bilingual.Text{"CRM connection", "de connexion CRM"}, ID: string(in.Name)}
	}
	d, _, err := a.opts.Import(ctx, in.Name, in.Lang)
	if err != nil {
		err = &desk.Clash{Why: bilingual.Of(err)}
	}
	return d, err
}

var errImport = problem.Forbidden("").Says(bilingual.Text{
	"only the operator and who may propose a policy import one",
	"seuls l'exploitant et qui peut proposer une politique en importent une",
})

// Probe makes the whole round on one record of a CRM; its error says why it did
// not begin.
type Probe func(ctx context.Context, name bridge.ConnectionName, record string, with bridge.PersonID, leave bool, lang string) (doctor.ProbeReport, error)

type probeRequest struct {
	Name bridge.ConnectionName `path:"name"`
	Body struct {
		Record string          `json:"record" minLength:"1" doc:"The prospect's id in the CRM. No other record is touched."`
		With   bridge.PersonID `json:"with,omitempty" doc:"Whom the appointment is with; else the owner of the key."`
		Leave  bool            `json:"leave,omitempty" doc:"Go on where the connector cannot take away what is made."`
		Lang   string          `json:"lang,omitempty" enum:"en,fr"`
	}
}

// probe writes to a CRM what no supervisor has validated: it is the operator's.
func (a *API) probe(ctx context.Context, actor bridge.Actor, in *probeRequest) (doctor.ProbeReport, error) {
	if !actor.Operator {
		return doctor.ProbeReport{}, errProbe
	}
	if !a.hasCRM(in.Name) {
		return doctor.ProbeReport{}, &desk.NotFound{What: bilingual.Text{"CRM connection", "de connexion CRM"}, ID: string(in.Name)}
	}
	if err := a.note(ctx, actor, "probe", in.Name, ""); err != nil {
		return doctor.ProbeReport{}, err
	}
	ask := in.Body
	r, err := a.opts.Probe(ctx, in.Name, ask.Record, ask.With, ask.Leave, ask.Lang)
	if err != nil {
		err = &desk.Clash{Why: bilingual.Of(err)}
	}
	return r, err
}

func (a *API) stopProbe(_ context.Context, actor bridge.Actor, in *connectionName) error {
	switch {
	case !actor.Operator:
		return errProbe
	case !a.opts.StopProbe(in.Name):
		return &desk.NotFound{What: bilingual.Text{"probe of", "d'essai de"}, ID: string(in.Name)}
	}
	return nil
}

var errProbe = problem.Forbidden("").Says(bilingual.Text{
	"a probe writes to the CRM what nobody has validated: it is the operator's, on the hub's machine, without a token",
	"un essai écrit dans le CRM ce que personne n'a validé : il revient à l'exploitant, sur la machine du pont, sans jeton",
})
