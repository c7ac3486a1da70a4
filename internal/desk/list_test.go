package desk

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
)

// A card whose push was not answered may lie on the list.
func TestAnUnansweredPushIsTakenBack(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	if items := f.toPush(); len(items) != 1 { // the answer gets lost: no Pushed
		t.Fatalf("%+v", items)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "opt_out", Campaign: spring, ProspectID: "1"}, "")
	if items := f.push(); len(items) != 1 || !items[0].Withdraw {
		t.Errorf("somebody who objected may lie on the list, and this is all that is sent: %+v", items)
	}
	if items := f.push(); len(items) != 0 {
		t.Errorf("taken back twice: %+v", items)
	}
}

// What a platform refuses it does not hold: the console may hand it out.
func TestARefusedCardIsNotHeld(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	if err := f.desk.NotTaken(context.Background(), dial, f.toPush()); err != nil {
		t.Fatal(err)
	}
	f.mustNext("alice")
}

func TestASharedNumberLiesOnAListOnce(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer", Campaign: spring, ProspectID: "1"}, "")
	f.pull(map[string]string{"2": "01 99 00 00 01"})
	f.push()
	if a, b := f.lead(leadID("1")).HeldBy, f.lead(leadID("2")).HeldBy; len(a)+len(b) != 1 {
		t.Errorf("held: %v and %v", a, b)
	}
}

func TestAListThatIsFedNoMoreIsEmptied(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.push()
	rules := *f.desk.Rules()
	camp := rules.Campaigns[spring]
	camp.Feeds = nil
	rules.Campaigns = map[bridge.CampaignID]bridge.Campaign{spring: camp}
	f.desk.Swap(f.desk.Rules(), &rules)
	former, err := f.desk.FormerFeeds()
	if err != nil || len(former) != 1 || former[0] != (FormerFeed{spring, bridge.PlatformList{Connection: dialler, List: "L"}}) {
		t.Fatalf("%+v, %v", former, err)
	}
	if items := f.push(); len(items) != 1 || !items[0].Withdraw {
		t.Errorf("%+v", items)
	}
	f.mustNext("alice")
	if err := f.desk.Emptied(context.Background(), former[0]); err != nil {
		t.Fatal(err)
	}
	if former, err := f.desk.FormerFeeds(); err != nil || len(former) != 0 {
		t.Errorf("%+v, %v", former, err)
	}
}

// Only what withdrew a lead brings it back, and only to where it was.
func TestTheSelectionBringsBackOnlyWhatItTook(t *testing.T) {
	t.Parallel()
	leave := func(f *floor) {
		f.t.Helper()
		if err := f.desk.Unread(context.Background(), spring, only()); err != nil {
			f.t.Fatal(err)
		}
	}
	back := func(f *floor) { f.pull(map[string]string{"1": "01 99 00 00 01"}) }
	t.Run("a finished lead stays finished", func(t *testing.T) {
		f := newFloor(t)
		back(f)
		f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "not_interested", Campaign: spring, ProspectID: "1"}, "")
		leave(f)
		back(f)
		if h := f.mustNextOrNone("alice"); h != nil {
			t.Errorf("who said no is handed out again: %+v", h.Lead)
		}
	})
	t.Run("one that left while they said no, too", func(t *testing.T) {
		f := newFloor(t)
		back(f)
		h := f.mustNext("alice")
		leave(f)
		f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "not_interested"}, h.Lead.ID)
		back(f)
		if h := f.mustNextOrNone("alice"); h != nil {
			t.Errorf("who said no is handed out again: %+v", h.Lead)
		}
	})
	t.Run("a closed lead stays closed", func(t *testing.T) {
		f := newFloor(t)
		back(f)
		if _, err := f.desk.Close(context.Background(), as("sam"), Choice{Campaign: spring}, "over"); err != nil {
			t.Fatal(err)
		}
		leave(f)
		back(f)
		if h := f.mustNextOrNone("alice"); h != nil {
			t.Errorf("what a supervisor closed is handed out again: %+v", h.Lead)
		}
	})
	t.Run("a rejected proposal does not", func(t *testing.T) {
		f := newFloor(t)
		back(f)
		h := f.mustNext("alice")
		r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
		if err := f.desk.TakeIn(context.Background(), spring, connector.Page{Gone: []string{"1"}}, nil); err != nil {
			t.Fatal(err)
		}
		if got := f.lead(h.Lead.ID).State; got != bridge.LeadPending {
			t.Errorf("the proposal waits, the lead is %s", got)
		}
		if _, err := f.desk.Decide(context.Background(), as("sam"), r.Proposal, Ruling{Verb: Reject, Reason: "no"}); err != nil {
			t.Fatal(err)
		}
		if h := f.mustNextOrNone("alice"); h != nil {
			t.Errorf("who left the selection is handed out: %+v", h.Lead)
		}
		back(f)
		f.mustNext("alice")
	})
	t.Run("nor a proposal without a call", func(t *testing.T) {
		f := newFloor(t)
		back(f)
		leave(f)
		p, err := f.desk.ProposeMeeting(context.Background(), as("sam"), leadID("1"), "e", *appointment("2026-12-01T10:00"), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.desk.Decide(context.Background(), as("sue"), p.ID, Ruling{Verb: Reject, Reason: "no"}); err != nil {
			t.Fatal(err)
		}
		if h := f.mustNextOrNone("alice"); h != nil {
			t.Errorf("who left the selection is handed out: %+v", h.Lead)
		}
	})
}

