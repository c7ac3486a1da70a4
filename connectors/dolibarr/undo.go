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

// uncover takes this write back where it has hidden the record: it was cut off
// before the status was proved, or taken back. What holds another value than it
// wrote is somebody's since. Otherwise it answers that the record is hidden.
func (c *conn) uncover(ctx context.Context, op string, w bridge.Write, held record, hidden error) error {
	before, hides := record{}, false
	for _, f := range w.Fields {
		vendor := c.env.Fields[f.Name]
		value, _ := held.field(vendor)
		was, err := c.mapper.send(op, f.Name, f.Expected)
		if err != nil || !c.mapper.holds(f.Name, value, f.Value) {
			continue
		}
		put(before, vendor, was)
		hides = hides || column(vendor) == propStatus
	}
	if !hides {
		return hidden
	}
	err := c.complete(ctx, op, before, held)
	if err == nil {
		_, err = c.patch(ctx, op, w.Prospect.ID, before)
	}
	if err != nil {
		return err
	}
	why := lacking(op, text(held[propStatus]))
	why.Err = fmt.Errorf("%w; it is as it was before", why.Err)
	return why
}
