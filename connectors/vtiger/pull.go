package vtiger

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

const modified = "modifiedtime" // the stamp of every module

// cursor is where a read goes on. A selection is read whole by rising ids: a
// record that changes meanwhile keeps its place. Afterwards what has changed is
// read by (modifiedtime, id), until the next whole read is due.
type cursor struct {
	Whole  time.Time         `json:"w"`           // when the last whole read began, by our clock
	Marks  map[string]string `json:"m,omitempty"` // module → newest stamp before that, or of the last changes seen
	Module int               `json:"i,omitempty"` // being read
	After  string            `json:"a,omitempty"` // the last id seen in it, the vendor's
	Since  string            `json:"s,omitempty"` // the last stamp seen; "" in a whole read
	Skip   int               `json:"o,omitempty"` // rows after that which the key may not see
	Full   bool              `json:"f,omitempty"` // a whole read is under way
	Of     uint32            `json:"h,omitempty"` // the selection that it belongs to
}

func (at cursor) String() string {
	raw, _ := json.Marshal(at) // of strings, numbers and times
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseCursor reads one of ours; one that is not is the start.
func parseCursor(text string) cursor {
	var at cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &at) != nil || at.Module < 0 || at.Skip < 0 {
		return cursor{}
	}
	return at
}

// source is what one module gives of a selection.
type source struct {
	module   *module
	selected selection
	fields   []bridge.FieldName // asked for and shown
	campaign string             // the relation's label, of a campaign's members
}

// Pull reads one page. The end of a whole read tells who has left; between two
// of them changes, and deletions as far as the CRM tells them.
func (c *conn) Pull(ctx context.Context, req connector.PullRequest) (connector.Page, error) {
	const op = "vtiger: list prospects"
	sources, err := c.sources(ctx, op, req)
	if err != nil {
		return connector.Page{}, err
	}
	limit := maxRows
	if req.Limit > 0 {
		limit = min(limit, req.Limit)
	}
	at, of := parseCursor(req.Cursor), crc32.ChecksumIEEE([]byte(req.Selection))
	if at.Of != of || c.startsWhole(at, sources) {
		if at, err = c.begin(ctx, op, sources); err != nil {
			return connector.Page{}, err
		}
		at.Of = of
	}
	if at.Full {
		return c.wholePage(ctx, op, sources, at, limit)
	}
	return c.changesPage(ctx, op, sources, at, limit)
}

// startsWhole says whether the selection is to be read from its beginning: the
// members of a campaign always, since joining and leaving move no stamp.
func (c *conn) startsWhole(at cursor, sources []source) bool {
	if at.Module >= len(sources) || at.Whole.IsZero() {
		return true
	}
	between := !at.Full && at.Module == 0 && at.Since == ""
	return between && (sources[0].campaign != "" || c.env.Now().Sub(at.Whole) >= c.FullEvery)
}

// begin starts a whole read. The newest stamp of each module, taken before, is
// where changes go on from afterwards. sync is given another try with it.
func (c *conn) begin(ctx context.Context, op string, sources []source) (cursor, error) {
	at := cursor{Whole: c.env.Now(), Full: true, Marks: map[string]string{}}
	for _, s := range sources {
		if s.campaign != "" {
			continue
		}
		c.syncLess.Store(false)
		rows, err := c.query(ctx, op, query{columns: []string{modified}, module: s.module.name, order: modified + " DESC", limit: maxRows})
		if err != nil {
			return at, err
		}
		if len(rows) > 0 {
			at.Marks[s.module.name] = rows[0][modified]
		}
	}
	return at, nil
}

func (c *conn) sources(ctx context.Context, op string, req connector.PullRequest) ([]source, error) {
	selected, err := parseSelection(req.Selection)
	if err != nil {
		return nil, fault.New(fault.Rejected, op, err)
	}
	if selected.campaign != "" {
		return c.members(ctx, op, selected, req.Fields)
	}
	names := c.Prospects
	if selected.module != "" {
		if !slices.Contains(names, selected.module) {
			return nil, fault.Newf(fault.Rejected, op, "the selection is of a module that is none of the connection's prospects")
		}
		names = []string{selected.module}
	}
	var out []source
	for _, name := range names {
		m, err := c.describe(ctx, op, name)
		if err != nil {
			return nil, err
		}
		if err := selected.fits(m); err != nil {
			return nil, fault.New(fault.Rejected, op, err)
		}
		out = append(out, source{module: m, selected: selected, fields: c.shown(m, req.Fields)})
	}
	return out, nil
}

