package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// under puts the floor under the plateau's policy with some text replaced.
func (f *floor) under(oldNew ...string) {
	f.t.Helper()
	p, err := policy.Load("policy.yaml", []byte(strings.NewReplacer(oldNew...).Replace(plateau)), bridge.Standard())
	if err != nil {
		f.t.Fatal(err)
	}
	rules := *f.desk.Rules()
	rules.Policy = p
	f.desk.Swap(f.desk.Rules(), &rules)
}

// write lets the CRM take everything that waits.
func (f *floor) write() {
	f.t.Helper()
	err := f.store.Commit(context.Background(), func(tx *store.Tx) error {
		for {
			taken, _, err := outbox.Take(tx, crm, 100, f.clock())
			if err != nil || len(taken) == 0 {
				return err
			}
			for _, e := range taken {
				grant, err := outbox.Claim(tx, outbox.Ask{Connection: crm, Writer: "w", Entries: []string{e.ID}}, outbox.Terms{Timeout: time.Minute, Most: 1}, f.clock())
				if err != nil {
					return err
				}
				done := outbox.Result{Entry: e.ID, State: connector.Stored, External: "x-" + e.ID, Begun: true}
				if e, err = outbox.Settle(tx, grant.Fence, done, f.clock(), true, nil); err != nil {
					return err
				}
				if err := f.desk.Settled(tx, e); err != nil {
					return err
				}
			}
		}
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) decide(who bridge.PersonID, id bridge.ProposalID, r Ruling) (bridge.Proposal, error) {
	return f.desk.Decide(context.Background(), as(who), id, r)
}

func (f *floor) mustDecide(who bridge.PersonID, id bridge.ProposalID, r Ruling) bridge.Proposal {
	f.t.Helper()
	p, err := f.decide(who, id, r)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// Who validates writes: what they may not write does not go with it.
func TestValidatingNeedsTheRightToWrite(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.under("write: [prospect.status, prospect.lead_status]", "write: [prospect.status]")
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	hot := map[bridge.FieldName]any{"prospect.lead_status": "hot"}
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00"), Fields: hot}, h.Lead.ID)
	p := f.mustDecide("sam", r.Proposal, Ruling{Verb: Validate})
	if len(p.Refused) != 1 || p.Refused[0].Field != "prospect.lead_status" || p.Refused[0].Reason == "" {
		t.Errorf("refused: %+v", p.Refused)
	}
	for _, e := range f.entries() {
		for _, c := range e.Write.Fields {
			if c.Name == "prospect.lead_status" {
				t.Error("sam, who may not write the lead status, sent it to the CRM")
			}
		}
	}
	h = f.mustNext("alice")
	r = f.mustRecord("alice", bridge.CallEvent{EventID: "f", Disposition: "in_discussion", Fields: hot}, h.Lead.ID)
	var no *Denied
	if _, err := f.decide("sam", r.Proposal, Ruling{Verb: Validate}); !errors.As(err, &no) || !strings.Contains(err.Error(), "prospect.lead_status") {
		t.Errorf("nothing of it may be written by sam: %v", err)
	}
}

// What never reached the CRM is neither moved nor cancelled there.
func TestAnAppointmentThatNeverLeftIsTakenBack(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	r := f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "appointment_set", Next: appointment("2026-12-01T10:00")}, h.Lead.ID)
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Validate})
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T11:00"}})
	f.mustDecide("sue", r.Proposal, Ruling{Verb: Validate})
	open := func() (out []bridge.Write) {
		for _, e := range f.entries() {
			if e.Write.Meeting != nil && e.State == outbox.Pending {
				out = append(out, e.Write)
			}
		}
		return out
	}
	if got := open(); len(got) != 1 || got[0].Kind != bridge.WriteMeeting || got[0].Meeting.Slot.Local != "2026-12-01T11:00:00" {
		t.Errorf("moved before it left: %+v", got)
	}
	f.mustDecide("sam", r.Proposal, Ruling{Verb: Cancel, Reason: "ill"})
	if got := open(); len(got) != 0 {
		t.Errorf("cancelled before it left: %+v", got)
	}
}

// As long as the CRM shows the old slot it is taken.
func TestASlotIsTakenUntilTheMoveIsValidated(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	propose := func(event, at string) bridge.ProposalID {
		h := f.mustNext("alice")
		return f.mustRecord("alice", bridge.CallEvent{EventID: event, Disposition: "appointment_set", Next: appointment(at)}, h.Lead.ID).Proposal
	}
	first := propose("e", "2026-12-01T10:00")
	f.mustDecide("sam", first, Ruling{Verb: Validate})
	f.mustDecide("sam", first, Ruling{Verb: Reschedule, Next: &bridge.Next{At: "2026-12-01T15:00"}})
	second := propose("f", "2026-12-01T10:30")
	var clash *Clash
	if _, err := f.decide("sam", second, Ruling{Verb: Validate}); !errors.As(err, &clash) {
		t.Errorf("a slot that the CRM still shows as taken is given away: %v", err)
	}
	f.mustDecide("sam", first, Ruling{Verb: Validate})
	f.mustDecide("sam", second, Ruling{Verb: Validate})
	f.mustDecide("sam", first, Ruling{Verb: Cancel, Reason: "ill"})
}

