package desk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

func TestStatesAreThoseDrawn(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("STATES.md")
	if err != nil {
		t.Fatal(err)
	}
	lead, proposal, _ := strings.Cut(string(raw), "# A proposal")
	drawn := func(text string) map[string][]string {
		out := map[string][]string{}
		for line := range strings.Lines(text) {
			cells := strings.Split(line, "|")
			if len(cells) < 4 || strings.Contains(line, "---") || strings.Contains(line, "| from |") {
				continue
			}
			var to []string
			for _, s := range strings.Split(cells[2], ",") {
				to = append(to, strings.TrimSpace(s))
			}
			slices.Sort(to)
			out[strings.TrimSpace(cells[1])] = to
		}
		return out
	}
	coded := map[string][]string{}
	for from, to := range LeadTransitions {
		for _, s := range to {
			coded[string(from)] = append(coded[string(from)], string(s))
		}
		slices.Sort(coded[string(from)])
	}
	if got, want := fmt.Sprint(coded), fmt.Sprint(drawn(lead)); got != want {
		t.Errorf("a lead:\n code  %s\n drawn %s", got, want)
	}
	clear(coded)
	for from, to := range ProposalTransitions {
		for _, s := range to {
			coded[string(from)] = append(coded[string(from)], string(s))
		}
		slices.Sort(coded[string(from)])
	}
	if got, want := fmt.Sprint(coded), fmt.Sprint(drawn(proposal)); got != want {
		t.Errorf("a proposal:\n code  %s\n drawn %s", got, want)
	}
}

func TestNextGivesEachLeadToOne(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	a := f.mustNext("alice")
	if again := f.mustNext("alice"); again.Lead.ID != a.Lead.ID {
		t.Error("asking again gave another lead before the first was done with")
	}
	b := f.mustNext("bob")
	if a.Lead.ID == b.Lead.ID {
		t.Fatal("two callers have one lead")
	}
	if _, ok := a.Card.Fields["account.margin"]; ok || a.Card.Fields["prospect.name"] == "" {
		t.Errorf("the card is not what the role may see: %v", a.Card.Fields)
	}
	sue, err := f.next("sue")
	if err != nil || sue != nil {
		t.Errorf("with all leads on the line: %v, %v", sue, err)
	}
	f.pass(defaultLease + time.Second)
	if c := f.mustNext("bob"); c.Lead.ID != a.Lead.ID && c.Lead.ID != b.Lead.ID {
		t.Error("an expired lease did not give the lead back")
	}
}

func TestASharedNumberIsOnOneLine(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "+33 1 99 00 00 01"})
	a := f.mustNext("alice")
	_, err := f.next("bob")
	var closed *Closed
	if !errors.As(err, &closed) || !closed.Next.Equal(a.LeaseUntil) {
		t.Fatalf("the other lead of the number: %v, want closed until %s", err, a.LeaseUntil)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "not_interested"}, a.Lead.ID)
	if b := f.mustNext("bob"); b.Lead.ID == a.Lead.ID {
		t.Error("bob got the finished lead")
	}
}

func TestTheGateSplitsACall(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "in_discussion", Fields: map[bridge.FieldName]any{
		"prospect.comment": "new", "prospect.lead_status": "hot", "account.margin": 3.5,
		"prospect.nonsense": "x", "prospect.next_action": "call", "prospect.score": "many",
	}}, h.Lead.ID)
	if !slices.Equal(r.Admitted, []bridge.FieldName{"prospect.comment", "prospect.status"}) || !slices.Equal(r.Proposed, []bridge.FieldName{"prospect.lead_status"}) {
		t.Errorf("admitted %v, proposed %v", r.Admitted, r.Proposed)
	}
	refused := map[bridge.FieldName]string{}
	for _, x := range r.Refused {
		refused[x.Field] = x.Reason
		if strings.Contains(x.Reason+x.Remedy, "3.5") || strings.Contains(x.Reason, "many") {
			t.Errorf("a refusal tells a value: %+v", x)
		}
	}
	if len(refused) != 4 || refused["account.margin"] == "" || refused["prospect.score"] == "" {
		t.Errorf("refused %v", refused)
	}
	entries := f.entries()
	if !slices.Equal(kinds(entries), []bridge.WriteKind{bridge.WriteActivity, bridge.WriteFields}) {
		t.Fatalf("writes %v", kinds(entries))
	}
	for _, c := range entries[1].Write.Fields {
		if c.Name == "prospect.lead_status" || c.Name == "account.margin" {
			t.Errorf("%s is on its way to the CRM", c.Name)
		}
		if c.Name == "prospect.comment" && c.Expected != "old" {
			t.Errorf("expected value of the comment is %q, the card showed old", c.Expected)
		}
	}
	if f.lead(h.Lead.ID).State != bridge.LeadPending {
		t.Errorf("the lead is %s", f.lead(h.Lead.ID).State)
	}
}

