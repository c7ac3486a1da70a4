package desk

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/desk/sight"
	"passerelle/internal/policy"
)

// pageOf is the prospects on somebody's first page of the campaign.
func (f *floor) pageOf(who bridge.PersonID) (names []string, more bool) {
	f.t.Helper()
	found, next, err := f.desk.Leads(as(who), Choice{Campaign: spring}, Page{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, v := range found {
		names = append(names, v.Lead.Prospect.ID)
	}
	slices.Sort(names)
	return names, next != ""
}

func (f *floor) survey() {
	f.t.Helper()
	if err := f.desk.Survey(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// numbersFrom are phone numbers of prospects, by their ids.
func numbersFrom(first, count int) map[string]string {
	out := map[string]string{}
	for i := first; i < first+count; i++ {
		out[fmt.Sprint(i)] = fmt.Sprintf("01 99 %02d %02d %02d", i/10000, i/100%100, i%100)
	}
	return out
}

func ownedBy(user bridge.Value) map[bridge.FieldName]bridge.Value {
	return map[bridge.FieldName]bridge.Value{bridge.FieldOwner: user}
}

// Whoever sees a few leads among thousands by what they own gets them all on one
// page, and what the rules say from now on is what the next page says.
func TestAPageFindsAFewAmongThousands(t *testing.T) {
	t.Parallel()
	f := twoCampaigns(t, filepath.Join(t.TempDir(), "store.db"), policy.Own)
	f.pull(numbersFrom(0, seenAtMost+100), ownedBy("u-bob"))
	f.survey()
	f.pull(numbersFrom(9000, 3), ownedBy("u-alice"))
	if names, more := f.pageOf("alice"); more || !slices.Equal(names, []string{"9000", "9001", "9002"}) {
		t.Errorf("alice's page: %v, more %v", names, more)
	}
	f.pull(numbersFrom(9001, 1), ownedBy("u-bob"))
	if names, more := f.pageOf("alice"); more || !slices.Equal(names, []string{"9000", "9002"}) {
		t.Errorf("when one has become bob's: %v, more %v", names, more)
	}
	f.ruled(ruling{scope: policy.Own, opened: "none", north: "field: prospect.postal_code, prefixes: [59]", swapped: true})
	if names, more := f.pageOf("bob"); more || !slices.Equal(names, []string{"9000", "9002"}) {
		t.Errorf("when bob has become alice: %v, more %v", names, more)
	}
	if names, more := f.pageOf("alice"); !more || len(names) != 50 {
		t.Errorf("when alice has become bob: %d leads, more %v", len(names), more)
	}
}

// What happens while a survey is under way is in the index that comes of it.
func TestASurveyMissesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := twoCampaigns(t, filepath.Join(t.TempDir(), "store.db"), policy.Own)
	f.pull(numbersFrom(0, 4), ownedBy("u-alice"))
	f.desk.sights.begin()
	index, err := f.desk.survey(ctx, sight.New(usualGround))
	if err != nil {
		t.Fatal(err)
	}
	f.pull(numbersFrom(1, 1), ownedBy("u-bob"))
	f.pull(numbersFrom(5, 1), ownedBy("u-alice"))
	if _, err := f.desk.Forget(ctx, bridge.Actor{Operator: true}, ref("2"), "a letter"); err != nil {
		t.Fatal(err)
	}
	f.desk.sights.end(index)
	if names, _ := f.pageOf("alice"); !slices.Equal(names, []string{"0", "3", "5"}) {
		t.Errorf("alice's page: %v", names)
	}
	where := sight.Choice{Campaign: spring, Shelves: []byte{byte(inQueue)}}
	everybody := sight.Sight{
		Owner: func(bridge.PersonID) bool { return true }, Team: func(string) bool { return true },
		Rules: sight.Rules{By: 0, Who: func(o sight.Owner) bridge.PersonID { return bridge.PersonID(o.User) }},
	}
	got := map[bridge.LeadID]bool{}
	for _, at := range index.Find(everybody, where, 10) {
		got[at.Lead] = true
	}
	want := map[bridge.LeadID]bool{leadID("0"): true, leadID("1"): true, leadID("3"): true, leadID("5"): true}
	if !maps.Equal(got, want) {
		t.Errorf("the index holds %v, want %v", got, want)
	}
}

// Territories that are told by a field the index does not know are found without
// it, until a survey has read the field.
func TestTerritoriesByAnotherField(t *testing.T) {
	t.Parallel()
	f := twoCampaigns(t, filepath.Join(t.TempDir(), "store.db"), policy.Territory)
	f.pull(numbersFrom(0, 3), map[bridge.FieldName]bridge.Value{"prospect.postal_code": "59000"})
	f.survey()
	if names, _ := f.pageOf("alice"); len(names) != 3 {
		t.Errorf("by postal code: %v", names)
	}
	f.ruled(ruling{scope: policy.Territory, opened: "none", north: "field: prospect.name, values: [Société 1]"})
	for _, when := range []string{"before", "after"} {
		if names, _ := f.pageOf("alice"); !slices.Equal(names, []string{"1"}) {
			t.Errorf("%s the survey: %v", when, names)
		}
		f.survey()
	}
	if x := f.desk.sights.now(); !x.Tells(f.desk.Rules().Policy.TerritoryFields()) {
		t.Error("the survey did not read the field")
	}
}

// Where lists on the disk tell of everybody's leads, no memory is spent.
func TestNoIndexWithoutNeed(t *testing.T) {
	t.Parallel()
	for scope, need := range map[policy.Scope]bool{
		policy.Own: true, policy.Team: true, policy.Territory: true,
		policy.Assigned: false, policy.Campaign: false, policy.Principal: false, policy.All: false,
	} {
		f := twoCampaigns(t, filepath.Join(t.TempDir(), "store.db"), scope)
		f.survey()
		if got := f.desk.sights.now() != nil; got != need {
			t.Errorf("%s: an index: %v", scope, got)
		}
	}
}