// A mark that a supervisor lifted keeps nobody from a later campaign.
func TestALiftedMarkStaysLifted(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	marked := map[bridge.FieldName]bridge.Value{bridge.FieldDoNotCall: "true"}
	f.pull(map[string]string{"1": "01 99 00 00 01"}, marked)
	if err := f.desk.Lift(context.Background(), as("sam"), Objection{Person: new(ref("1")), Motive: "they called us"}); err != nil {
		t.Fatal(err)
	}
	rules := *f.desk.Rules()
	autumn := rules.Campaigns[spring]
	autumn.ID = "autumn"
	rules.Campaigns = map[bridge.CampaignID]bridge.Campaign{"autumn": autumn}
	f.desk.Swap(f.desk.Rules(), &rules)
	p := bridge.Prospect{Ref: ref("1"), ReadAt: f.clock(), Fields: map[bridge.FieldName]bridge.Value{bridge.FieldDoNotCall: "true", "prospect.phone": "01 99 00 00 01"}}
	if err := f.desk.TakeIn(context.Background(), "autumn", connector.Page{Prospects: []bridge.Prospect{p}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := f.lead(LeadOf("autumn", ref("1"))).State; got != bridge.LeadWaiting {
		t.Errorf("in the next campaign the lead is %s", got)
	}
}

// A mark against calls that is neither yes nor no keeps the lead from being
// called until somebody makes it clear in the CRM.
func TestAnUnclearMarkWithholds(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	phones := map[string]string{"1": "01 99 00 00 01"}
	mark := func(v bridge.Value) {
		f.t.Helper()
		f.pass(time.Minute)
		f.pull(phones, map[bridge.FieldName]bridge.Value{bridge.FieldDoNotCall: v})
	}
	withheld := func(what string) {
		f.t.Helper()
		if h := f.mustNextOrNone("alice"); h != nil {
			f.t.Errorf("%s: handed out: %+v", what, h.Lead)
		}
		if l := f.lead(leadID("1")); l.State != bridge.LeadWithdrawn {
			f.t.Errorf("%s: the lead is %s", what, l.State)
		}
	}
	mark("")
	f.push()
	mark("depuis mars")
	withheld("unclear")
	if items := f.push(); len(items) != 1 || !items[0].Withdraw {
		t.Errorf("the platform is told %+v", items)
	}
	if n := f.commitsOf(func() { mark("depuis mars") }); n != 0 {
		t.Errorf("%d commits for what is known", n)
	}
	if err := f.desk.Unread(context.Background(), spring, only()); err != nil {
		t.Fatal(err)
	}
	mark("depuis mars")
	withheld("back in the selection")
	mark("false")
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "not_interested"}, h.Lead.ID)
	mark("perhaps")
	mark("")
	if got := f.lead(leadID("1")).State; got != bridge.LeadFinished {
		t.Errorf("who said no is %s again", got)
	}
}

// A number that must not be called stands on no card, though its prospect has
// another.
func TestAnOpposedNumberLeavesTheCard(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	two := map[bridge.FieldName]bridge.Value{bridge.FieldMobile: "06 12 34 56 78"}
	f.pull(map[string]string{"1": "01 99 00 00 01"}, two)
	f.push()
	if err := f.desk.Oppose(context.Background(), as("sam"), Objection{Number: "+33199000001", Motive: "letter"}); err != nil {
		t.Fatal(err)
	}
	items := f.push()
	if len(items) != 1 || items[0].Withdraw || items[0].Card.Fields["prospect.phone"] != "" || items[0].Card.Fields[bridge.FieldMobile] == "" {
		t.Errorf("the platform is told %+v", items)
	}
}