func TestTheSameEventHasOneEffect(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	e := bridge.CallEvent{EventID: "e", Disposition: "no_answer", Campaign: spring, ProspectID: "1"}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := f.record("alice", e, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(f.entries()); n != 1 || f.lead(leadID("1")).Attempts != 1 {
		t.Errorf("%d writes, %d attempts", n, f.lead(leadID("1")).Attempts)
	}
}

func TestLateAmendmentsJoinTheirCall(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer", Campaign: spring, ProspectID: "1"}, "")
	f.pass(5 * time.Minute)
	f.mustRecord("alice", bridge.CallEvent{EventID: "e2", Amends: "e", Note: "left a card", Disposition: "opt_out"}, "")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e3", Amends: "e", Disposition: "sale"}, "")
	var o bridge.Outcome
	v, err := f.desk.Lead(as("sam"), leadID("1"))
	if err != nil || len(v.Outcomes) != 1 {
		t.Fatalf("outcomes %v, %v", v.Outcomes, err)
	}
	o = v.Outcomes[0]
	if o.Disposition != bridge.DispOptOut || o.Note != "left a card" || o.Revision != 2 {
		t.Errorf("after amendments: %+v", o)
	}
	var logs []*bridge.CallLog
	for _, e := range f.entries() {
		if e.Write.Kind == bridge.WriteActivity {
			logs = append(logs, e.Write.Call)
		}
	}
	if len(logs) != 3 || logs[0].Revises != "" || logs[1].Revises == "" || logs[1].Revises != logs[2].Revises {
		t.Errorf("logs: %+v", logs)
	}
	if _, err := f.record("alice", bridge.CallEvent{EventID: "e4", Amends: "unknown", Note: "x"}, ""); err == nil {
		t.Error("an amendment of an unknown call was taken")
	}
}

func TestReassignLeavesTheLineAlone(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03"})
	h := f.mustNext("alice")
	moved, err := f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "bob", "holiday")
	if err != nil || moved.Moved != 2 || len(moved.Skipped) != 1 || moved.Skipped[0].Lead != h.Lead.ID {
		t.Fatalf("%+v, %v", moved, err)
	}
	var no *Invalid
	if _, err := f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "nobody", "x"); !errors.As(err, &no) {
		t.Errorf("to nobody: %v", err)
	}
	if _, err := f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "bob", " "); !errors.As(err, &no) {
		t.Errorf("without a motive: %v", err)
	}
	moved, err = f.desk.Reassign(context.Background(), as("alice"), Choice{Campaign: spring}, "alice", "mine")
	if err != nil || moved.Moved != 0 {
		t.Errorf("a caller reassigns: %+v, %v", moved, err)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "sale"}, h.Lead.ID)
	if h, err := f.next("alice"); err != nil || h != nil {
		t.Errorf("alice is handed bob's leads: %v, %v", h, err)
	}
}

func TestPushesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	feed := bridge.PlatformList{Connection: dialler, List: "L", Profile: "agent"}
	push := func() []connector.PushItem {
		t.Helper()
		items, next, err := f.desk.ToPush(context.Background(), spring, feed, "", 100)
		if err != nil || next != "" {
			t.Fatal(next, err)
		}
		if err := f.desk.Pushed(context.Background(), feed, items); err != nil {
			t.Fatal(err)
		}
		return items
	}
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	if items := push(); len(items) != 2 || items[0].Card.Fields["account.margin"] != "" {
		t.Fatalf("first: %+v", items)
	}
	if h, err := f.next("alice"); err != nil || h != nil {
		t.Errorf("the console hands out what the platform holds: %v, %v", h, err)
	}
	f.pass(time.Minute)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	if items := push(); len(items) != 0 {
		t.Errorf("nothing changed: %+v", items)
	}
	f.pull(map[string]string{"1": "01 99 00 00 09"})
	if items := push(); len(items) != 1 || items[0].Withdraw {
		t.Errorf("one number changed: %+v", items)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "opt_out", Campaign: spring, ProspectID: "1"}, "")
	if items := push(); len(items) != 1 || !items[0].Withdraw || len(items[0].Card.Fields) != 0 {
		t.Errorf("one opted out: %+v", items)
	}
	if err := f.desk.Unread(context.Background(), spring, only("1")); err != nil {
		t.Fatal(err)
	}
	if items := push(); len(items) != 1 || !items[0].Withdraw || items[0].Lead != leadID("2") {
		t.Errorf("one left the selection: %+v", items)
	}
}

