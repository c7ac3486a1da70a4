package sight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

var fields = []bridge.FieldName{"prospect.country", "prospect.postal_code"}

// lead is one of the model: what the index should know.
type lead struct {
	Lead
	Prospect
}

// idOfLead is an id: some begin alike.
func idOfLead(i int) bridge.LeadID { return bridge.LeadID(fmt.Sprintf("%c-lead-%d", "dbac"[i%4], i)) }

func drawLead(t *rapid.T, id bridge.LeadID) Lead {
	person := rapid.SampledFrom([]bridge.PersonID{"", "a", "ab", "b"})
	return Lead{
		Place: Place{
			Shelf: rapid.SampledFrom([]byte("012")).Draw(t, "shelf"), Assignee: person.Draw(t, "assignee"),
			Due: rapid.SampledFrom([]uint64{0, 0, 1, 2, 1<<51 - 2, 1<<51 - 1, 1 << 51, 1<<51 + 1, 1 << 63}).Draw(t, "due"), Lead: id,
		},
		Campaign: rapid.SampledFrom([]bridge.CampaignID{"spring", "autumn"}).Draw(t, "campaign"),
		Team:     rapid.SampledFrom([]string{"", "red", "blue"}).Draw(t, "team"), Line: person.Draw(t, "line"),
	}
}

func drawProspect(t *rapid.T, x *Index) Prospect {
	return Prospect{
		Owner: Owner{"crm", rapid.SampledFrom([]bridge.Value{"", "1", "2", "3"}).Draw(t, "owner")},
		Ground: x.GroundOf(map[bridge.FieldName]bridge.Value{
			fields[0]: rapid.SampledFrom([]bridge.Value{"", "FR", "BE"}).Draw(t, "country"),
			fields[1]: rapid.SampledFrom([]bridge.Value{"", "59000"}).Draw(t, "postal code"),
		}),
	}
}

// lies is where a prospect lies by one of two sets of rules.
func lies(by int) func(map[bridge.FieldName]bridge.Value) string {
	return func(f map[bridge.FieldName]bridge.Value) string {
		if by == 0 {
			return strings.ToLower(string(f[fields[0]]))
		}
		return map[bool]string{true: "fr", false: ""}[f[fields[1]] != ""]
	}
}

// who is the person of a user in the CRM by one of two sets of rules.
func who(by int) func(Owner) bridge.PersonID {
	return func(o Owner) bridge.PersonID {
		if o.User == "" || o.User == "3" {
			return ""
		}
		return bridge.PersonID(o.User) + bridge.PersonID(map[int]string{0: "", 1: "'"}[by])
	}
}

func drawSight(t *rapid.T) (Sight, func(lead) bool) {
	some := func(label string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "1'", "red", "blue"}), 0, 3, rapid.ID).Draw(t, label)
	}
	owners, teams, by := some("owners"), some("teams"), rapid.IntRange(0, 1).Draw(t, "rules")
	s := Sight{
		Owner:     func(id bridge.PersonID) bool { return slices.Contains(owners, string(id)) },
		Team:      func(team string) bool { return slices.Contains(teams, team) },
		Person:    rapid.SampledFrom([]bridge.PersonID{"", "a", "b", "c"}).Draw(t, "person"),
		Territory: rapid.SampledFrom([]string{"", "fr", "be"}).Draw(t, "territory"),
		Rules:     Rules{by, who(by), lies(by)},
	}
	return s, func(l lead) bool {
		parts := strings.Split(string(l.Ground), "\x00")
		at := lies(by)(map[bridge.FieldName]bridge.Value{fields[0]: bridge.Value(parts[0]), fields[1]: bridge.Value(parts[1])})
		return slices.Contains(owners, string(who(by)(l.Owner))) || slices.Contains(teams, l.Team) ||
			s.Person != "" && (l.Assignee == s.Person || l.Line == s.Person) || s.Territory != "" && at == s.Territory
	}
}

