package campaign

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// script is a CRM that answers each cursor with a page laid down beforehand.
type script struct {
	t     *testing.T
	pages map[string]connector.Page
	asked []string
}

func (s *script) Pull(_ context.Context, req connector.PullRequest) (connector.Page, error) {
	s.asked = append(s.asked, req.Cursor)
	page, there := s.pages[req.Cursor]
	if !there {
		s.t.Errorf("asked from %q", req.Cursor)
	}
	return page, nil
}

func pageOf(cursor string, more, whole bool, people ...string) connector.Page {
	page := connector.Page{Cursor: cursor, More: more, Whole: whole}
	for _, p := range people {
		id, phone, _ := strings.Cut(p, " ")
		page.Prospects = append(page.Prospects, bridge.Prospect{
			Ref: bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id}, ReadAt: time.Now(),
			Fields: map[bridge.FieldName]bridge.Value{"prospect.phone": bridge.Value(phone)},
		})
	}
	return page
}

// A CRM that lists everybody, then what changed since a mark, then everybody
// again: only a read of everybody shows who has left.
func TestReadsGoOnFromAMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crmOf := &script{t: t, pages: map[string]connector.Page{
		"":   pageOf("p1", true, false, "a 0199000001", "b 0199000002"),
		"p1": pageOf("t1", false, true, "c 0199000003"),
		"t1": pageOf("t2", false, false, "b 0199000020"),
		"t2": pageOf("p2", true, false, "a 0199000001"),
		"p2": pageOf("t3", false, true, "b 0199000020"),
		"t3": pageOf("t3", false, false),
	}}
	w.sync.opts.Pullers[crm] = crmOf
	for _, read := range []struct{ asked, list string }{
		{" p1", "a 0199000001,b 0199000002,c 0199000003"},
		{"t1", "a 0199000001,b 0199000020,c 0199000003"},
		{"t2 p2", "a 0199000001,b 0199000020"},
		{"t3", "a 0199000001,b 0199000020"},
	} {
		crmOf.asked = nil
		w.round()
		var list []string
		for _, id := range slices.Sorted(maps.Keys(w.list)) {
			list = append(list, id+" "+string(w.list[id]["prospect.phone"]))
		}
		if got := strings.Join(list, ","); got != read.list || strings.Join(crmOf.asked, " ") != read.asked {
			t.Errorf("asked from %q, want %q; the list is %s, want %s", crmOf.asked, read.asked, got, read.list)
		}
	}
}
