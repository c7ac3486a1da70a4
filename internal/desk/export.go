package desk

import (
	"context"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Export is a list of leads that leaves in a file.
type Export struct {
	Fields []bridge.FieldName // its columns, in the catalog's order
	Rows   []Exported
}

// Exported is one of its leads.
type Exported struct {
	Lead   bridge.Lead
	Fields map[bridge.FieldName]bridge.Value // that the actor may read and export
}

// exportedAtMost bounds a file: what is more is asked for in parts.
const exportedAtMost = 5000

// ForeseeExport is what [Desk.Export] would hand out.
func (d *Desk) ForeseeExport(actor bridge.Actor, choice Choice) (out Export, err error) {
	err = d.look(actor, func(c *command) error {
		out, err = c.export(choice)
		return err
	})
	return out, err
}

// Export hands out the leads that a choice finds, those that the actor may
// export, with the fields that the policy names for it. It is counted, and the
// ledger has whose records left, which fields, and why.
func (d *Desk) Export(ctx context.Context, actor bridge.Actor, choice Choice, motive string) (out Export, err error) {
	if strings.TrimSpace(motive) == "" {
		return out, &Invalid{"motive", sayWhy}
	}
	var under string
	err = d.look(actor, func(c *command) error { // a long list keeps no command waiting
		under = c.Policy.Hash()
		out, err = c.export(choice)
		return err
	})
	if err != nil {
		return Export{}, err
	}
	err = d.run(ctx, actor, func(c *command) error {
		if c.Policy.Hash() != under {
			return &Clash{phrase{"the policy has changed meanwhile: ask again", "les règles ont changé entre-temps : demandez de nouveau"}}
		}
		if err := c.spend(policy.CommandExport, len(out.Rows)); err != nil {
			return err
		}
		records := make([]string, len(out.Rows))
		for i, row := range out.Rows {
			records[i] = row.Lead.Prospect.Key()
		}
		return c.note(string(policy.CommandExport), motive, out.Fields, records...)
	})
	if err != nil {
		return Export{}, err
	}
	return out, nil
}

func (c *command) export(choice Choice) (out Export, err error) {
	if err := c.mayExport(); err != nil {
		return out, err
	}
	held := map[bridge.FieldName]bool{}
	for key := range c.perhaps(choice, Page{Limit: 500}) {
		row, ok, err := c.exported(listed(key), choice)
		if err != nil {
			return out, err
		}
		if !ok {
			continue
		}
		if len(out.Rows) == exportedAtMost {
			return out, &Invalid{"campaign", phrase{"more than {n} leads: choose fewer with the filter", "plus de {n} fiches : choisissez-en moins avec le filtre"}.With("{n}", exportedAtMost)}
		}
		for name := range row.Fields {
			held[name] = true
		}
		out.Rows = append(out.Rows, row)
	}
	for _, name := range c.Catalog.Names() {
		if held[name] {
			out.Fields = append(out.Fields, name)
		}
	}
	return out, nil
}

// mayExport refuses those whose role exports nothing of any prospect.
func (c *command) mayExport() error {
	if c.DutiesOf(c.actor).Exports {
		return nil
	}
	return denied(c.Policy, c.who, policy.Export, bridge.ProspectObj, c.asks(), phrase{"export leads", "exporter des fiches"})
}

// exported is a lead as it may leave; false if it may not, or holds nothing that
// may.
func (c *command) exported(id bridge.LeadID, choice Choice) (out Exported, ok bool, err error) {
	l, p, err := c.load(id)
	if _, gone := err.(*NotFound); gone {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	scope := c.record(l, p)
	if !choice.matches(l) || !c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, scope) || !c.Policy.Allows(c.who, policy.Export, bridge.ProspectObj, scope) {
		return out, false, nil
	}
	out = Exported{Lead: c.face(l, scope), Fields: c.card(c.who, scope, l, p).Fields}
	for name := range out.Fields {
		if !c.Policy.AllowsField(c.who, policy.Export, name, scope) {
			delete(out.Fields, name)
		}
	}
	c.viewed(c.who, scope, l, true)
	return out, len(out.Fields) > 0, nil
}