func before(a, b Place) int {
	return cmp.Or(cmp.Compare(a.Shelf, b.Shelf), cmp.Compare(a.Assignee, b.Assignee), cmp.Compare(a.Due, b.Due), cmp.Compare(a.Lead, b.Lead))
}

// Whatever changes: what is found is what looking at every lead finds, in order,
// from wherever the page goes on.
func TestFindIsAFilterOfAllLeads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, all := New(fields), map[bridge.LeadID]lead{}
		x.few = rapid.Uint64Range(0, 20).Draw(t, "few")
		for i := range rapid.IntRange(0, 12).Draw(t, "loaded") {
			id := idOfLead(i)
			all[id] = lead{drawLead(t, id), drawProspect(t, x)}
			x.Load(all[id].Lead, all[id].Prospect)
		}
		x.Settle()
		for range rapid.IntRange(0, 20).Draw(t, "changes") {
			id := idOfLead(rapid.IntRange(0, 15).Draw(t, "which"))
			l, known := all[id]
			switch what := rapid.SampledFrom([]string{"lead", "prospect", "remove"}).Draw(t, "what"); {
			case what == "remove":
				x.Remove(id)
				delete(all, id)
			case what == "lead" || !known:
				l.Lead = drawLead(t, id)
				x.SetLead(l.Lead)
				if !known {
					l.Prospect = drawProspect(t, x)
					x.SetProspect(id, l.Prospect)
				}
				all[id] = l
			default:
				l.Prospect = drawProspect(t, x)
				x.SetProspect(id, l.Prospect)
				all[id] = l
			}
			agree(t, x, all)
		}
		agree(t, x, all)
	})
}

func agree(t *rapid.T, x *Index, all map[bridge.LeadID]lead) {
	s, sees := drawSight(t)
	choice := Choice{Campaign: rapid.SampledFrom([]bridge.CampaignID{"spring", "autumn", "winter"}).Draw(t, "of")}
	choice.Shelves = rapid.SliceOfNDistinct(rapid.SampledFrom([]byte("012")), 1, 3, rapid.ID).Draw(t, "shelves")
	if rapid.Bool().Draw(t, "one assignee") {
		choice.Assignee = new(rapid.SampledFrom([]bridge.PersonID{"", "a", "b", "nobody"}).Draw(t, "with"))
	}
	if rapid.Bool().Draw(t, "goes on") {
		at := drawLead(t, idOfLead(3)).Place
		at.Assignee = rapid.SampledFrom([]bridge.PersonID{"", "a", "aa", "z"}).Draw(t, "behind")
		choice.After = &at
	}
	var want []Place
	for l := range maps.Values(all) {
		if sees(l) && l.Campaign == choice.Campaign && slices.Contains(choice.Shelves, l.Shelf) &&
			(choice.Assignee == nil || l.Assignee == *choice.Assignee) && (choice.After == nil || before(l.Place, *choice.After) > 0) {
			want = append(want, l.Place)
		}
	}
	slices.SortFunc(want, before)
	limit := rapid.IntRange(1, 8).Draw(t, "limit")
	if got := x.Find(s, choice, limit); !slices.Equal(got, want[:min(limit, len(want))]) {
		t.Fatalf("found\n%v\nwant\n%v", got, want[:min(limit, len(want))])
	}
}

func TestAnIndexThatHasGrownIsWorthReadingAnew(t *testing.T) {
	t.Parallel()
	x := New(fields)
	x.Settle()
	for i := range 10_001 {
		if x.Outgrown() {
			t.Fatalf("after %d leads", i)
		}
		x.SetLead(Lead{Place: Place{Shelf: '0', Lead: bridge.LeadID(fmt.Sprint(i))}})
	}
	if !x.Outgrown() {
		t.Error("never")
	}
	if !x.Tells(fields) || x.Tells([]bridge.FieldName{"prospect.city"}) {
		t.Error("it tells of fields that it does not have, or not of its own")
	}
}