// Whatever arrives in whatever order, as often as it likes: who objected is
// not handed out again.
func TestOppositionSticks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		f := floorAt(t, filepath.Join(dir, fmt.Sprint(run)))
		defer f.store.Close()
		f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 01"})
		events := []bridge.CallEvent{{EventID: "opt", Disposition: "opt_out"}}
		for i, d := range rapid.SliceOfN(rapid.SampledFrom([]bridge.Disposition{
			"no_answer", "sale", "callback_requested", "not_interested", "appointment_set", "in_discussion", "wrong_number",
		}), 0, 5).Draw(rt, "others") {
			events = append(events, bridge.CallEvent{EventID: fmt.Sprint(i), Disposition: d})
		}
		events = append(events, rapid.SliceOfN(rapid.SampledFrom(events), 0, 4).Draw(rt, "repeats")...)
		for _, e := range rapid.Permutation(events).Draw(rt, "order") {
			e.Campaign, e.ProspectID = spring, "1"
			e.OccurredAt = f.clock().Add(time.Duration(rapid.IntRange(-100, 100).Draw(rt, "minutes")) * time.Minute)
			if _, err := f.record("alice", e, ""); err != nil {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "pull") {
				f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 01"})
			}
			f.pass(time.Hour)
		}
		f.pass(1000 * time.Hour)
		if h, err := f.next("bob"); err != nil || h != nil {
			rt.Fatalf("somebody who objected, or their number, is handed out: %+v, %v", h, err)
		}
	})
}

func TestEveryCommandLeavesALine(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
	if _, err := f.desk.Decide(context.Background(), as("sam"), r.Proposal, Ruling{Verb: Reject, Reason: "too far"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.desk.Correct(context.Background(), as("sam"), h.Lead.ID, "c", "attempted", "mistyped"); err != nil {
		t.Fatal(err)
	}
	if err := f.desk.Oppose(context.Background(), as("sam"), Objection{Number: "01 99 00 00 01", Motive: "letter"}); err != nil {
		t.Fatal(err)
	}
	if err := f.desk.Lift(context.Background(), as("sam"), Objection{Number: "01 99 00 00 01", Motive: "mistaken"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := f.store.View(func(tx *store.Tx) error {
		lines, err := ledger.Lines(tx, 1, 100)
		for _, l := range lines {
			got = append(got, l.Who+" "+l.Kind)
		}
		if _, bad := ledger.Verify(tx, nil); bad != nil {
			t.Error(bad)
		}
		return err
	})
	want := []string{"alice next", "alice outcome", "sam reject", "sam correct", "sam oppose", "sam lift"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v (%v)", got, want, err)
	}
}

func TestThePoolIsTheTeams(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	stranger := people["bob"]
	stranger.Team = "elsewhere"
	next := func() (*Handout, error) {
		return f.desk.Next(context.Background(), bridge.Actor{Person: stranger, Connection: console}, spring)
	}
	if h, err := next(); h != nil || err != nil {
		t.Errorf("a caller of another team is handed the pool's: %v, %v", h, err)
	}
	if _, err := f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "bob", "help"); err != nil {
		t.Fatal(err)
	}
	if h, err := next(); err != nil || h == nil {
		t.Errorf("a caller of another team is not handed their own: %v, %v", h, err)
	}
}

// Who may see prospects but not record calls is handed none: the lead would
// only be kept from the others.
func TestOnlyCallersAreHandedLeads(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	rules := *f.desk.Rules()
	p, err := policy.Load("policy.yaml", []byte(`
version: 1
roles:
  marketing:
    grants:
      - {on: prospect, scope: all, read: [class public]}
profiles:
  phoning.console: {agent: marketing}
`), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	rules.Policy = p
	f.desk.Swap(f.desk.Rules(), &rules)
	var no *Denied
	if h, err := f.next("alice"); h != nil || !errors.As(err, &no) {
		t.Errorf("handed %v, %v", h, err)
	}
}
