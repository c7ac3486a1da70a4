package dolibarr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// errHidden says that a record is there and in no list.
var errHidden = errors.New("the third party is in none of Dolibarr's lists: the dictionary of prospect statuses lacks the status it has; give it another there")

// prospect reads some properties of a third party. It lists it, since a list
// can be told what to show and a read by id cannot. Of one that no list shows
// it answers them and the status, with errHidden.
func (c *conn) prospect(ctx context.Context, op, id string, vendor []string) (record, error) {
	if !plainID(id) {
		return nil, fault.Newf(fault.Rejected, op, "the prospect's id is not one of Dolibarr")
	}
	found, err := c.prospects(ctx, op, []string{id}, vendor)
	if err != nil || found[id] != nil {
		return found[id], err
	}
	var shown record
	if err := c.call(ctx, op, request{path: "/thirdparties/" + id}, &shown); err != nil {
		return nil, err
	}
	hidden := record{propStatus: shown[propStatus]}
	for _, name := range vendor {
		hidden[name] = shown[name]
	}
	return hidden, fault.New(fault.Rejected, op, errHidden)
}

// prospects reads some properties of third parties, by their ids. Those that no
// list shows are missing.
func (c *conn) prospects(ctx context.Context, op string, ids, vendor []string) (map[string]record, error) {
	out := make(map[string]record, len(ids))
	for chunk := range slices.Chunk(ids, manyRecords) {
		found, err := c.parties(ctx, op, url.Values{
			"sqlfilters": {"(t.rowid:in:" + strings.Join(chunk, ",") + ")"},
			"properties": {propertyList(vendor)},
			"limit":      {fmt.Sprint(len(chunk))},
		})
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			id := text(rec["id"])
			if !slices.Contains(chunk, id) {
				return nil, fault.Newf(fault.Permanent, op, "Dolibarr listed a third party that was not asked for: it ignores sqlfilters")
			}
			out[id] = rec
		}
	}
	return out, nil
}

// manyRecords is how many records one list is asked for by their ids.
const manyRecords = 50

// propertyList is what the parameter properties says. It always names the id:
// an empty list means everything.
func propertyList(vendor []string) string {
	return strings.Join(append([]string{"id"}, vendor...), ",")
}

// patch changes properties of a third party and answers it as it is then.
func (c *conn) patch(ctx context.Context, op, id string, body map[string]any) (record, error) {
	body["caller"] = "passerelle"
	var now record
	err := c.call(ctx, op, request{method: http.MethodPut, path: "/thirdparties/" + id, body: body}, &now)
	return now, err
}

// WriteFields writes the fields that hold what is expected.
func (c *conn) WriteFields(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: write fields"
	for _, f := range w.Fields {
		if _, mapped := c.env.Fields[f.Name]; !mapped {
			return connector.Receipt{}, fault.Newf(fault.Rejected, op, "%s is not mapped to a property of Dolibarr", f.Name)
		}
	}
	_, vendor := c.mapper.asked(names(w.Fields))
	held, err := c.prospect(ctx, op, w.Prospect.ID, vendor)
	if errors.Is(err, errHidden) {
		err = c.uncover(ctx, op, w, held, err)
	}
	if err != nil {
		return connector.Receipt{}, err
	}
	body, conflicts, err := c.compare(op, held, w.Fields)
	receipt := connector.Receipt{State: connector.Stored, Conflicts: conflicts}
	if err != nil || len(body) == 0 {
		return receipt, err // the read has shown it stored: a write would add an event to the agenda
	}
	if err := c.complete(ctx, op, body, held); err != nil {
		return connector.Receipt{}, err
	}
	now, err := c.patch(ctx, op, w.Prospect.ID, body)
	if err != nil {
		return connector.Receipt{}, err
	}
	err = c.stays(ctx, op, w, body, now)
	if err != nil && fault.Of(err).Kind == fault.Rejected {
		err = c.restore(ctx, w, held, body, fault.Of(err))
	}
	receipt.State = connector.Accepted // the answer says back even what is not kept: only a list proves it
	return receipt, err
}

