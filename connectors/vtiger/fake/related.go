package fake

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// related are the relations that relatedtypes lists, by label.
var related = map[string]map[string]string{
	"Campaigns": {"Contacts": "Contacts", "Leads": "Leads", "Opportunities": "Potentials", "Accounts": "Accounts"},
}

func (c *CRM) relatedTypes(u *User, module string) (any, *fault) {
	if f := c.mayUse(u, module); f != nil {
		return nil, f
	}
	types, information := []string{}, map[string]any{}
	for label, name := range related[module] {
		if c.mayUse(u, name) == nil {
			types = append(types, name)
			information[label] = map[string]any{"name": name, "label": label, "isEntity": "1"}
		}
	}
	slices.Sort(types)
	return map[string]any{"types": types, "information": information}, nil
}

var (
	fromPattern = regexp.MustCompile(`(?i)FROM\s+(\S+)`)
	maxUpdates  = 100
)

// queryRelated puts its own condition before those of the statement, and an end
// behind them: a statement that has one is no statement any more.
func (c *CRM) queryRelated(u *User, text, id, label string) (any, *fault) {
	r, f := c.reach(u, id)
	if f != nil {
		return nil, f
	}
	module := ""
	if m := fromPattern.FindStringSubmatch(text); m != nil {
		module = m[1]
	}
	if module == "" || related[r.Module][label] != module {
		return nil, &fault{"UNKOWN_ENTITY", "Relation specified is incorrect"}
	}
	var ids []string
	for number := range c.members[r.Number] {
		if other := c.records[number]; other != nil && !other.Deleted && other.Module == module {
			ids = append(ids, "'"+c.id(other)+"'")
		}
	}
	if len(ids) == 0 {
		return []any{}, nil
	}
	slices.Sort(ids)
	own := "id IN (" + strings.Join(ids, ",") + ")"
	if before, after, where := strings.Cut(text, "WHERE"); where {
		text = before + " WHERE " + own + " AND " + after
	} else {
		text += " WHERE " + own
	}
	return c.query(u, text+";")
}

// sync answers what changed after a second: of the user's own records, or of
// everybody's for an administrator who asks for it.
func (c *CRM) sync(u *User, params url.Values) (any, *fault) {
	module, scope := params.Get("elementType"), params.Get("syncType")
	if scope == "application" && !u.Admin {
		return nil, denied("Only admin users can perform application sync")
	}
	if f := c.mayUse(u, module); f != nil || c.modules[module].actor {
		return nil, denied(notPermitted)
	}
	since, _ := strconv.ParseInt(params.Get("modifiedTime"), 10, 64)
	var changed []*Record
	for _, r := range c.records {
		own := r.Fields["assigned_user_id"] == c.ownerID(u.ID)
		if r.Module == module && r.Modified.Unix() > since && (scope == "application" || own) {
			changed = append(changed, r)
		}
	}
	slices.SortFunc(changed, func(a, b *Record) int {
		if d := a.Modified.Compare(b.Modified); d != 0 {
			return d
		}
		return a.Number - b.Number
	})
	last, more := time.Unix(since, 0), false
	if len(changed) > 0 {
		last = changed[min(maxUpdates, len(changed))-1].Modified
		more = changed[len(changed)-1].Modified.After(last)
	}
	updated, deleted := []any{}, []string{}
	for _, r := range changed {
		switch {
		case r.Modified.After(last):
		case r.Deleted:
			deleted = append(deleted, c.id(r))
		case !c.hidden[u.Login][r.Number]:
			updated = append(updated, c.show(u, r))
		}
	}
	return map[string]any{"updated": updated, "deleted": deleted, "more": more, "lastModifiedTime": last.Unix()}, nil
}
