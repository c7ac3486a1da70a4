package app

import (
	"context"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/doctor"
	"passerelle/internal/policy"
)

// examine has a look at a connection, false if there is no such.
func (a *App) examine(ctx context.Context, name bridge.ConnectionName, lang string) (doctor.Report, bool, error) {
	p, ok := a.patient(name, lang)
	if !ok {
		return doctor.Report{}, false, nil
	}
	r, err := doctor.Examine(ctx, p)
	return r, true, err
}

// importPolicy drafts a policy from a CRM, false if there is no such connection.
func (a *App) importPolicy(ctx context.Context, name bridge.ConnectionName, lang string) (doctor.Draft, bool, error) {
	p, ok := a.patient(name, lang)
	if !ok {
		return doctor.Draft{}, false, nil
	}
	d, err := doctor.Import(ctx, p)
	return d, true, err
}

// patient is a connection with what is wanted of it now.
func (a *App) patient(name bridge.ConnectionName, lang string) (doctor.Patient, bool) {
	at := slices.IndexFunc(a.lines, func(l line) bool { return l.cfg.Name == name })
	if at < 0 {
		return doctor.Patient{}, false
	}
	l, rules := a.lines[at], a.desk.Rules()
	return doctor.Patient{
		Name: name, Kind: l.desc.Kind, Type: l.desc.Name, Takes: l.desc.Kinds, Settle: l.desc.Settle, Conn: l.conn,
		Fields: l.cfg.Fields, Catalog: a.cfg.Catalog, People: a.people.Directory().People(), Zone: l.cfg.Zone,
		Read:  rules.Policy.NeededOf(rules.Policy.Paths()...),
		Write: written(rules.Policy),
		Now:   a.clock.steady, Lang: lang,
	}, true
}

// written is the fields that some role may write or propose.
func written(p *policy.Policy) (out []bridge.FieldName) {
	for _, row := range p.Matrix().Rows {
		changes := func(c policy.Cell) bool {
			return slices.ContainsFunc(c, func(r policy.Reach) bool {
				return slices.Contains(r.Actions, policy.Write) || slices.Contains(r.Actions, policy.Propose)
			})
		}
		if row.Field != "" && slices.ContainsFunc(row.Cells, changes) {
			out = append(out, row.Field)
		}
	}
	return out
}
