package dolibarr

import (
	"strconv"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

func TestACategoryThatIsNotThereEmptiesNoCampaign(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	pull := func(selection string) (connector.Page, error) {
		return o.Pull(t.Context(), connector.PullRequest{Selection: selection, Fields: []bridge.FieldName{bridge.FieldProspectName}})
	}
	empty := o.crm.AddCategory("Vide")
	if page, err := pull(strconv.Itoa(empty)); err != nil || !page.Whole || page.More {
		t.Errorf("an empty category: %+v, %v", page, err)
	}
	for _, selection := range []string{"99", "Vide"} {
		if _, err := pull(selection); fault.Of(err) == nil || fault.Of(err).Kind != fault.Permanent {
			t.Errorf("selection %s: %v", selection, err)
		}
	}
}

// read goes to the end of a read and answers the ids that it listed.
func (o opened) read(t *testing.T, cursor string) (ids []string, last connector.Page) {
	t.Helper()
	for {
		page, err := o.Pull(t.Context(), connector.PullRequest{
			Selection: strconv.Itoa(o.category), Fields: []bridge.FieldName{bridge.FieldProspectName}, Cursor: cursor, Limit: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Prospects {
			ids = append(ids, p.Ref.ID)
		}
		if !page.More {
			return ids, page
		}
		cursor = page.Cursor
	}
}

func TestReadsAreIncrementalUntilTheMembersChange(t *testing.T) {
	t.Parallel()
	now := time.Now()
	o := openTo(t, "", fields)
	o.env.Now = func() time.Time { return now }
	for range 3 {
		o.crm.AddParty(map[string]string{"name": "x"}, o.category)
	}
	other := o.crm.AddParty(map[string]string{"name": "y"})
	ids, page := o.read(t, "")
	if len(ids) != 4 || !page.Whole {
		t.Fatalf("first read: %v, %+v", ids, page)
	}
	for _, step := range []struct {
		name  string
		do    func()
		whole bool
	}{
		{"nothing", func() {}, false},
		{"a name", func() { o.crm.Edit(o.id, "name", "z") }, false},
		{"somebody joins", func() { o.crm.Join(other, o.category) }, true},
		{"nothing again", func() {}, false},
		{"somebody leaves", func() { o.crm.Leave(other, o.category) }, true},
		{"one leaves, one joins", func() { o.crm.Leave(o.id, o.category); o.crm.Join(other, o.category) }, false},
		{"hours pass", func() { now = now.Add(7 * time.Hour) }, true},
	} {
		step.do()
		if _, page = o.read(t, page.Cursor); page.Whole != step.whole {
			t.Errorf("%s: a full read %v, want %v", step.name, page.Whole, step.whole)
		}
	}
}