// A proposal is its author's; the prospect behind it is not.
func TestAProposalDoesNotMakeTheProspectTheAuthors(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.under("      - {on: activity, scope: all, actions: [create, read]}", "      - {on: prospect, scope: own, read: [prospect.lead_status]}\n      - {on: activity, scope: all, actions: [create, read]}")
	f.pull(map[string]string{"1": "01 99 00 00 01"}, map[bridge.FieldName]bridge.Value{"prospect.lead_status": "secret-stage"})
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "in_discussion", Fields: map[bridge.FieldName]any{"prospect.lead_status": "hot"}}, h.Lead.ID)
	found, _, err := f.desk.Proposals(as("alice"), "", Page{})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if v, ok := found[0].Expected["prospect.lead_status"]; ok {
		t.Errorf("alice, whose prospect it is not, reads %q", v)
	}
}

func TestAProposedCorrectionWaitsForASupervisor(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.under("write: [prospect.status, prospect.lead_status]", "propose: [prospect.status]")
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	r, err := f.desk.Correct(context.Background(), as("sam"), leadID("1"), "c", "qualified", "mistyped")
	if err != nil || !slices.Equal(r.Proposed, []bridge.FieldName{bridge.FieldStatus}) {
		t.Fatal(r, err)
	}
	found, _, err := f.desk.Proposals(as("sue"), "", Page{})
	if err != nil || len(found) != 1 || found[0].ID != r.Proposal || found[0].Fields[bridge.FieldStatus] != "qualified" {
		t.Errorf("sam was told it waits; what waits is %+v, %v", found, err)
	}
}

// To propose an appointment does not take the lead off another's line.
func TestProposingLeavesTheLineAlone(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 01"})
	h := f.mustNext("alice")
	if _, err := f.desk.ProposeMeeting(context.Background(), as("sam"), h.Lead.ID, "e", *appointment("2026-12-01T10:00"), ""); err != nil {
		t.Fatal(err)
	}
	if again := f.mustNextOrNone("bob"); again != nil {
		t.Errorf("the number alice talks on is handed to bob: %+v", again.Lead)
	}
}

// The opposition that a supervisor took down is theirs to look after.
func TestASupervisorTendsTheirOppositions(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	if err := f.desk.Oppose(context.Background(), as("sam"), Objection{Person: new(ref("1")), Motive: "letter"}); err != nil {
		t.Fatal(err)
	}
	found, _, err := f.desk.Writes(as("sam"), outbox.Filter{})
	if err != nil || len(found) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if found, _, err := f.desk.Writes(as("alice"), outbox.Filter{}); err != nil || len(found) != 0 {
		t.Errorf("a caller sees %+v, %v", found, err)
	}
}

// What the policy does not grant is in no answer, not on a lead's face either.
func TestALeadShowsWhatItsReaderMayRead(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.under("      - {on: activity, scope: all, actions: [create, read]}", "      - {on: activity, scope: own, actions: [create]}")
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.mustRecord("sam", bridge.CallEvent{EventID: "e", Disposition: "no_answer", Campaign: spring, ProspectID: "1"}, "")
	f.pass(5 * 3600e9)
	h := f.mustNext("alice")
	v, err := f.desk.Lead(as("alice"), h.Lead.ID)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := f.desk.Leads(as("alice"), Choice{}, Page{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for where, l := range map[string]bridge.Lead{"next": h.Lead, "lead": v.Lead, "leads": list[0].Lead} {
		if l.Last != "" {
			t.Errorf("%s tells how sam's call ended: %s", where, l.Last)
		}
	}
	if h.Script != "" {
		t.Errorf("no grant lets a caller read the script: %q", h.Script)
	}
	if v, err := f.desk.Lead(as("sam"), h.Lead.ID); err != nil || v.Lead.Last != "no_answer" {
		t.Errorf("sam may read it: %+v, %v", v.Lead, err)
	}
}

func TestEveryDecisionIsKept(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	p, err := f.desk.ProposeMeeting(context.Background(), as("sue"), leadID("1"), "e", *appointment("2026-12-01T10:00"), "")
	if err != nil {
		t.Fatal(err)
	}
	f.mustDecide("sam", p.ID, Ruling{Verb: Validate})
	if _, err := f.desk.Correct(context.Background(), as("sam"), leadID("1"), "c", "qualified", "mistyped"); err != nil {
		t.Fatal(err)
	}
	var got []string
	err = f.store.View(func(tx *store.Tx) error {
		return decisions.Each(tx, "", "", func(_ string, d Decision) (bool, error) {
			got = append(got, d.Kind)
			return true, nil
		})
	})
	if err != nil || !slices.Equal(got, []string{"propose", "validate", "correct"}) {
		t.Errorf("%v, %v", got, err)
	}
}
