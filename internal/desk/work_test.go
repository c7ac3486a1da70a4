package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

func (f *floor) work(who bridge.PersonID, id bridge.LeadID) Work {
	f.t.Helper()
	w, err := f.desk.Work(as(who), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return w
}

// draftsOf says how many drafts there are of a lead.
func (f *floor) draftsOf(id bridge.LeadID) (n int) {
	f.t.Helper()
	err := f.store.View(func(tx *store.Tx) error {
		n, _ = drafts.Count(tx, string(id))
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

func isNotFound(err error) bool { return errors.As(err, new(*NotFound)) }

// The lead on somebody's line is theirs to see, with what they may do; nobody
// else's; and once it has gone back there is no card, but what they typed.
func TestWork(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	id := f.mustNext("alice").Lead.ID
	w := f.work("alice", id)
	if w.Card.Fields["prospect.name"] == "" || w.Card.Fields["account.margin"] != "" || w.Script != "" || !w.Meeting || w.LeaseUntil.IsZero() {
		t.Errorf("%+v", w)
	}
	if !slices.Contains(w.Write, "prospect.comment") || !slices.Equal(w.Propose, []bridge.FieldName{"prospect.lead_status"}) || slices.Contains(w.Write, "account.margin") {
		t.Errorf("may write %v, propose %v", w.Write, w.Propose)
	}
	for _, other := range []bridge.PersonID{"bob", "sue"} {
		if _, err := f.desk.Work(as(other), id); !isNotFound(err) {
			t.Errorf("%s: %v", other, err)
		}
		if _, err := f.desk.KeepDraft(ctx, as(other), id, map[string]string{"note": "x"}); !isNotFound(err) {
			t.Errorf("%s keeps a draft: %v", other, err)
		}
		if err := f.desk.Release(ctx, as(other), id); !isNotFound(err) {
			t.Errorf("%s releases it: %v", other, err)
		}
	}
	form := map[string]string{"note": "canary"}
	f.pass(10 * time.Minute)
	until, err := f.desk.KeepDraft(ctx, as("alice"), id, form)
	if err != nil || !until.Equal(f.clock().Add(defaultLease)) {
		t.Errorf("a draft renews the lease until %s, %v", until, err)
	}
	f.pass(defaultLease + time.Second)
	if _, err := f.desk.ExpireLeases(ctx); err != nil {
		t.Fatal(err)
	}
	w = f.work("alice", id)
	if len(w.Card.Fields) > 0 || w.Outcomes != nil || !w.LeaseUntil.IsZero() || w.Draft.Form["note"] != "canary" || w.Lead.Prospect.ID != "" {
		t.Errorf("after the lease: %+v", w)
	}
	if until, err := f.desk.KeepDraft(ctx, as("alice"), id, form); err != nil || !until.IsZero() {
		t.Errorf("a draft after the lease: %s, %v", until, err)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer"}, id)
	if _, err := f.desk.Work(as("alice"), id); !isNotFound(err) {
		t.Errorf("after the report: %v", err)
	}
	if n := f.draftsOf(id); n != 0 {
		t.Errorf("%d drafts are still there", n)
	}
	if _, err := f.desk.KeepDraft(ctx, as("alice"), id, map[string]string{"note": strings.Repeat("x", draftAtMost)}); err == nil {
		t.Error("a draft without end is kept")
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	id := f.mustNext("alice").Lead.ID
	if _, err := f.desk.KeepDraft(ctx, as("alice"), id, map[string]string{"note": "x"}); err != nil {
		t.Fatal(err)
	}
	if err := f.desk.Release(ctx, as("alice"), id); err != nil {
		t.Fatal(err)
	}
	if got := f.mustNext("bob").Lead.ID; got != id {
		t.Errorf("bob has %s", got)
	}
	if _, err := f.desk.Work(as("alice"), id); !isNotFound(err) {
		t.Errorf("alice still works on it: %v", err)
	}
	if n := f.draftsOf(id); n != 0 {
		t.Errorf("%d drafts are still there", n)
	}
}

// Whoever is forgotten is forgotten in drafts too.
func TestADraftIsErased(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	l := f.mustNext("alice").Lead
	if _, err := f.desk.KeepDraft(ctx, as("alice"), l.ID, map[string]string{"note": "x"}); err != nil || f.draftsOf(l.ID) != 1 {
		t.Fatal(err)
	}
	err := f.desk.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		_, err := c.erase(l.Prospect, nil)
		return err
	})
	if err != nil || f.draftsOf(l.ID) != 0 {
		t.Errorf("%d drafts, %v", f.draftsOf(l.ID), err)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.counted("own", "team")
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03"})
	call := func(who bridge.PersonID, event string, d bridge.Disposition) {
		f.mustRecord(who, bridge.CallEvent{EventID: event, Disposition: d, OccurredAt: f.clock()}, f.mustNext(who).Lead.ID)
	}
	call("alice", "1", "no_answer")
	call("alice", "2", "not_interested")
	f.pass(2 * time.Hour)
	call("bob", "3", "refused")
	for range 2 {
		f.mustRecord("bob", bridge.CallEvent{EventID: "4", Amends: "3", Disposition: "opt_out", OccurredAt: f.clock()}, "")
	}
	all, err := f.desk.Figures(as("alice"), f.clock().Add(-3*time.Hour), f.clock().Add(time.Hour))
	if err != nil || len(all) != 1 || all["alice"].Calls() != 2 || all["alice"].Contacts() != 1 || all["alice"].Appointments() != 0 {
		t.Errorf("alice sees %v, %v", all, err)
	}
	all, err = f.desk.Figures(as("sue"), f.clock().Add(-time.Hour), f.clock().Add(time.Hour))
	if err != nil || len(all) != 1 || len(all["bob"]) != 1 || all["bob"]["opt_out"] != 1 {
		t.Errorf("sue sees of the last hour %v, %v", all, err)
	}
	f.counted("", "")
	if all, err := f.desk.Figures(as("alice"), f.clock().Add(-3*time.Hour), f.clock()); err != nil || len(all) != 0 {
		t.Errorf("who sees no statistics sees %v, %v", all, err)
	}
}

// What a reassignment would do is what it then does.
func TestForesee(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03"})
	f.mustNext("alice")
	choice := Choice{Campaign: spring}
	before, err := f.desk.ForeseeReassign(as("sue"), choice, "bob")
	if err != nil || before.Moved != 2 || len(before.Skipped) != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
	if l, _, err := f.desk.Leads(as("sue"), Choice{Campaign: spring, Assignee: "bob"}, Page{}); err != nil || len(l) > 0 {
		t.Errorf("the preview has moved %v, %v", l, err)
	}
	after, err := f.desk.Reassign(ctx, as("sue"), choice, "bob", "why")
	if err != nil || after.Moved != before.Moved || !slices.Equal(after.Skipped, before.Skipped) {
		t.Errorf("%+v, %v; foreseen %+v", after, err, before)
	}
	if _, err := f.desk.ForeseeReassign(as("sue"), choice, "nobody"); err == nil {
		t.Error("leads could go to nobody")
	}
}

func TestOnLinesAndOverdue(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	f.mustRecord("alice", bridge.CallEvent{
		EventID: "1", Disposition: "callback_requested", Next: &bridge.Next{Kind: bridge.NextCallback, At: f.clock().Add(time.Hour).Format(time.RFC3339)},
	}, f.mustNext("alice").Lead.ID)
	if _, late, err := f.desk.Overdue(as("sue")); late || err != nil {
		t.Errorf("before its hour: %v, %v", late, err)
	}
	f.pass(90 * time.Minute)
	oldest, late, err := f.desk.Overdue(as("sue"))
	if err != nil || !late || f.clock().Sub(oldest.NextAt) != 30*time.Minute {
		t.Errorf("%v, %v, %v", oldest.NextAt, late, err)
	}
	if _, late, _ := f.desk.Overdue(as("bob")); late {
		t.Error("a caller sees the floor's callbacks")
	}
	began := f.clock()
	h := f.mustNext("bob")
	f.pass(time.Minute)
	on, err := f.desk.OnLines(as("sue"))
	if err != nil || len(on) != 1 || on[0].Person != "bob" || on[0].Lead.ID != h.Lead.ID || !on[0].Since.Equal(began) {
		t.Errorf("%+v, %v", on, err)
	}
	if on, err := f.desk.OnLines(as("alice")); err != nil || len(on) != 0 {
		t.Errorf("a caller sees %+v, %v", on, err)
	}
}

// A salesperson's hours are taken by what is validated, and by what was asked for.
func TestDiary(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	at := f.clock().AddDate(0, 0, 1)
	ask := func(event string, at time.Time) bridge.ProposalID {
		return f.mustRecord("alice", bridge.CallEvent{
			EventID: event, Disposition: "appointment_set",
			Next: &bridge.Next{Kind: bridge.NextAppointment, At: at.Format(time.RFC3339), With: "vera", Minutes: 30},
		}, f.mustNext("alice").Lead.ID).Proposal
	}
	first := ask("1", at)
	ask("2", at.Add(2*time.Hour))
	if _, err := f.desk.Decide(ctx, as("sue"), first, Ruling{Verb: Validate}); err != nil {
		t.Fatal(err)
	}
	busy, err := f.desk.Diary(as("alice"), "vera", at.Add(-time.Hour), at.Add(10*time.Hour))
	if err != nil || len(busy) != 2 || busy[0].Proposed || !busy[1].Proposed || !busy[0].Slot.UTC.Equal(at) {
		t.Errorf("%+v, %v", busy, err)
	}
	if busy, err := f.desk.Diary(as("alice"), "vera", at.Add(30*time.Minute), at.Add(time.Hour)); err != nil || len(busy) != 0 {
		t.Errorf("between them: %+v, %v", busy, err)
	}
	all, err := f.desk.Appointments(as("sue"), at.Add(-time.Hour), at.Add(10*time.Hour))
	if err != nil || len(all) != 2 || all[0].ID != first || all[0].State != bridge.Validated || all[1].State != bridge.Proposed {
		t.Errorf("the supervisor's calendar: %+v, %v", all, err)
	}
	if all, err := f.desk.Appointments(as("sue"), at.Add(-time.Hour), at); err != nil || len(all) != 0 {
		t.Errorf("before them: %+v, %v", all, err)
	}
	if all, err := f.desk.Appointments(as("bob"), at.Add(-time.Hour), at.Add(10*time.Hour)); err != nil || len(all) != 0 {
		t.Errorf("another caller sees %+v, %v", all, err)
	}
	if _, err := f.desk.Diary(as("vera"), "vera", at, at.Add(time.Hour)); err == nil {
		t.Error("who may ask for nothing sees the diary")
	}
	var everybody []bridge.Person
	for _, p := range people {
		everybody = append(everybody, p)
	}
	if got := f.desk.Salespeople(crm, everybody); len(got) != 1 || got[0].ID != "vera" {
		t.Errorf("salespeople: %v", got)
	}
}

func TestDuties(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	for who, want := range map[bridge.PersonID]Duties{
		"alice": {Calls: true}, "sue": {Calls: true, Supervises: true, Decides: true}, "vera": {},
	} {
		if got := f.desk.DutiesOf(as(who)); got != want {
			t.Errorf("%s: %+v, want %+v", who, got, want)
		}
	}
}