// What nobody may read any more the store forgets at the next read.
func TestAFieldThatNobodyMayReadIsForgotten(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"}) // the margin with it, which no role may read
	f.pass(time.Minute)
	p := bridge.Prospect{Ref: ref("1"), ReadAt: f.clock(), Fields: map[bridge.FieldName]bridge.Value{"prospect.name": "n"}}
	if err := f.desk.TakeIn(context.Background(), spring, connector.Page{Prospects: []bridge.Prospect{p}}, []bridge.FieldName{"prospect.name"}); err != nil {
		t.Fatal(err)
	}
	err := f.desk.look(bridge.Actor{Operator: true}, func(c *command) error {
		_, p, err := c.load(leadID("1"))
		if _, kept := p.Fields["account.margin"]; kept || p.Fields["prospect.comment"] == "" {
			t.Errorf("kept: %v", p.Fields)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingToPushWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.push()
	if n := f.commitsOf(func() { f.toPush() }); n != 0 {
		t.Errorf("%d commits to find out that nothing has changed", n)
	}
}

// What a read does not change is not written again, round after round.
func TestWhatIsKnownIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	phones := map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"}
	marked := map[bridge.FieldName]bridge.Value{bridge.FieldDoNotCall: "true"}
	f.pull(phones, marked)
	commits := func(what string, want int64, more ...map[bridge.FieldName]bridge.Value) {
		t.Helper()
		f.pass(time.Minute)
		if n := f.commitsOf(func() { f.pull(phones, more...) }); n != want {
			t.Errorf("%s: %d commits, want %d", what, n, want)
		}
	}
	commits("nothing new", 0, marked)
	commits("a mark less", 1)
	commits("nothing new again", 0)
	phones["1"] = "01 99 00 00 03"
	commits("another number", 1)
	commits("and again", 0)
	f.pass(readAgain)
	commits("after a week", 1)
	phones["3"] = "01 99 00 00 05" // who is not withdrawn for the mark
	commits("somebody new", 1)
	if err := f.desk.Unread(context.Background(), spring, only("1", "2")); err != nil {
		t.Fatal(err)
	}
	commits("back in the selection", 1)
}

// When a read began says what it can know of our writes: after one of them the
// next read counts though it shows the same.
func TestAReadAfterOurWriteCounts(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer", Fields: map[bridge.FieldName]any{"prospect.comment": "new"}}, h.Lead.ID)
	f.pass(time.Minute)
	f.write() // and somebody sets it back to what it was
	f.pass(time.Minute)
	f.pull(map[string]string{"1": "01 99 00 00 01"}, map[bridge.FieldName]bridge.Value{"prospect.status": ""})
	if n := f.commitsOf(func() { f.pull(map[string]string{"1": "01 99 00 00 01"}) }); n != 0 {
		t.Error("the second read that shows it is written too")
	}
	err := f.desk.look(as("alice"), func(c *command) error {
		_, p, err := c.load(h.Lead.ID)
		if err != nil {
			return err
		}
		chain, err := outbox.ChainOf(c.tx, p.Ref)
		if err != nil {
			return err
		}
		holds, err := chain.Current(c.tx, "prospect.comment", p.Fields["prospect.comment"], p.ReadAt)
		if holds != "old" {
			t.Errorf("the next write expects %q in the CRM, which was read as old", holds)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A prospect's leads in other campaigns get the number that one campaign's read
// brings: their own reads find nothing new.
func TestANewNumberIsAllCampaigns(t *testing.T) {
	t.Parallel()
	f := twoCampaigns(t, filepath.Join(t.TempDir(), "store.db"), policy.Assigned)
	take := func(campaign bridge.CampaignID, phone bridge.Value) {
		t.Helper()
		f.pass(time.Minute)
		p := bridge.Prospect{Ref: ref("1"), ReadAt: f.clock(), Fields: map[bridge.FieldName]bridge.Value{"prospect.phone": phone}}
		if err := f.desk.TakeIn(context.Background(), campaign, connector.Page{Prospects: []bridge.Prospect{p}}, []bridge.FieldName{"prospect.phone"}); err != nil {
			t.Fatal(err)
		}
	}
	take(spring, "01 99 00 00 01")
	take(autumn, "01 99 00 00 01")
	take(spring, "01 99 00 00 02")
	take(autumn, "01 99 00 00 02")
	if got := f.lead(LeadOf(autumn, ref("1"))).Numbers; len(got) != 1 || got[0] != "+33199000002" {
		t.Errorf("in the other campaign it is called on %v", got)
	}
}