// shown is the fields that the CRM can be asked for: those that are mapped and
// that the key is shown. One other makes the server refuse the whole query.
func (c *conn) shown(m *module, fields []bridge.FieldName) []bridge.FieldName {
	var out []bridge.FieldName
	for _, f := range fields {
		if c.mapper.in(m, f) != "" {
			out = append(out, f)
		}
	}
	return out
}

func (s source) columns(c *conn) []string {
	out := []string{"id", modified}
	for _, f := range s.fields {
		if vendor := c.mapper.in(s.module, f); !slices.Contains(out, vendor) {
			out = append(out, vendor)
		}
	}
	return out
}

// rows asks for records of the source.
func (s source) rows(ctx context.Context, c *conn, op string, q query) ([]record, error) {
	if s.campaign == "" {
		return c.query(ctx, op, q)
	}
	if q.where == "" {
		q.where = "id > " + quote(s.module.vendor(":0")) // without one, the server puts its own behind the limit
	}
	var rows []record
	err := c.call(ctx, op, read("query_related", "query", q.open(), "id", s.selected.campaign, "relatedLabel", s.campaign), &rows)
	return rows, err
}

// wholePage reads on by rising ids.
func (c *conn) wholePage(ctx context.Context, op string, sources []source, at cursor, limit int) (connector.Page, error) {
	readAt := c.env.Now()
	for {
		s := sources[at.Module]
		rows, ended, err := c.behind(ctx, op, s, &at, s.selected, s.columns(c), limit)
		if err != nil {
			return connector.Page{}, err
		}
		page := connector.Page{More: true}
		if page.Prospects, err = c.prospectsOf(op, s, rows, readAt); err != nil {
			return page, err
		}
		if ended {
			at.Module, at.After, at.Skip = at.Module+1, "", 0
		}
		if at.Module == len(sources) {
			page.More, page.Whole = false, true
			at = cursor{Whole: at.Whole, Marks: at.Marks, Of: at.Of}
		}
		if page.Cursor = at.String(); len(rows) > 0 || !page.More {
			return page, nil
		}
	}
}

func (c *conn) prospectsOf(op string, s source, rows []record, readAt time.Time) ([]bridge.Prospect, error) {
	out := make([]bridge.Prospect, 0, len(rows))
	for _, rec := range rows {
		id := s.module.own(rec["id"])
		if id == "" {
			return nil, fault.Newf(fault.Unavailable, op, "a row of the page has no id of %s", s.module.name)
		}
		p := bridge.Prospect{
			Ref:    bridge.Ref{Connection: c.env.Name, Object: bridge.ProspectObj, ID: id},
			Fields: c.mapper.pick(s.module, rec, s.fields),
			ReadAt: readAt,
		}
		if t, err := moment(rec[modified], c.zone); err == nil {
			p.Modified = t
		}
		out = append(out, p)
	}
	return out, nil
}

// behind reads the rows after the last one seen and moves on. A page may be
// short, even empty, because the server takes rows out of it after counting
// them: only a count of what is left behind the last row ends a module.
func (c *conn) behind(ctx context.Context, op string, s source, at *cursor, selected selection, columns []string, limit int) (rows []record, ended bool, err error) {
	size := limit
	if at.Skip > 0 {
		size = maxRows
	}
	rows, err = s.rows(ctx, c, op, query{
		columns: columns, module: s.module.name, where: at.behind(selected), order: at.order(), offset: at.Skip, limit: size,
	})
	if err != nil {
		return nil, false, err
	}
	full := len(rows) == size
	rows = rows[:min(limit, len(rows))]
	if len(rows) == 0 {
		at.Skip += max(1, size*9/10) // some rows twice: one may be deleted meanwhile
	} else {
		last := rows[len(rows)-1]
		if at.After, at.Skip = last["id"], 0; !at.Full {
			at.Since = last[modified]
		}
	}
	if full {
		return rows, false, nil
	}
	left, err := s.count(ctx, c, op, at.behind(selected))
	if err != nil {
		return nil, false, err
	}
	return rows, left <= at.Skip, nil
}

func (at cursor) order() string {
	if at.Full {
		return "id"
	}
	return modified + ", id"
}

// behind is what a row after the last one seen fits.
func (at cursor) behind(selected selection) string {
	switch {
	case at.Full && at.After == "":
		return selected.with("")
	case at.Full:
		return selected.with("id > " + quote(at.After))
	case at.After == "":
		return selected.with(modified + " >= " + quote(at.Since))
	}
	newer := selected.with(modified + " > " + quote(at.Since))
	return newer + " OR " + selected.with(modified+" = "+quote(at.Since)+" AND id > "+quote(at.After))
}
