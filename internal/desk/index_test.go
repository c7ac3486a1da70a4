package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

const autumn = bridge.CampaignID("autumn")

// openings are ways in which records are opened beyond the scopes of grants.
var openings = map[string]string{
	"none":          "",
	"rank":          "",
	"a default":     "defaults: {prospect: read}\n",
	"teammates":     "teammates: {prospect: read}\n",
	"among callers": "sharing: [{on: prospect, from: {role: caller}, to: {role: caller}, access: read}]\n",
	"from a team":   "sharing: [{on: prospect, from: {team: floor}, to: {role: supervisor}, access: read}]\n",
	"to a team":     "sharing: [{on: prospect, from: {role: caller}, to: {team: floor}, access: read-write}]\n",
}

// ruling is what rules of the floor may differ in.
type ruling struct {
	scope     policy.Scope // of the callers' rights on prospects
	opened    string       // one of openings
	north     string       // postal codes of the north
	swapped   bool         // alice and bob have each other's prospects in the CRM
	strangers bool         // callers have no profile that the policy maps
}

func drawRuling(rt *rapid.T) ruling {
	return ruling{
		scope:     rapid.SampledFrom([]policy.Scope{policy.Own, policy.Assigned, policy.Team, policy.Territory, policy.Campaign, policy.Principal, policy.All}).Draw(rt, "scope"),
		opened:    rapid.SampledFrom(slices.Sorted(maps.Keys(openings))).Draw(rt, "opened"),
		north:     rapid.SampledFrom([]string{"field: prospect.postal_code, prefixes: [59, 62]", "field: prospect.postal_code, prefixes: [7]", "field: prospect.name, values: [Société 1]"}).Draw(rt, "north"),
		swapped:   rapid.Bool().Draw(rt, "swapped"),
		strangers: rapid.IntRange(0, 4).Draw(rt, "strangers") == 0,
	}
}

// twoCampaigns is a floor whose callers' rights on prospects have a scope of their
// own.
func twoCampaigns(t testing.TB, path string, scope policy.Scope) *floor {
	f := floorAt(t, path)
	f.ruled(ruling{scope: scope, opened: "none", north: "field: prospect.postal_code, prefixes: [59, 62]"})
	return f
}

// ruled gives the floor rules: callers' rights on prospects in a scope of their
// own, and a second campaign that another team runs.
func (f *floor) ruled(r ruling) {
	f.t.Helper()
	text := strings.Replace(plateau, "{on: prospect, scope: assigned, read: [", "{on: prospect, scope: "+string(r.scope)+", read: [prospect.owner, ", 1)
	text += "territories: {north: {" + r.north + "}}\n"
	if text += openings[r.opened]; r.opened == "rank" {
		text = strings.Replace(text, "  caller:\n", "  caller:\n    under: supervisor\n", 1)
	}
	p, err := policy.Load("policy.yaml", []byte(text), bridge.Standard())
	if err != nil {
		f.t.Fatal(err)
	}
	rules := *f.desk.Rules()
	staff := policy.StaffOf(slices.Collect(maps.Values(people)))
	if r.strangers {
		staff["alice"], staff["bob"] = nil, nil
	}
	rules.Policy = p.With(staff)
	ours := rules.Campaigns[spring]
	ours.Principal = "acme"
	other := ours
	other.ID, other.Team, other.Principal, other.Feeds = autumn, "others", "globex", nil
	rules.Campaigns = map[bridge.CampaignID]bridge.Campaign{spring: ours, autumn: other}
	rules.ByCRM = func(_ bridge.ConnectionName, user string) (bridge.PersonID, bool) {
		id, ours := strings.CutPrefix(user, "u-")
		if other := map[string]string{"alice": "bob", "bob": "alice"}[id]; r.swapped && other != "" {
			id = other
		}
		return bridge.PersonID(id), ours
	}
	f.desk.Swap(f.desk.Rules(), &rules)
}

