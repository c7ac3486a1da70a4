package contract

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

const pageSize = 2

func (h Harness) pull(t *testing.T) {
	t.Run("pages", h.pages)
	t.Run("resumed at every page", h.resumes)
	t.Run("only what was asked", h.asksOnly)
}

func (o *opened) page(t *testing.T, conn connector.Conn, cursor string, fields ...bridge.FieldName) connector.Page {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	page, err := conn.(connector.Puller).Pull(ctx, connector.PullRequest{
		Selection: o.CRM.Selection, Fields: fields, Cursor: cursor, Limit: pageSize,
	})
	if err != nil {
		t.Fatalf("pull: %v", err)
	}
	if page.More && page.Cursor == "" {
		t.Fatal("there is more, but no cursor to go on from")
	}
	return page
}

// rest reads from a cursor to the end; the cursors it met come with it.
func (o *opened) rest(t *testing.T, conn connector.Conn, cursor string) (ids, cursors []string) {
	t.Helper()
	for range 10 * len(o.CRM.Prospects) {
		page := o.page(t, conn, cursor, o.CRM.Texts...)
		for _, p := range page.Prospects {
			ids = append(ids, p.Ref.ID)
		}
		if !page.More {
			return ids, cursors
		}
		cursor = page.Cursor
		cursors = append(cursors, cursor)
	}
	t.Fatal("the selection has no end")
	return nil, nil
}

func (h Harness) pages(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	before := time.Now()
	page := o.page(t, o.Conn, "", o.CRM.Texts...)
	if len(page.Prospects) == 0 || len(page.Prospects) > pageSize {
		t.Errorf("a page of %d with a limit of %d", len(page.Prospects), pageSize)
	}
	for _, p := range page.Prospects {
		if p.Ref.Connection != connection || p.Ref.Object == "" || !slices.Contains(o.CRM.Prospects, p.Ref.ID) {
			t.Errorf("prospect %+v", p.Ref)
		}
		if p.ReadAt.Before(before) || p.ReadAt.After(time.Now()) {
			t.Errorf("read at %v, which is not when the read began", p.ReadAt)
		}
		for _, f := range o.CRM.Texts {
			if want := o.CRM.Get(p.Ref.ID, f); p.Fields[f] != want {
				t.Errorf("%s: read %q, the CRM holds %q", f, p.Fields[f], want)
			}
		}
	}
	ids, _ := o.rest(t, o.Conn, "")
	o.wholeSelection(t, ids)
}

// wholeSelection fails if a prospect is missing or comes twice.
func (o *opened) wholeSelection(t *testing.T, ids []string) {
	t.Helper()
	got, want := slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(o.CRM.Prospects))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the selection (-want +got):\n%s", d)
	}
}

// resumes stops after each page and goes on with a new connection, as after a
// restart.
func (h Harness) resumes(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	_, cursors := o.rest(t, o.Conn, "")
	if len(cursors) < 2 {
		t.Fatalf("%d pages: the world is too small for a limit of %d", len(cursors)+1, pageSize)
	}
	var ids []string
	cursor := ""
	for _, next := range cursors {
		for _, p := range o.page(t, o.Conn, cursor, o.CRM.Texts...).Prospects {
			ids = append(ids, p.Ref.ID)
		}
		onward, _ := o.rest(t, o.again(t), next)
		o.wholeSelection(t, slices.Concat(ids, onward))
		cursor = next
	}
}

func (h Harness) asksOnly(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	one := o.CRM.Texts[0]
	for _, p := range o.page(t, o.Conn, "", one).Prospects {
		if _, asked := p.Fields[one]; !asked || len(p.Fields) != 1 {
			t.Errorf("asked for %s, got %d fields", one, len(p.Fields))
		}
	}
	o.page(t, o.Conn, "", "prospect.x_not_mapped")
	if o.CRM.Asked == nil {
		return
	}
	if d := cmp.Diff([]string{o.Fields[one]}, o.CRM.Asked()); d != "" {
		t.Errorf("the CRM was asked for (-want +got):\n%s", d)
	}
}
