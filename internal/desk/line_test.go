package desk

import (
	"context"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// A call reported after its lease must not put the lead back in the queue while
// somebody else has it on the line.
func TestALateOutcomeLeavesAnothersLineAlone(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.pass(defaultLease + time.Second)
	f.mustNext("bob")
	soon := f.clock().Add(time.Minute).Format(time.RFC3339)
	f.mustRecord("alice", bridge.CallEvent{EventID: "late", Disposition: "callback_requested",
		Next: &bridge.Next{Kind: bridge.NextCallback, At: soon}}, h.Lead.ID)
	f.pass(2 * time.Minute)
	if again, err := f.next("sam"); err != nil || again != nil {
		t.Errorf("a lead on bob's line is handed to sam: %v, %v", again, err)
	}
	f.mustRecord("bob", bridge.CallEvent{EventID: "bob", Disposition: "not_interested"}, h.Lead.ID)
	if got := f.lead(h.Lead.ID); got.State != bridge.LeadFinished || got.Lease != nil {
		t.Errorf("after bob's outcome: %+v", got)
	}
}

// What the caller had on their card they may still report when the call took
// longer than the lease, if nobody else was handed the lead meanwhile.
func TestALongCallKeepsItsRights(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.pass(defaultLease + time.Minute)
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "long", Disposition: "in_discussion",
		Fields: map[bridge.FieldName]any{"prospect.comment": "wants a quote"}}, h.Lead.ID)
	if len(r.Refused) > 0 || len(r.Admitted) != 2 {
		t.Errorf("admitted %v, refused %v", r.Admitted, r.Refused)
	}
	r = f.mustRecord("alice", bridge.CallEvent{EventID: "again", Disposition: "in_discussion",
		Fields: map[bridge.FieldName]any{"prospect.comment": "another"}}, h.Lead.ID)
	if len(r.Refused) != 1 {
		t.Errorf("one card is good for one call, yet the second admitted %v", r.Admitted)
	}
}

// A platform's call that is reported after its lead was taken off the list was
// made on a card that the platform had.
func TestACallReportedAfterTheWithdrawalIsTaken(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.push()
	if _, err := f.desk.Close(context.Background(), as("sam"), Choice{Campaign: spring}, "over"); err != nil {
		t.Fatal(err)
	}
	f.push()
	e := bridge.CallEvent{EventID: "late", Campaign: spring, ProspectID: "1", Disposition: "in_discussion", Technical: bridge.Answered,
		OccurredAt: f.clock(), Fields: map[bridge.FieldName]any{"prospect.comment": "new"}}
	r, err := f.desk.Record(context.Background(), bridge.Actor{Person: people["alice"], Connection: dialler}, Call{Event: e})
	if err != nil || len(r.Refused) > 0 || len(r.Flags) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestACallCannotBeInTheFuture(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "ahead", Disposition: "no_answer", Campaign: spring, ProspectID: "1",
		OccurredAt: f.clock().AddDate(70, 0, 0)}, "")
	if len(r.Flags) != 1 || r.Flags[0] != FlagFuture {
		t.Errorf("flags %v", r.Flags)
	}
	f.pass(5 * time.Hour)
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "real", Disposition: "not_interested"}, h.Lead.ID)
	if got := f.lead(h.Lead.ID).State; got != bridge.LeadFinished {
		t.Errorf("after a wrong clock the lead does not move any more: %s", got)
	}
}

func TestTimesBeforeTheEpochSort(t *testing.T) {
	t.Parallel()
	if old, now := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Now(); due(old) >= due(now) {
		t.Error("1900 comes after now")
	}
}

// Who is on the telephone is on the telephone, whatever becomes of the lead.
func TestALeadWithdrawnOnTheLineKeepsItsNumberBusy(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.pull(map[string]string{"2": "01 99 00 00 01"})
	if err := f.desk.Unread(context.Background(), spring, only("2")); err != nil {
		t.Fatal(err)
	}
	if again, err := f.next("bob"); err == nil {
		t.Errorf("the number that alice talks on is handed to bob: %+v", again)
	}
	if again := f.mustNextOrNone("alice"); again != nil {
		t.Errorf("alice is handed the withdrawn lead again: %+v", again.Lead)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer"}, h.Lead.ID)
	if got := f.lead(h.Lead.ID); got.State != bridge.LeadWithdrawn || got.Lease != nil {
		t.Errorf("after the call: %+v", got)
	}
	f.mustNext("bob")
}

func TestTheLiveLeadOfASharedNumberTakesTheCall(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 01"})
	f.push()
	held := leadID("1")
	if len(f.lead(held).HeldBy) == 0 {
		held = leadID("2")
	}
	e := bridge.CallEvent{EventID: "e", Campaign: spring, Phone: "0199000001", Disposition: "not_interested", Technical: bridge.Answered, OccurredAt: f.clock()}
	r, err := f.desk.Record(context.Background(), bridge.Actor{Person: people["alice"], Connection: dialler}, Call{Event: e})
	if err != nil || r.Lead != held {
		t.Errorf("%+v, %v; want %s, which the platform holds", r, err, held)
	}
}

// dial is the list that the campaign feeds.
var dial = bridge.PlatformList{Connection: dialler, List: "L", Profile: "agent"}

// push brings the platform's list up to date.
func (f *floor) push() []connector.PushItem {
	f.t.Helper()
	items := f.toPush()
	if err := f.desk.Pushed(context.Background(), dial, items); err != nil {
		f.t.Fatal(err)
	}
	return items
}

func (f *floor) toPush() []connector.PushItem {
	f.t.Helper()
	items, next, err := f.desk.ToPush(context.Background(), spring, dial, "", 100)
	if err != nil || next != "" {
		f.t.Fatal(next, err)
	}
	return items
}

func (f *floor) mustNextOrNone(who bridge.PersonID) *Handout {
	f.t.Helper()
	h, err := f.next(who)
	if _, closed := err.(*Closed); err != nil && !closed {
		f.t.Fatal(err)
	}
	return h
}
