package rest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Pull reads one page. A selection is always read from its beginning to its
// end, so what the last page has not shown has left it.
func (c *conn) Pull(ctx context.Context, req connector.PullRequest) (connector.Page, error) {
	const op = "rest: list prospects"
	names, path, err := c.pagePath(op, req)
	if err != nil {
		return connector.Page{}, err
	}
	readAt := c.env.Now()
	var answer any
	if err := c.call(ctx, op, request{method: http.MethodGet, path: path}, &answer); err != nil {
		return connector.Page{}, err
	}
	records, err := list(op, answer, c.Prospects.List)
	if err != nil {
		return connector.Page{}, err
	}
	page := connector.Page{Prospects: make([]bridge.Prospect, 0, len(records))}
	for n, rec := range records {
		id := text(rec[c.Prospects.ID])
		if !plainID(id) {
			return connector.Page{}, fault.Newf(fault.Unavailable, op, "record %d of the page has no %s", n+1, c.Prospects.ID)
		}
		page.Prospects = append(page.Prospects, bridge.Prospect{
			Ref:      bridge.Ref{Connection: c.env.Name, Object: bridge.ProspectObj, ID: id},
			Fields:   c.mapper.pick(rec, names),
			Modified: moment(rec[c.Prospects.Modified]),
			ReadAt:   readAt,
		})
	}
	outer, _ := answer.(map[string]any)
	page.Cursor = text(outer[c.Prospects.Next])
	page.More = page.Cursor != ""
	page.Whole = !page.More
	if page.More && page.Cursor == req.Cursor {
		return connector.Page{}, fault.Newf(fault.Permanent, op, "the CRM gives the same cursor again: check prospects.next and prospects.params.cursor")
	}
	return page, nil
}

func (c *conn) pagePath(op string, req connector.PullRequest) ([]bridge.FieldName, string, error) {
	names, vendor := c.asked(req.Fields)
	limit := c.Prospects.Page
	if req.Limit > 0 {
		limit = min(limit, req.Limit)
	}
	params := url.Values{
		c.Prospects.Params.Fields: {c.fieldList(vendor)},
		c.Prospects.Params.Limit:  {strconv.Itoa(limit)},
	}
	if req.Cursor != "" {
		params.Set(c.Prospects.Params.Cursor, req.Cursor)
	}
	if req.Selection != "" {
		if c.Prospects.Params.Selection == "" {
			return nil, "", fault.Newf(fault.Permanent, op, "the campaign has a selection, but prospects.params.selection is not set")
		}
		params.Set(c.Prospects.Params.Selection, req.Selection)
	}
	return names, with(c.Prospects.Path, params), nil
}

// asked is the fields that the CRM can be asked for: a field without a mapping
// does not exist.
func (c *conn) asked(fields []bridge.FieldName) (names []bridge.FieldName, vendor []string) {
	for _, f := range fields {
		if v, mapped := c.env.Fields[f]; mapped {
			names, vendor = append(names, f), append(vendor, v)
		}
	}
	return names, vendor
}

// fieldList is what the fields parameter says. It always names the id: an empty
// list would mean all fields to many a CRM.
func (c *conn) fieldList(vendor []string) string {
	return strings.Join(append([]string{c.Prospects.ID}, vendor...), ",")
}

func moment(v any) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text(v))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
