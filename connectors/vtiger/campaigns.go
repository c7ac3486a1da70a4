package vtiger

import (
	"context"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

// members are the prospects' modules that a campaign of the CRM is related to.
// The relation's label differs from site to site: relatedtypes tells it.
func (c *conn) members(ctx context.Context, op string, selected selection, fields []bridge.FieldName) ([]source, error) {
	campaigns, err := c.describe(ctx, op, "Campaigns")
	if err != nil {
		return nil, err
	}
	if campaigns.own(selected.campaign) == "" {
		return nil, fault.Newf(fault.Rejected, op, "the selection's id is not one of a campaign: those begin with %sx here", campaigns.prefix)
	}
	var related struct {
		Information map[string]struct{ Name, Label string }
	}
	if err := c.call(ctx, op, read("relatedtypes", "elementType", "Campaigns"), &related); err != nil {
		return nil, err
	}
	var out []source
	for _, name := range c.Prospects {
		label := ""
		for key, relation := range related.Information {
			if relation.Name == name && (label == "" || key < label) {
				label = key
			}
		}
		if label == "" {
			continue
		}
		m, err := c.describe(ctx, op, name)
		if err != nil {
			return nil, err
		}
		out = append(out, source{module: m, selected: selected, fields: c.shown(m, fields), campaign: label})
	}
	if len(out) == 0 {
		return nil, fault.Newf(fault.Rejected, op, "campaigns of this CRM are related to none of the connection's prospects")
	}
	return out, nil
}