// all reads every lead of the store.
func (f *floor) all() (out []bridge.Lead) {
	err := f.store.View(func(tx *store.Tx) error {
		return leads.Each(tx, "", "", func(_ string, l bridge.Lead) (bool, error) {
			out = append(out, l)
			return true, nil
		})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// indexed lists the keys of an index.
func (f *floor) indexed(index store.Raw) map[string]bool {
	out := map[string]bool{}
	err := f.store.View(func(tx *store.Tx) error {
		for key := range index.Scan(tx, "", "") {
			out[key] = true
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// Whatever is done on the floor: the indexes say what the leads say, and every
// filter finds what reading all leads finds, for each reader.
func TestTheIndexesAgreeWithTheLeads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		f := floorAt(t, filepath.Join(dir, fmt.Sprint(run)))
		defer f.store.Close()
		f.ruled(drawRuling(rt))
		for _, campaign := range []bridge.CampaignID{spring, autumn} {
			if err := f.desk.TakeIn(context.Background(), campaign, f.selection(rt), bridge.Standard().Names()); err != nil {
				rt.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			f.something(rt)
			f.somethingElse(rt)
			f.indexesAgree(rt)
		}
		f.filtersAgree(rt)
		if err := f.desk.Survey(context.Background()); err != nil {
			rt.Fatal(err)
		}
		f.filtersAgree(rt)
	})
}

// something happens on the floor. What is refused is as good as what is not.
func (f *floor) something(rt *rapid.T) {
	ctx := context.Background()
	who := rapid.SampledFrom([]bridge.PersonID{"alice", "bob", "sam", "sue"}).Draw(rt, "who")
	campaign := rapid.SampledFrom([]bridge.CampaignID{spring, autumn}).Draw(rt, "campaign")
	id := rapid.SampledFrom([]string{"1", "2", "3", "4", "5"}).Draw(rt, "prospect")
	lead := LeadOf(campaign, ref(id))
	var err error
	switch rapid.SampledFrom([]string{"pull", "next", "record", "reassign", "close", "handover", "push", "oppose", "unread", "wait", "expire"}).Draw(rt, "what") {
	case "pull":
		err = f.desk.TakeIn(ctx, campaign, f.selection(rt), bridge.Standard().Names())
	case "next":
		_, err = f.desk.Next(ctx, as(who), campaign)
	case "record":
		d := rapid.SampledFrom([]bridge.Disposition{"no_answer", "sale", "not_interested", "callback_requested", "opt_out", "in_discussion"}).Draw(rt, "disposition")
		_, err = f.record(who, bridge.CallEvent{EventID: rapid.StringN(8, 8, 8).Draw(rt, "event"), Disposition: d}, lead)
	case "reassign":
		to := rapid.SampledFrom([]string{"alice", "bob", Pool}).Draw(rt, "to")
		_, err = f.desk.Reassign(ctx, as(who), Choice{Campaign: campaign}, to, "because")
	case "close":
		_, err = f.desk.Close(ctx, as(who), Choice{IDs: []bridge.LeadID{lead}}, "because")
	case "handover":
		_, err = f.desk.Handover(ctx, as("sam"), who, Pool, "because")
	case "push":
		var items []connector.PushItem
		if items, _, err = f.desk.ToPush(ctx, spring, dial, "", 3); err == nil {
			err = f.desk.Pushed(ctx, dial, items)
		}
	case "oppose":
		err = f.desk.Oppose(ctx, as("sam"), Objection{Person: new(ref(id)), Motive: "letter"})
	case "unread":
		err = f.desk.Unread(ctx, campaign, func(l bridge.LeadID) bool { return l != lead })
	case "wait":
		f.pass(time.Duration(rapid.IntRange(1, 60).Draw(rt, "minutes")) * time.Minute)
	case "expire":
		_, err = f.desk.ExpireLeases(ctx)
	}
	if err != nil && !expected(err) {
		rt.Fatal(err)
	}
}

// somethingElse happens to the rules, to the index or to somebody's data.
func (f *floor) somethingElse(rt *rapid.T) {
	var err error
	switch rapid.SampledFrom([]string{"rules", "rules", "survey", "forget", "nothing", "nothing"}).Draw(rt, "what else") {
	case "rules":
		f.ruled(drawRuling(rt))
	case "survey":
		err = f.desk.Survey(context.Background())
	case "forget":
		id := rapid.SampledFrom([]string{"1", "2", "3", "4", "5"}).Draw(rt, "forgotten")
		_, err = f.desk.Forget(context.Background(), bridge.Actor{Operator: true}, ref(id), "a letter")
	}
	if err != nil && !expected(err) {
		rt.Fatal(err)
	}
}

// expected says whether an error is an answer to the caller.
func expected(err error) bool {
	var closed *Closed
	var clash *Clash
	var denied *Denied
	var invalid *Invalid
	var missing *NotFound
	return errors.As(err, &closed) || errors.As(err, &clash) || errors.As(err, &denied) || errors.As(err, &invalid) || errors.As(err, &missing)
}

// selection is a page of some of five prospects, of whom two may share a number.
func (f *floor) selection(rt *rapid.T) (page connector.Page) {
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3", "4", "5"}), 1, 5, rapid.ID[string]).Draw(rt, "selection") {
		page.Prospects = append(page.Prospects, bridge.Prospect{Ref: ref(id), ReadAt: f.clock(), Fields: map[bridge.FieldName]bridge.Value{
			"prospect.name":        bridge.Value("Société " + id),
			"prospect.phone":       bridge.Value("01 99 00 00 0" + rapid.SampledFrom([]string{id, "1"}).Draw(rt, "phone")),
			bridge.FieldOwner:      rapid.SampledFrom([]bridge.Value{"", "u-alice", "u-bob", "u-sue"}).Draw(rt, "owner"),
			"prospect.comment":     "old",
			"prospect.postal_code": rapid.SampledFrom([]bridge.Value{"", "59000", "75001"}).Draw(rt, "postal code"),
			bridge.FieldDoNotCall:  rapid.SampledFrom([]bridge.Value{"", "", "", "true", "perhaps"}).Draw(rt, "mark"),
		}})
	}
	return page
}

func (f *floor) indexesAgree(rt *rapid.T) {
	rt.Helper()
	want := map[string]map[string]bool{"list": {}, "lines": {}, "leases": {}, "numbers": {}}
	for _, l := range f.all() {
		want["list"][listKey(l)] = true
		for _, n := range l.Numbers {
			want["numbers"][n+"\x00"+string(l.ID)] = true
		}
		if l.Lease != nil {
			want["lines"][lineKey(l)] = true
			want["leases"][leaseKey(l)] = true
		}
	}
	got := map[string]map[string]bool{"list": f.indexed(list), "lines": f.indexed(lines), "leases": f.indexed(leases), "numbers": f.indexed(byNumber)}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("the leads (-) and the indexes (+) differ:\n%s", diff)
	}
}

func (f *floor) filtersAgree(rt *rapid.T) {
	rt.Helper()
	for range 12 {
		who := rapid.SampledFrom([]bridge.PersonID{"alice", "sam"}).Draw(rt, "reader")
		choice := Choice{
			Campaign: rapid.SampledFrom([]bridge.CampaignID{"", spring, autumn}).Draw(rt, "of"),
			Assignee: rapid.SampledFrom([]string{"", "alice", "bob", Pool}).Draw(rt, "with"),
			State:    rapid.SampledFrom(append(bridge.LeadStates(), "", "", "")).Draw(rt, "state"),
		}
		want, got := f.scanned(rt, who, choice), f.paged(rt, who, choice)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s lists %+v: all leads (-) and the pages (+) differ:\n%s", who, choice, diff)
		}
	}
}

// scanned is what a choice means for a reader, found by reading every lead.
func (f *floor) scanned(rt *rapid.T, who bridge.PersonID, choice Choice) map[bridge.LeadID]int {
	out := map[bridge.LeadID]int{}
	err := f.desk.look(as(who), func(c *command) error {
		for _, l := range f.all() {
			l, p, err := c.load(l.ID)
			if err != nil {
				return err
			}
			if choice.matches(l) && c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, c.record(l, p)) {
				out[l.ID]++
			}
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	return out
}

// paged is what a reader gets page by page.
func (f *floor) paged(rt *rapid.T, who bridge.PersonID, choice Choice) map[bridge.LeadID]int {
	out := map[bridge.LeadID]int{}
	page := Page{Limit: 2}
	for {
		found, next, err := f.desk.Leads(as(who), choice, page)
		if err != nil {
			rt.Fatal(err)
		}
		for _, v := range found {
			out[v.Lead.ID]++
		}
		if page.After = next; next == "" {
			return out
		}
	}
}

// A caller's page looks at their own leads, not at a campaign's: the bound on
// what a page looks at is not met.
func TestACallersPageIsNotTheCampaigns(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	phones := map[string]string{}
	for i := range seenAtMost + 100 {
		phones[fmt.Sprint(i)] = fmt.Sprintf("01 99 %02d %02d %02d", i/10000, i/100%100, i%100)
	}
	f.pull(phones)
	mine := []bridge.LeadID{leadID("7"), leadID("8"), leadID("9")}
	if _, err := f.desk.Reassign(context.Background(), as("sam"), Choice{IDs: mine}, "alice", "hers"); err != nil {
		t.Fatal(err)
	}
	h := f.mustNext("bob")
	for who, want := range map[bridge.PersonID][]bridge.LeadID{"alice": mine, "bob": {h.Lead.ID}} {
		found, next, err := f.desk.Leads(as(who), Choice{Campaign: spring}, Page{})
		got := map[bridge.LeadID]bool{}
		for _, v := range found {
			got[v.Lead.ID] = true
		}
		if err != nil || next != "" || len(got) != len(want) || !slices.ContainsFunc(want, func(id bridge.LeadID) bool { return got[id] }) {
			t.Errorf("%s: %v, next %q, %v; want %v", who, slices.Collect(maps.Keys(got)), next, err, want)
		}
	}
}
