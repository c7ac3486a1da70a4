package contract

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// view is what the bridge knows of a selection: what its reads have shown.
type view struct {
	cursor string
	fields []bridge.FieldName
	held   map[string]map[bridge.FieldName]bridge.Value
	met    map[string]int // how often each was listed in this read
}

func (o *opened) view(fields ...bridge.FieldName) *view {
	return &view{fields: fields, held: map[string]map[bridge.FieldName]bridge.Value{}, met: map[string]int{}}
}

// take is a page taken in, the way campaign does.
func (v *view) take(t *testing.T, page connector.Page) {
	t.Helper()
	on := map[string]bool{}
	for _, p := range page.Prospects {
		if on[p.Ref.ID] {
			t.Errorf("%s stands twice on a page", p.Ref.ID)
		}
		on[p.Ref.ID] = true
		v.held[p.Ref.ID] = p.Fields
		v.met[p.Ref.ID]++
	}
	for _, id := range page.Gone {
		delete(v.held, id)
	}
	v.cursor = page.Cursor
	if !page.More && page.Whole {
		maps.DeleteFunc(v.held, func(id string, _ map[bridge.FieldName]bridge.Value) bool { return v.met[id] == 0 })
	}
}

// readOn goes to the end of a read. between is called after each page but the
// last, with its number.
func (o *opened) readOn(t *testing.T, v *view, between func(page int)) {
	t.Helper()
	v.met = map[string]int{}
	for n := range 20 * len(o.CRM.Prospects) {
		page := o.page(t, o.Conn, v.cursor, v.fields...)
		v.take(t, page)
		if !page.More {
			return
		}
		if between != nil {
			between(n)
		}
	}
	t.Fatal("the read has no end")
}

// shows reads until the view is as wanted: at once, or with the next read of
// everything, a day later at most.
func (o *opened) shows(t *testing.T, v *view, want func() string) {
	t.Helper()
	o.readOn(t, v, nil)
	if want() == "" {
		return
	}
	o.later(25 * time.Hour)
	o.readOn(t, v, nil)
	if diff := want(); diff != "" {
		t.Errorf("a day later the bridge does not know: %s", diff)
	}
}

// knows says what of the prospects the view does not know as the CRM has it.
func (o *opened) knows(v *view, ids []string) func() string {
	return func() string {
		want := map[string]map[bridge.FieldName]bridge.Value{}
		for _, id := range ids {
			want[id] = map[bridge.FieldName]bridge.Value{}
			for _, f := range v.fields {
				want[id][f] = o.CRM.Get(id, f)
			}
		}
		return cmp.Diff(want, v.held)
	}
}

// follows checks that what people do to a selection is noticed.
func (h Harness) follows(t *testing.T) {
	o := h.open(t)
	s := o.CRM.Screen
	if s.Add == nil || s.Delete == nil || o.CRM.Selection != "" && s.Withdraw == nil {
		t.Fatal("the world's screen cannot add, delete or withdraw prospects")
	}
	for name, do := range map[string]func(o *opened) (ids []string){
		"changed": func(o *opened) []string {
			o.CRM.Set(o.CRM.Prospects[3], o.CRM.Texts[1], "d’une main")
			return o.CRM.Prospects
		},
		"added":   func(o *opened) []string { return append(slices.Clone(o.CRM.Prospects), o.CRM.Screen.Add()) },
		"deleted": func(o *opened) []string { o.CRM.Screen.Delete(o.CRM.Prospects[1]); return without(o.CRM.Prospects, 1) },
		"withdrawn": func(o *opened) []string {
			o.CRM.Screen.Withdraw(o.CRM.Prospects[2])
			return without(o.CRM.Prospects, 2)
		},
	} {
		if name == "withdrawn" && s.Withdraw == nil {
			continue
		}
		for _, skew := range []time.Duration{0, 20 * time.Minute, -20 * time.Minute} {
			t.Run(fmt.Sprint(name, " clock ", skew), func(t *testing.T) {
				t.Parallel()
				o := h.open(t)
				o.ahead.Store(int64(skew))
				v := o.view(o.CRM.Texts...)
				o.readOn(t, v, nil)
				ids := do(o)
				if name == "changed" {
					o.readOn(t, v, nil)
					if diff := o.knows(v, ids)(); diff != "" {
						t.Errorf("the next read does not show it: %s", diff)
					}
				}
				o.shows(t, v, o.knows(v, ids))
				o.shows(t, v, o.knows(v, ids))
			})
		}
	}
	t.Run("while it is read", h.moves)
	t.Run("marked at its screen", h.marks)
	t.Run("many at one moment", h.sameMoment)
}