// stays fails if Dolibarr did not keep what it answered that it wrote.
func (c *conn) stays(ctx context.Context, op string, w bridge.Write, body, now record) error {
	for _, f := range w.Fields {
		vendor := c.env.Fields[f.Name]
		_, sent := body.field(vendor)
		if value, _ := now.field(vendor); sent && !c.mapper.holds(f.Name, value, f.Value) {
			return fault.Newf(fault.Rejected, op, "%s: Dolibarr answered that it wrote, and does not hold the value: its own rules for %s changed it", f.Name, vendor)
		}
	}
	if id, sent := body[propStatus].(string); sent {
		return c.prove(ctx, op, w.Prospect.ID, id)
	}
	return nil
}

// compare is the body of a write of what differs, and what somebody else has
// changed. Do not contact is never overwritten.
func (c *conn) compare(op string, held record, fields []bridge.FieldChange) (record, []connector.Conflict, error) {
	body := record{}
	var conflicts []connector.Conflict
	for _, f := range fields {
		vendor := c.env.Fields[f.Name]
		value, _ := held.field(vendor)
		opposed := column(vendor) == propStatus && text(value) == notToContact
		switch {
		case c.mapper.holds(f.Name, value, f.Value):
		case opposed || !c.mapper.holds(f.Name, value, f.Expected):
			conflicts = append(conflicts, connector.Conflict{Field: f.Name, Found: c.mapper.value(f.Name, value)})
		default:
			sent, err := c.mapper.send(op, f.Name, f.Value)
			if err != nil {
				return nil, nil, err
			}
			put(body, vendor, sent)
		}
	}
	return body, conflicts, nil
}

// put sets a property in a body; an extra field stands among those.
func put(body record, vendor string, value any) {
	if column(vendor) != extras {
		body[column(vendor)] = value
		return
	}
	options, _ := body[extras].(map[string]any)
	if options == nil {
		options = map[string]any{}
		body[extras] = options
	}
	options[vendor] = value
}

// prove looks whether a record is still listed with the status it was given,
// once for each status.
func (c *conn) prove(ctx context.Context, op, id, status string) error {
	if _, known := c.proved.Load(status); known {
		return nil
	}
	seen, err := c.prospects(ctx, op, []string{id}, []string{propStatus})
	if err != nil {
		return applied(err)
	}
	if text(seen[id][propStatus]) != status {
		return lacking(op, status)
	}
	c.proved.Store(status, true)
	return nil
}

// applied says of a failed read that what was written before it is there.
func applied(err error) error {
	f := fault.Of(err)
	if f.Kind == fault.Unavailable || f.Kind == fault.RateLimited {
		f.MayHaveApplied = true
	}
	return f
}

// Oppose marks a prospect as not to be called.
func (c *conn) Oppose(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	const op = "dolibarr: mark opposition"
	held, err := c.prospect(ctx, op, w.Prospect.ID, []string{propStatus})
	if err != nil && !errors.Is(err, errHidden) {
		return connector.Receipt{}, err
	}
	if text(held[propStatus]) == notToContact {
		return connector.Receipt{State: connector.Stored}, nil
	}
	now, err := c.patch(ctx, op, w.Prospect.ID, map[string]any{propStatus: notToContact})
	if err == nil && text(now[propStatus]) != notToContact {
		err = fault.Newf(fault.Rejected, op, "Dolibarr answered that it wrote, and does not hold the status do not contact")
	}
	return connector.Receipt{State: connector.Accepted}, err
}

func names(changes []bridge.FieldChange) []bridge.FieldName {
	out := make([]bridge.FieldName, len(changes))
	for i, f := range changes {
		out[i] = f.Name
	}
	return out
}
