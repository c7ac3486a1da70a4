package dolibarr

import (
	"context"
	"fmt"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

// restore gives a third party back what it held of the properties in a body:
// none of a refused write stays. It answers why with what became of it.
func (c *conn) restore(ctx context.Context, w bridge.Write, held, body record, why *fault.Error) error {
	before := record{}
	for _, f := range w.Fields {
		vendor := c.env.Fields[f.Name]
		if _, sent := body.field(vendor); sent {
			value, _ := held.field(vendor)
			put(before, vendor, c.mapper.again(f.Name, value))
		}
	}
	became := "the record is as it was before"
	err := c.complete(ctx, why.Op, before, held)
	if err == nil {
		_, err = c.patch(ctx, why.Op, w.Prospect.ID, before)
	}
	if err != nil {
		if _, hides := before[propStatus]; hides {
			return applied(err) // the next try finds the record hidden, and uncovers it
		}
		became = fmt.Sprintf("what was written with it could not be taken back, look at the record in Dolibarr: %v", err)
	}
	why.Err = fmt.Errorf("%w; %s", why.Err, became)
	return why
}

// lacking says that a status is in no dictionary.
func lacking(op, status string) *fault.Error {
	return fault.Newf(fault.Rejected, op, "Dolibarr's dictionary of prospect statuses lacks id %s, so the record left every list: correct settings.statuses", status)
}

// uncover gives a record its former status back where this write has hidden it:
// it was cut off before the status was proved, or taken back. Otherwise it
// answers that the record is hidden.
func (c *conn) uncover(ctx context.Context, op string, w bridge.Write, status string, hidden error) error {
	for _, f := range w.Fields {
		if column(c.env.Fields[f.Name]) != propStatus {
			continue
		}
		sent, err := c.mapper.send(op, f.Name, f.Value)
		if err != nil || sent != status {
			continue
		}
		before, err := c.mapper.send(op, f.Name, f.Expected)
		if err != nil {
			continue
		}
		if _, err := c.patch(ctx, op, w.Prospect.ID, map[string]any{propStatus: before}); err != nil {
			return err
		}
		why := lacking(op, status)
		why.Err = fmt.Errorf("%w; it has its former status again", why.Err)
		return why
	}
	return hidden
}
