package vtiger

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
)

// overlap is how far behind the newest stamp changes are read again: a stamp is
// set when a save begins and seen when it ends, and has whole seconds. Stamps in
// a zone whose clocks go back come twice.
func (c *conn) overlap() time.Duration {
	if c.zone == time.UTC {
		return time.Minute
	}
	return time.Hour + time.Minute
}

// changesPage reads what has changed since the marks. A record that no longer
// fits the selection has left it.
func (c *conn) changesPage(ctx context.Context, op string, sources []source, at cursor, limit int) (connector.Page, error) {
	readAt := c.env.Now()
	page := connector.Page{More: true}
	for page.More && len(page.Prospects)+len(page.Gone) == 0 {
		s := sources[at.Module]
		if at.Since == "" {
			at.Since = earlier(at.Marks[s.module.name], c.overlap())
		}
		rows, ended, err := c.behind(ctx, op, s, &at, selection{}, []string{"id", modified}, limit)
		if err != nil {
			return page, err
		}
		fitting, gone, err := c.fitting(ctx, op, s, rows)
		if err != nil {
			return page, err
		}
		if page.Prospects, err = c.prospectsOf(op, s, fitting, readAt); err != nil {
			return page, err
		}
		page.Gone = gone
		if ended {
			deleted, err := c.deletions(ctx, op, s, at.Marks[s.module.name])
			if err != nil {
				return page, err
			}
			page.Gone = append(page.Gone, deleted...)
			at = at.done(s.module.name)
		}
		if at.Module == len(sources) {
			page.More, at.Module = false, 0
		}
	}
	page.Cursor = at.String()
	return page, nil
}

// done moves on to the next module and keeps how far this one was read.
func (at cursor) done(module string) cursor {
	marks := make(map[string]string, len(at.Marks)+1)
	for name, mark := range at.Marks {
		marks[name] = mark
	}
	marks[module] = max(marks[module], at.Since)
	return cursor{Whole: at.Whole, Marks: marks, Module: at.Module + 1, Of: at.Of}
}

// earlier is a stamp less the overlap; without one, the beginning.
func earlier(mark string, overlap time.Duration) string {
	t, err := time.Parse(time.DateTime, mark)
	if err != nil {
		return "1970-01-01 00:00:00"
	}
	return t.Add(-overlap).Format(time.DateTime)
}

// fitting reads those of the changed records that fit the selection, and names
// the others. They are read apart: what fields a condition names is nobody's
// to see who may only see the card.
func (c *conn) fitting(ctx context.Context, op string, s source, changed []record) (fit []record, gone []string, err error) {
	if len(changed) == 0 {
		return nil, nil, nil
	}
	ids := make([]string, len(changed))
	for i, rec := range changed {
		ids[i] = quote(rec["id"])
	}
	fit, err = c.query(ctx, op, query{
		columns: s.columns(c), module: s.module.name,
		where: s.selected.with("id in (" + strings.Join(ids, ",") + ")"), order: "id", limit: maxRows,
	})
	if err != nil {
		return nil, nil, err
	}
	there := make(map[string]bool, len(fit))
	for _, rec := range fit {
		there[rec["id"]] = true
	}
	for _, rec := range changed {
		if id := s.module.own(rec["id"]); id != "" && !there[rec["id"]] {
			gone = append(gone, id)
		}
	}
	return fit, gone, nil
}

// deletions asks sync, which alone tells them, for what was deleted since the
// mark: of everybody's records for an administrator's key, else of the key's
// own and its groups'. Of its answer, which cannot be narrowed, only the ids of
// deleted records are read. Some sites crash on it: there, the next whole read
// tells, and after that it is asked again.
func (c *conn) deletions(ctx context.Context, op string, s source, mark string) ([]string, error) {
	since, err := moment(mark, c.zone)
	if err != nil || !c.Sync || c.syncLess.Load() {
		return nil, nil
	}
	me, err := c.self(ctx, op)
	if err != nil {
		return nil, err
	}
	scope := "userandgroup"
	if me.admin {
		scope = "application"
	}
	var gone []string
	for at := since.Add(-c.overlap()).Unix(); ; {
		var answer struct {
			Deleted          []string
			More             bool
			LastModifiedTime int64
		}
		err := c.call(ctx, op, read("sync", "modifiedTime", strconv.FormatInt(at, 10), "elementType", s.module.name, "syncType", scope), &answer)
		if code, _ := coded(err); code != "" || httpx.Status(err) == http.StatusInternalServerError {
			c.syncLess.Store(true)
			return gone, nil
		}
		if err != nil {
			return nil, err
		}
		for _, id := range answer.Deleted {
			if own := s.module.own(id); own != "" {
				gone = append(gone, own)
			}
		}
		if !answer.More || answer.LastModifiedTime <= at {
			return gone, nil
		}
		at = answer.LastModifiedTime
	}
}