func without(ids []string, n int) []string { return slices.Delete(slices.Clone(ids), n, n+1) }

// moves lets people work while pages are read: after the first and before the
// last, on the prospect at either end.
func (h Harness) moves(t *testing.T) {
	last := len(h.open(t).CRM.Prospects) - 1
	for _, who := range []int{0, last} {
		for name, do := range map[string]func(o *opened, id string) (gone, came string){
			"changed": func(o *opened, id string) (string, string) {
				o.CRM.Set(id, o.CRM.Texts[0], "entre deux pages")
				return "", ""
			},
			"added":   func(o *opened, _ string) (string, string) { return "", o.CRM.Screen.Add() },
			"deleted": func(o *opened, id string) (string, string) { o.CRM.Screen.Delete(id); return id, "" },
		} {
			for _, at := range []int{0, last/pageSize - 1} {
				t.Run(fmt.Sprint(name, " ", who, " after page ", at), func(t *testing.T) {
					t.Parallel()
					h.movesAt(t, at, who, do)
				})
			}
		}
	}
}

func (h Harness) movesAt(t *testing.T, at, who int, do func(o *opened, id string) (gone, came string)) {
	o := h.open(t)
	v := o.view(o.CRM.Texts...)
	ids := slices.Clone(o.CRM.Prospects)
	o.readOn(t, v, func(page int) {
		if page != at {
			return
		}
		gone, came := do(o, ids[who])
		ids = slices.DeleteFunc(append(ids, came), func(id string) bool { return id == gone || id == "" })
	})
	for _, id := range ids {
		if slices.Contains(o.CRM.Prospects, id) && v.met[id] == 0 && id != o.CRM.Prospects[who] {
			t.Errorf("%s was left out because somebody changed another", id)
		}
	}
	o.shows(t, v, o.knows(v, ids))
}

// marks checks that an opposition comes with the next read, and a new owner with
// the next read of everything.
func (h Harness) marks(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	id, s := o.CRM.Prospects[2], o.CRM.Screen
	for _, mark := range []struct {
		field bridge.FieldName
		want  bridge.Value
		do    func()
	}{
		{bridge.FieldDoNotCall, "true", func() { s.Oppose(id) }},
		{bridge.FieldOwner, bridge.Value(o.CRM.Users[1]), func() { s.Assign(id, o.CRM.Users[1]) }},
	} {
		if _, mapped := o.Fields[mark.field]; !mapped {
			continue
		}
		v := o.view(mark.field)
		o.readOn(t, v, nil)
		if before := v.held[id][mark.field]; before == mark.want {
			t.Errorf("%s is %q before anybody did anything", mark.field, before)
		}
		mark.do()
		o.readOn(t, v, nil)
		if mark.field == bridge.FieldOwner && v.held[id][mark.field] != mark.want {
			o.later(25 * time.Hour)
			o.readOn(t, v, nil)
		}
		if got := v.held[id][mark.field]; got != mark.want {
			t.Errorf("%s: the next read shows %q, want %q", mark.field, got, mark.want)
		}
	}
}

// sameMoment changes everybody at once, as an import does: more than a page of
// records has the same time.
func (h Harness) sameMoment(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	v := o.view(o.CRM.Texts...)
	o.readOn(t, v, nil)
	for range 2 {
		for i, id := range o.CRM.Prospects {
			o.CRM.Set(id, o.CRM.Texts[0], bridge.Value(fmt.Sprint("import ", i, " ", len(v.held))))
		}
		o.shows(t, v, o.knows(v, o.CRM.Prospects))
	}
}
