package dolibarr

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

// pageSize is how many third parties a page has where the request says nothing.
const pageSize = 100

// Pull reads one page of a category's prospects, or of all. A reading ends at
// the empty page, never at a short one. The cursor of its last page is where the
// next reading goes on.
func (c *conn) Pull(ctx context.Context, req connector.PullRequest) (connector.Page, error) {
	const op = "dolibarr: list prospects"
	at, err := parsePlace(req.Cursor)
	if err != nil {
		return connector.Page{}, fault.Newf(fault.Permanent, op, "the cursor is none of this connector's")
	}
	if req.Selection != "" && !plainID(req.Selection) {
		return connector.Page{}, fault.Newf(fault.Permanent, op, "the campaign's selection is no id of a category: write its number, as Dolibarr's address line shows it")
	}
	if err := c.minimal(ctx, op); err != nil {
		return connector.Page{}, err
	}
	readAt := c.env.Now()
	if !at.Under {
		if at, err = c.begin(ctx, op, req.Selection, at, readAt); err != nil {
			return connector.Page{}, err
		}
	}
	names, vendor := c.mapper.asked(req.Fields)
	found, err := c.parties(ctx, op, c.pageParams(at, req, vendor))
	if err != nil {
		return connector.Page{}, err
	}
	page := connector.Page{Prospects: make([]bridge.Prospect, 0, len(found))}
	for n, rec := range found {
		id := text(rec["id"])
		if !plainID(id) {
			return connector.Page{}, fault.Newf(fault.Unavailable, op, "record %d of the page has no id", n+1)
		}
		page.Prospects = append(page.Prospects, bridge.Prospect{
			Ref: c.ref(id), Fields: c.mapper.pick(rec, names), Modified: moment(rec["date_modification"]), ReadAt: readAt,
		})
	}
	return c.turn(ctx, op, req.Selection, page, at, found, readAt)
}

// begin decides how the next reading goes. A full one first notes the newest
// change in the selection: what changes while it reads is read again after it.
func (c *conn) begin(ctx context.Context, op, selection string, last place, now time.Time) (place, error) {
	params := c.selected(selection)
	params.Set("sortfield", "t.tms,t.rowid")
	params.Set("sortorder", "DESC,DESC")
	params.Set("limit", "1")
	params.Set("properties", "id,date_modification")
	params.Set("pagination_data", "true")
	newest, count, err := c.counted(ctx, op, params)
	if err != nil {
		return place{}, err
	}
	if !last.due(now, c.fullEvery, count, selection != "") {
		last.Under, last.After, last.Count = true, 0, count
		last.Since = last.from(now, c.env.Zone).Unix()
		return last, nil
	}
	at := place{Full: true, Under: true, Done: now.Unix(), Count: count}
	if len(newest) > 0 {
		at.Since = number(newest[0]["date_modification"])
	}
	return at, nil
}

// counted lists third parties, and says how many there are in all: -1 where
// Dolibarr does not tell, as older ones do not.
func (c *conn) counted(ctx context.Context, op string, params url.Values) ([]record, int64, error) {
	var answer any
	err := c.call(ctx, op, request{path: "/thirdparties", params: params}, &answer)
	if isEmpty(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	count := int64(-1)
	if outer, ok := answer.(map[string]any); ok {
		pagination, _ := outer["pagination"].(map[string]any)
		count, answer = number(pagination["total"]), outer["data"]
	}
	items, ok := answer.([]any)
	if !ok {
		return nil, 0, fault.Newf(fault.Unavailable, op, "the answer holds no list")
	}
	found := make([]record, 0, len(items))
	for _, i := range items {
		rec, _ := i.(map[string]any)
		found = append(found, rec)
	}
	return found, count, nil
}

// selected asks for prospects: without the mode, Dolibarr's filter by category
// looks among the suppliers' as well and finds nothing.
func (c *conn) selected(selection string) url.Values {
	params := url.Values{"mode": {"2"}}
	if selection != "" {
		params.Set("category", selection)
	}
	return params
}

func (c *conn) pageParams(at place, req connector.PullRequest, vendor []string) url.Values {
	params := c.selected(req.Selection)
	limit := pageSize
	if req.Limit > 0 {
		limit = min(limit, req.Limit)
	}
	params.Set("limit", strconv.Itoa(limit))
	params.Set("properties", propertyList(append(vendor, "date_modification")))
	if at.Full {
		params.Set("sortfield", "t.rowid")
		params.Set("sortorder", "ASC")
		params.Set("sqlfilters", fmt.Sprintf("(t.rowid:>:%d)", at.After))
		return params
	}
	since := c.naive(time.Unix(at.Since, 0))
	params.Set("sortfield", "t.tms,t.rowid")
	params.Set("sortorder", "ASC,ASC")
	params.Set("sqlfilters", fmt.Sprintf("((t.tms:>:'%s') or ((t.tms:=:'%s') and (t.rowid:>:%d)))", since, since, at.After))
	return params
}

// turn moves the cursor behind a page, or ends the reading.
func (c *conn) turn(ctx context.Context, op, selection string, page connector.Page, at place, found []record, readAt time.Time) (connector.Page, error) {
	if len(found) > 0 {
		last := found[len(found)-1]
		next, further := at.next(number(last["id"]), number(last["date_modification"]))
		switch {
		case further:
		case at.Full:
			return connector.Page{}, fault.Newf(fault.Permanent, op, "Dolibarr lists the same third parties again: it ignores sqlfilters")
		default:
			next = place{Full: true, Under: true, Since: at.Since, Done: readAt.Unix(), Count: at.Count}
		}
		page.Cursor, page.More = next.String(), true
		return page, nil
	}
	if at.Full && at.After == 0 && selection != "" {
		if err := c.categoryExists(ctx, op, selection); err != nil {
			return connector.Page{}, err
		}
	}
	page.Whole = at.Full
	at.Full, at.Under, at.After = false, false, 0
	page.Cursor = at.String()
	return page, nil
}

// categoryExists tells an empty category from one that is not there, which
// lists the same.
func (c *conn) categoryExists(ctx context.Context, op, id string) error {
	err := c.call(ctx, op, request{path: "/categories/" + id}, new(any))
	switch {
	case httpx.Status(err) == http.StatusNotFound:
		return fault.Newf(fault.Permanent, op, "Dolibarr has no category %s: correct the campaign's selection", id)
	case denied(err):
		return fault.Newf(fault.Permanent, op, "the list is empty, and the key's user may not see whether the category exists: give them the right to read categories")
	}
	return err
}
